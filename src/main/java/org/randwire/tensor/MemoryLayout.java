// SPDX-License-Identifier: Apache-2.0
package org.randwire.tensor;

/** Where the value {@code [n, c, h, w]} of a tensor lies in its buffer. */
public enum MemoryLayout {
  /** {@code NCHW}, nothing padded; filters as {@code OIHW}. */
  CHANNELS_FIRST,
  /**
   * {@code NHWC} with channels padded to a multiple of 16, the width of an AVX-512 register and
   * what oneDNN's batch normalisation and cuDNN's alignment need. The padding holds zeros and every
   * kernel keeps them zero. Filters lie as {@code [KH][KW][I/groups][O]}.
   */
  CHANNELS_LAST,
  /** {@code NHWC} without padding: images, whose three channels would otherwise become sixteen. */
  CHANNELS_LAST_DENSE;

  private static final int CHANNEL_MULTIPLE = 16;

  /** The channels that are stored for {@code channels} logical ones. */
  public int storedChannels(int channels) {
    return this == CHANNELS_LAST
        ? Math.floorDiv(Math.addExact(channels, CHANNEL_MULTIPLE - 1), CHANNEL_MULTIPLE)
            * CHANNEL_MULTIPLE
        : channels;
  }

  /** The elements a tensor takes, padding included. */
  public long elements(TensorShape shape) {
    return Math.multiplyExact(
        (long) shape.batch() * shape.pixels(), (long) storedChannels(shape.channels()));
  }

  public long index(TensorShape shape, int n, int c, int h, int w) {
    if (this == CHANNELS_FIRST) {
      return (((long) n * shape.channels() + c) * shape.height() + h) * shape.width() + w;
    }
    return (((long) n * shape.height() + h) * shape.width() + w) * storedChannels(shape.channels())
        + c;
  }
}
