// SPDX-License-Identifier: Apache-2.0
package org.randwire.data.augment;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.randwire.data.augment.ResizedCrop.Part;
import org.randwire.random.PhiloxStream;
import org.randwire.random.Purpose;
import org.randwire.random.RandomStreams;

class ResizedCropTest {
  private static final RandomStreams STREAMS = new RandomStreams(9);
  private static final int DRAWS = 40_000;

  private static PhiloxStream stream(int example) {
    return STREAMS.stream(Purpose.AUGMENTATION, 0, example);
  }

  /**
   * In a picture so large that rounding does not show, and with scales that always fit, share and
   * logarithm of the ratio are uniform: each tenth of their ranges is drawn equally often.
   */
  @Test
  void shareAndRatioAreDistributedAsDefined() {
    ResizedCrop crop = new ResizedCrop(0.08, 0.5, 3.0 / 4, 4.0 / 3);
    int side = 10_000;
    long[] shares = new long[10];
    long[] ratios = new long[10];
    for (int i = 0; i < DRAWS; i++) {
      Part part = crop.draw(stream(i), side, side);
      double share = (double) part.width() * part.height() / side / side;
      double ratio = Math.log((double) part.width() / part.height()) / Math.log(4.0 / 3);
      shares[bin((share - 0.08) / 0.42)]++;
      ratios[bin((ratio + 1) / 2)]++;
    }
    assertUniform(shares);
    assertUniform(ratios);
  }

  @Test
  void everyPlaceIsEquallyLikely() {
    ResizedCrop half = new ResizedCrop(0.25, 0.25, 1, 1);
    long[] places = new long[121];
    for (int i = 0; i < DRAWS; i++) {
      Part part = half.draw(stream(i), 20, 20);
      assertEquals(10, part.width());
      assertEquals(10, part.height());
      places[11 * part.top() + part.left()]++;
    }
    double expected = DRAWS / 121.0;
    double chiSquare =
        Arrays.stream(places).mapToDouble(n -> (n - expected) * (n - expected) / expected).sum();
    // 0.001 quantile of chi-square with 120 degrees of freedom.
    assertTrue(chiSquare < 173.6, "chi-square " + chiSquare);
  }

  /** Where no draw fits, the largest part in the centre with a ratio in range. */
  @ParameterizedTest
  @CsvSource({
    "900, 3, 448, 0, 4, 3",
    "2, 500, 0, 248, 2, 3",
    "1, 1, 0, 0, 1, 1",
    "3, 1, 1, 0, 1, 1"
  })
  void picturesThatNothingFitsGiveTheirCentre(
      int width, int height, int left, int top, int partWidth, int partHeight) {
    ResizedCrop whole = new ResizedCrop(1, 1, 3.0 / 4, 4.0 / 3);
    assertEquals(new Part(left, top, partWidth, partHeight), whole.draw(stream(0), width, height));
  }

  @ParameterizedTest
  @CsvSource({"1, 1", "1, 40", "40, 1", "2, 500", "900, 3", "37, 53", "8192, 8192"})
  void aPartLiesWithinItsPicture(int width, int height) {
    for (int i = 0; i < 2000; i++) {
      Part part = ResizedCrop.STANDARD.draw(stream(i), width, height);
      assertTrue(part.left() >= 0 && part.top() >= 0 && part.width() > 0 && part.height() > 0);
      assertTrue(part.left() + part.width() <= width && part.top() + part.height() <= height);
    }
  }

  @ParameterizedTest
  @CsvSource({"0, 1, 1, 1", "0.5, 0.4, 1, 1", "0.5, 1.1, 1, 1", "0.5, 1, 2, 1", "NaN, 1, 1, 1"})
  void refusesImpossibleRanges(double minScale, double maxScale, double minRatio, double maxRatio) {
    assertThrows(
        IllegalArgumentException.class,
        () -> new ResizedCrop(minScale, maxScale, minRatio, maxRatio));
  }

  private static int bin(double part) {
    return Math.min(9, Math.max(0, (int) (10 * part)));
  }

  private static void assertUniform(long[] counts) {
    double expected = DRAWS / 10.0;
    double chiSquare =
        Arrays.stream(counts).mapToDouble(n -> (n - expected) * (n - expected) / expected).sum();
    // 0.001 quantile of chi-square with 9 degrees of freedom.
    assertTrue(chiSquare < 27.9, "chi-square " + chiSquare + " of " + Arrays.toString(counts));
  }
}
