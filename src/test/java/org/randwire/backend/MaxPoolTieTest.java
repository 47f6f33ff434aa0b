// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import java.util.Arrays;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.randwire.op.MaxPool;
import org.randwire.op.Mode;
import org.randwire.op.Window;
import org.randwire.tensor.TensorShape;

/** Of equal values in a window the first in row order takes the whole gradient. */
class MaxPoolTieTest {
  private static final OpCase CASE =
      OpCase.of(new MaxPool(new Window(2, 2, 2, 2, 0, 0, 1)), new TensorShape(1, 1, 4, 4));

  static Stream<TestBackend> backends() {
    return TestBackend.all().stream();
  }

  @ParameterizedTest
  @MethodSource("backends")
  void firstOfEqualValuesTakesTheGradient(TestBackend tested) {
    double[] equal = new double[16];
    Arrays.fill(equal, -1);
    // The lower right window ends with two larger values.
    equal[14] = 2;
    equal[15] = 2;
    try (Backend backend = tested.create().get();
        OpRun run = new OpRun(CASE, Mode.TRAINING, backend, Schedule.PLAIN)) {
      run.set(Map.of("x0", equal, "gradient", new double[] {1, 2, 3, 4}));
      run.runForward().runBackward();
      double[] expected = {1, 0, 2, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 4, 0};
      assertArrayEquals(expected, run.gradients().get("x0"));
    }
  }
}
