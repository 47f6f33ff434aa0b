// SPDX-License-Identifier: Apache-2.0
package org.randwire.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.randwire.random.RandomStreams;

class SyntheticTest {
  private static final RandomStreams STREAMS = new RandomStreams(3);

  @Test
  void sameSeedGivesTheSameImagesAndAnotherSeedOthers() {
    Dataset data = new Synthetic(STREAMS, 3, 8, 8, 10).split(50, 50).train();
    Dataset again = new Synthetic(STREAMS, 3, 8, 8, 10).split(70, 1).train();
    Dataset other = new Synthetic(new RandomStreams(4), 3, 8, 8, 10).split(50, 50).train();

    assertArrayEquals(pixels(data, 49), pixels(again, 49));
    assertFalse(Arrays.equals(pixels(data, 49), pixels(other, 49)));
  }

  @Test
  void trainingAndTestImagesDiffer() {
    DataSplit split = new Synthetic(STREAMS, 3, 8, 8, 10).split(50, 50);

    assertFalse(Arrays.equals(pixels(split.train(), 0), pixels(split.test(), 0)));
    assertFalse(Arrays.equals(pixels(split.train(), 0), pixels(split.train(), 10)));
  }

  /** The nearest mean image of the training half tells the class of a test image. */
  @ParameterizedTest
  @CsvSource({"1, 28, 28, 10", "3, 32, 32, 10", "3, 13, 7, 2", "3, 64, 48, 100"})
  void classesCanBeLearnt(int channels, int height, int width, int classes) {
    DataSplit split =
        new Synthetic(STREAMS, channels, height, width, classes).split(20 * classes, 4 * classes);
    double[][] means = new double[classes][channels * height * width];
    for (int i = 0; i < split.train().size(); i++) {
      byte[] pixels = pixels(split.train(), i);
      for (int p = 0; p < pixels.length; p++) {
        means[split.train().label(i)][p] += Byte.toUnsignedInt(pixels[p]) / 20.0;
      }
    }
    int right = 0;
    for (int i = 0; i < split.test().size(); i++) {
      right += nearest(means, pixels(split.test(), i)) == split.test().label(i) ? 1 : 0;
    }

    assertTrue(right >= 0.95 * split.test().size(), right + " of " + split.test().size());
  }

  @Test
  void normalizationIsThatOfManyPatterns() {
    Normalization measured =
        TestData.measure(new Synthetic(STREAMS, 1, 8, 8, 2000).split(2000, 1).train());
    Normalization stated =
        new Synthetic(STREAMS, 1, 8, 8, 2000).split(1, 1).train().normalization();

    // 32,000 independent cells of standard deviation 37/255: five standard errors are 0.004.
    assertEquals(stated.mean().get(0), measured.mean().get(0), 0.004);
    assertEquals(stated.standardDeviation().get(0), measured.standardDeviation().get(0), 0.004);
  }

  @Test
  void everyClassIsEquallyFrequent() {
    Dataset data = new Synthetic(STREAMS, 1, 2, 2, 7).split(70, 1).train();

    int[] expected = new int[7];
    Arrays.fill(expected, 10);
    assertArrayEquals(expected, TestData.labelCounts(data));
  }

  @Test
  void refusesEmptySizes() {
    assertThrows(IllegalArgumentException.class, () -> new Synthetic(STREAMS, 0, 1, 1, 1));
    Synthetic synthetic = new Synthetic(STREAMS, 1, 1, 1, 1);
    assertThrows(IllegalArgumentException.class, () -> synthetic.split(0, 1));
  }

  private static int nearest(double[][] means, byte[] pixels) {
    int nearest = -1;
    double smallest = Double.MAX_VALUE;
    for (int label = 0; label < means.length; label++) {
      double distance = 0;
      for (int p = 0; p < pixels.length; p++) {
        double d = means[label][p] - Byte.toUnsignedInt(pixels[p]);
        distance += d * d;
      }
      if (distance < smallest) {
        smallest = distance;
        nearest = label;
      }
    }
    return nearest;
  }

  private static byte[] pixels(Dataset data, int example) {
    PixelDataset all = (PixelDataset) data;
    byte[] pixels = new byte[all.pixelCount()];
    all.pixels(example, pixels);
    return pixels;
  }
}
