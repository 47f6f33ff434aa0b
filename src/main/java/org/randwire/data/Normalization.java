// SPDX-License-Identifier: Apache-2.0
package org.randwire.data;

import java.util.Collections;
import java.util.List;

/**
 * Mean and standard deviation of each channel over a training set, of pixel values divided by 255.
 *
 * @param mean one value per channel, each in [0, 1]
 * @param standardDeviation one value per channel, each in (0, 1]
 */
public record Normalization(List<Double> mean, List<Double> standardDeviation) {
  private static final double MAX_PIXEL = 255;

  public Normalization {
    mean = List.copyOf(mean);
    standardDeviation = List.copyOf(standardDeviation);
    if (mean.isEmpty() || mean.size() != standardDeviation.size()) {
      throw new IllegalArgumentException(
          "normalization needs as many means as standard deviations, got %d and %d"
              .formatted(mean.size(), standardDeviation.size()));
    }
    if (!mean.stream().allMatch(m -> m >= 0 && m <= 1)
        || !standardDeviation.stream().allMatch(s -> s > 0 && s <= 1)) {
      throw new IllegalArgumentException(
          "means must be in [0, 1] and standard deviations in (0, 1], got %s and %s"
              .formatted(mean, standardDeviation));
    }
  }

  /** The same mean and standard deviation for every channel. */
  public static Normalization uniform(int channels, double mean, double standardDeviation) {
    return new Normalization(
        Collections.nCopies(channels, mean), Collections.nCopies(channels, standardDeviation));
  }

  public int channels() {
    return mean.size();
  }

  /** The normalised value of each of the 256 pixel values of a channel: (p / 255 - mean) / std. */
  public float[] table(int channel) {
    float[] table = new float[256];
    for (int pixel = 0; pixel < table.length; pixel++) {
      table[pixel] =
          (float) ((pixel / MAX_PIXEL - mean.get(channel)) / standardDeviation.get(channel));
    }
    return table;
  }
}
