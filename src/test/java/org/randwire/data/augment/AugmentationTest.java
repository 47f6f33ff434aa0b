// SPDX-License-Identifier: Apache-2.0
package org.randwire.data.augment;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.randwire.data.augment.Augmentation.Placement;
import org.randwire.random.PhiloxStream;
import org.randwire.random.Purpose;
import org.randwire.random.RandomStreams;

class AugmentationTest {
  private static final RandomStreams STREAMS = new RandomStreams(11);

  /** The released code of the papers never draws offset 8; the largest must come as often. */
  @Test
  void allPairsOfOffsetsFromZeroToEightAndBothSidesAreEquallyLikely() {
    Augmentation cifar = new Augmentation(4, 0.5);
    int draws = 162 * 400;
    long[] counts = new long[162];
    PhiloxStream random = STREAMS.stream(Purpose.AUGMENTATION, 0, 0);
    for (int example = 0; example < draws; example++) {
      Placement placement = cifar.draw(random.reset(Purpose.AUGMENTATION, 0, example));
      int offsets = 9 * (placement.down() + 4) + placement.right() + 4;
      counts[2 * offsets + (placement.flipped() ? 1 : 0)]++;
    }
    double expected = draws / 162.0;
    double chiSquare =
        Arrays.stream(counts).mapToDouble(n -> (n - expected) * (n - expected) / expected).sum();

    // 0.001 quantile of chi-square with 161 degrees of freedom.
    assertTrue(chiSquare < 221.0, "chi-square " + chiSquare);
  }

  @Test
  void noneLeavesEveryImageInPlace() {
    for (int example = 0; example < 100; example++) {
      Placement placement =
          Augmentation.NONE.draw(STREAMS.stream(Purpose.AUGMENTATION, 0, example));
      assertEquals(new Placement(0, 0, false), placement);
    }
  }

  @ParameterizedTest
  @CsvSource({"-1, 0.5", "4, -0.1", "4, 1.1", "4, NaN"})
  void refusesImpossibleSettings(int maxShift, double flipProbability) {
    assertThrows(IllegalArgumentException.class, () -> new Augmentation(maxShift, flipProbability));
  }
}
