// SPDX-License-Identifier: Apache-2.0
package org.randwire.data;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.zip.GZIPOutputStream;

/** Where the tests find real data, and small things to do with it. */
public final class TestData {
  private TestData() {}

  /** A file or folder of the test data; the test is skipped where it is absent. */
  public static Path require(String name) {
    Path path = Path.of(System.getProperty("randwire.testdata", "../shared/data")).resolve(name);
    assumeTrue(Files.exists(path), () -> path + " is absent (set -Drandwire.testdata=FOLDER)");
    return path;
  }

  public static byte[] gzip(byte[] bytes) {
    try {
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      try (OutputStream gzip = new GZIPOutputStream(out)) {
        gzip.write(bytes);
      }
      return out.toByteArray();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /** The sum of all pixel values. */
  public static long pixelSum(Dataset data) {
    byte[] pixels = new byte[((PixelDataset) data).pixelCount()];
    long sum = 0;
    for (int i = 0; i < data.size(); i++) {
      ((PixelDataset) data).pixels(i, pixels);
      for (byte pixel : pixels) {
        sum += Byte.toUnsignedInt(pixel);
      }
    }
    return sum;
  }

  /** Number of examples of each class. */
  public static int[] labelCounts(Dataset data) {
    int[] counts = new int[data.classes()];
    for (int i = 0; i < data.size(); i++) {
      counts[data.label(i)]++;
    }
    return counts;
  }

  /** The labels of the first ten examples. */
  public static int[] firstLabels(Dataset data) {
    return IntStream.range(0, 10).map(data::label).toArray();
  }

  /** Mean and population standard deviation of every channel, of pixels divided by 255. */
  public static Normalization measure(Dataset data) {
    int plane = data.height() * data.width();
    double[] sum = new double[data.channels()];
    double[] sumOfSquares = new double[data.channels()];
    byte[] pixels = new byte[((PixelDataset) data).pixelCount()];
    for (int i = 0; i < data.size(); i++) {
      ((PixelDataset) data).pixels(i, pixels);
      for (int p = 0; p < pixels.length; p++) {
        int value = Byte.toUnsignedInt(pixels[p]);
        sum[p / plane] += value;
        sumOfSquares[p / plane] += value * value;
      }
    }
    List<Double> mean = new ArrayList<>();
    List<Double> deviation = new ArrayList<>();
    double count = (double) data.size() * plane;
    for (int c = 0; c < data.channels(); c++) {
      double m = sum[c] / count;
      mean.add(m / 255);
      deviation.add(Math.sqrt(sumOfSquares[c] / count - m * m) / 255);
    }
    return new Normalization(mean, deviation);
  }
}
