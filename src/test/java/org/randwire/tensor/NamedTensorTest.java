// SPDX-License-Identifier: Apache-2.0
package org.randwire.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.junit.jupiter.api.Test;

class NamedTensorTest {
  @Test
  void comparesByNameShapeAndBits() {
    NamedTensor tensor = new NamedTensor("w", List.of(2), new float[] {Float.NaN, 0f});
    assertEquals(tensor, new NamedTensor("w", List.of(2), new float[] {Float.NaN, 0f}));
    assertNotEquals(tensor, new NamedTensor("w", List.of(2), new float[] {Float.NaN, -0f}));
    assertNotEquals(tensor, new NamedTensor("w", List.of(2, 1), new float[] {Float.NaN, 0f}));
    assertNotEquals(tensor, new NamedTensor("v", List.of(2), new float[] {Float.NaN, 0f}));
  }

  @Test
  void holdsOneValueWithoutSizesAndNoneWithASizeOfZero() {
    assertEquals(1, new NamedTensor("s", List.of(), new float[1]).values().length);
    assertEquals(0, new NamedTensor("e", List.of(3, 0), new float[0]).values().length);
  }

  @Test
  void refusesShapesThatDoNotHoldTheValues() {
    for (List<Integer> shape :
        List.of(List.of(3), List.of(-1, -2), List.of(1 << 16, 1 << 16), List.of(0))) {
      assertThrows(
          IllegalArgumentException.class,
          () -> new NamedTensor("w", shape, new float[2]),
          shape.toString());
    }
    assertThrows(
        IllegalArgumentException.class, () -> new NamedTensor(" ", List.of(), new float[1]));
  }
}
