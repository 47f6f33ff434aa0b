// SPDX-License-Identifier: Apache-2.0
package org.randwire.data.augment;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.randwire.random.PhiloxStream;
import org.randwire.random.Purpose;
import org.randwire.random.RandomStreams;

class ColourChangeTest {
  private static final RandomStreams STREAMS = new RandomStreams(4);
  private static final float[] PICTURE = {100, 50, 20, 90, 60, 30, 40, 80, 120, 10, 20, 30};

  private static float[] changed(ColourChange change, int example) {
    float[] rgb = PICTURE.clone();
    change.apply(rgb, STREAMS.stream(Purpose.AUGMENTATION, 0, example));
    return rgb;
  }

  private static double grey(float[] rgb, int pixel) {
    return 0.299 * rgb[3 * pixel] + 0.587 * rgb[3 * pixel + 1] + 0.114 * rgb[3 * pixel + 2];
  }

  @Test
  void noneLeavesThePictureAndTheStreamAlone() {
    float[] rgb = PICTURE.clone();
    PhiloxStream random = STREAMS.stream(Purpose.AUGMENTATION, 0, 0);
    ColourChange.NONE.apply(rgb, random);
    assertArrayEquals(PICTURE, rgb);
    assertEquals(STREAMS.stream(Purpose.AUGMENTATION, 0, 0).nextInt(), random.nextInt());
  }

  /** Each kind alone moves all values along one line, by a factor uniform in its range. */
  @ParameterizedTest
  @CsvSource({"0.4, 0, 0", "0, 0.4, 0", "0, 0, 0.4"})
  void mixesWithBlackWithTheMeanOrWithGrey(double brightness, double contrast, double saturation) {
    double meanGrey =
        (grey(PICTURE, 0) + grey(PICTURE, 1) + grey(PICTURE, 2) + grey(PICTURE, 3)) / 4;
    double least = 2;
    double most = 0;
    for (int example = 0; example < 500; example++) {
      float[] rgb = changed(new ColourChange(brightness, contrast, saturation, 0), example);
      double origin = brightness > 0 ? 0 : contrast > 0 ? meanGrey : grey(PICTURE, 0);
      double factor = (rgb[0] - origin) / (PICTURE[0] - origin);
      least = Math.min(least, factor);
      most = Math.max(most, factor);
      for (int i = 0; i < rgb.length; i++) {
        double from = saturation > 0 ? grey(PICTURE, i / 3) : origin;
        double expected = Math.max(0, from + factor * (PICTURE[i] - from));
        assertEquals(expected, rgb[i], 1e-3, "value " + i + " of example " + example);
      }
    }
    assertTrue(least >= 0.6 - 1e-6 && least < 0.61, "least " + least);
    assertTrue(most <= 1.4 + 1e-6 && most > 1.39, "most " + most);
  }

  @Test
  void valuesStayWithinTheirRange() {
    for (int example = 0; example < 200; example++) {
      for (float value : changed(new ColourChange(3, 3, 3, 0), example)) {
        assertTrue(value >= 0 && value <= 255, "value " + value);
      }
    }
  }

  /** The shift has the covariance V diag(d^2) V^T of its definition, within 4 standard errors. */
  @Test
  void lightingShiftsAllPixelsAlongTheComponents() {
    int draws = 20_000;
    double redRed = 0;
    double redBlue = 0;
    for (int example = 0; example < draws; example++) {
      float[] rgb = changed(new ColourChange(0, 0, 0, 0.1), example);
      double red = rgb[0] - PICTURE[0];
      double blue = rgb[2] - PICTURE[2];
      assertEquals(red, rgb[9] - PICTURE[9], 1e-4);
      redRed += red * red / draws;
      redBlue += red * blue / draws;
    }
    double first = Math.pow(0.2175 * 25.5, 2);
    double second = Math.pow(0.0188 * 25.5, 2);
    double third = Math.pow(0.0045 * 25.5, 2);
    double expected = 0.5675 * 0.5675 * first + 0.7192 * 0.7192 * second + 0.4009 * 0.4009 * third;
    double crossed = 0.5675 * 0.5836 * first - 0.7192 * 0.6948 * second + 0.4009 * 0.4203 * third;
    assertEquals(expected, redRed, 4 * expected * Math.sqrt(2.0 / draws));
    assertEquals(crossed, redBlue, 4 * expected * Math.sqrt(2.0 / draws));
  }

  @Test
  void refusesAmountsBelowZero() {
    assertThrows(IllegalArgumentException.class, () -> new ColourChange(-0.1, 0, 0, 0));
    assertThrows(IllegalArgumentException.class, () -> new ColourChange(0, 0, 0, Double.NaN));
  }
}
