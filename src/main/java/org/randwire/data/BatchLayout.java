// SPDX-License-Identifier: Apache-2.0
package org.randwire.data;

/**
 * Where the values of an example lie in a batch.
 *
 * @param channelsLast {@code true} for [N, H, W, C] (the layout of the engine), {@code false} for
 *     [N, C, H, W] (the layout of the reference)
 * @param paddedChannels channels including the padding, at least those of the data set; the padding
 *     follows the channels and is always zero
 */
public record BatchLayout(boolean channelsLast, int paddedChannels) {
  public BatchLayout {
    if (paddedChannels < 1) {
      throw new IllegalArgumentException(
          "a batch needs at least one channel, got " + paddedChannels);
    }
  }

  /** Layout [N, H, W, paddedChannels]. */
  public static BatchLayout channelsLast(int paddedChannels) {
    return new BatchLayout(true, paddedChannels);
  }

  /** Layout [N, channels, H, W]. */
  public static BatchLayout channelsFirst(int channels) {
    return new BatchLayout(false, channels);
  }

  /** Distance between two pixels of one row. */
  public int pixelStride() {
    return channelsLast ? paddedChannels : 1;
  }

  /** Position of (channel, y, 0) within its example. */
  public int rowStart(int channel, int y, int height, int width) {
    return channelsLast ? y * width * paddedChannels + channel : (channel * height + y) * width;
  }
}
