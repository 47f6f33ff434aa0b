// SPDX-License-Identifier: Apache-2.0
package org.randwire.data;

import org.randwire.data.augment.Augmentation;
import org.randwire.random.PhiloxStream;
import org.randwire.random.Purpose;
import org.randwire.random.RandomStreams;

/**
 * Made-up images that a network can learn: every class has a coarse random pattern of 4 x 4 cells
 * per channel, and every image is the pattern of its class plus noise. Images are computed when
 * they are asked for, so any size fits in memory.
 *
 * <p>Classes take turns: example i is of class i % classes. A pixel is a cell level, uniform in
 * 64..191, plus noise, uniform in -64..63.
 *
 * @param streams source of patterns and noise
 * @param channels at least 1
 * @param height in pixels, at least 1
 * @param width in pixels, at least 1
 * @param classes at least 1
 */
public record Synthetic(RandomStreams streams, int channels, int height, int width, int classes) {
  private static final int CELLS = 4;
  private static final int LEVELS = 128;
  private static final int LOWEST_LEVEL = 64;

  /** Two independent uniform numbers of 128 values each, around 127.5 and -0.5. */
  private static final double MEAN = 127.0 / 255;

  private static final double STANDARD_DEVIATION = Math.sqrt((128.0 * 128 - 1) / 6) / 255;

  public Synthetic {
    if (channels < 1 || height < 1 || width < 1 || classes < 1) {
      throw new IllegalArgumentException(
          "synthetic data needs positive sizes, got [%d, %d, %d] and %d classes"
              .formatted(channels, height, width, classes));
    }
    Math.multiplyExact(Math.multiplyExact(channels, height), width);
  }

  /** Training and test images of the same patterns with different noise. */
  public DataSplit split(int trainSize, int testSize) {
    byte[][] patterns = patterns();
    return new DataSplit(
        new Images(this, "synthetic/train", 1, trainSize, patterns),
        new Images(this, "synthetic/test", 2, testSize, patterns),
        Augmentation.NONE);
  }

  private byte[][] patterns() {
    byte[][] patterns = new byte[classes][channels * CELLS * CELLS];
    for (int label = 0; label < classes; label++) {
      PhiloxStream random = streams.stream(Purpose.SYNTHETIC_DATA, 0, label);
      for (int i = 0; i < patterns[label].length; i++) {
        patterns[label][i] = (byte) (LOWEST_LEVEL + random.nextInt(LEVELS));
      }
    }
    return patterns;
  }

  private record Images(Synthetic of, String name, int half, int size, byte[][] patterns)
      implements PixelDataset {
    Images {
      if (size < 1) {
        throw new IllegalArgumentException(name + ": needs at least one example, got " + size);
      }
    }

    @Override
    public int classes() {
      return of.classes;
    }

    @Override
    public int channels() {
      return of.channels;
    }

    @Override
    public int height() {
      return of.height;
    }

    @Override
    public int width() {
      return of.width;
    }

    @Override
    public Normalization normalization() {
      return Normalization.uniform(of.channels, MEAN, STANDARD_DEVIATION);
    }

    @Override
    public int label(int example) {
      return example % of.classes;
    }

    @Override
    public void pixels(int example, byte[] into) {
      PhiloxStream random = of.streams.stream(Purpose.SYNTHETIC_DATA, half, example);
      byte[] pattern = patterns[label(example)];
      int noise = 0;
      int position = 0;
      for (int c = 0; c < of.channels; c++) {
        for (int y = 0; y < of.height; y++) {
          int cellRow = (c * CELLS + y * CELLS / of.height) * CELLS;
          for (int x = 0; x < of.width; x++, position++) {
            // One word holds the noise of four pixels.
            noise = position % 4 == 0 ? random.nextInt() : noise >>> 8;
            int level = Byte.toUnsignedInt(pattern[cellRow + x * CELLS / of.width]);
            into[position] = (byte) (level + ((byte) noise >> 1));
          }
        }
      }
    }
  }
}
