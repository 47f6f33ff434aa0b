// SPDX-License-Identifier: Apache-2.0
package org.randwire.tensor;

/**
 * The logical size of a tensor, {@code [N, C, H, W]}; padding of channels is a matter of the {@link
 * MemoryLayout}, never of the shape. Filters use the same four numbers as {@code [O, I/groups, KH,
 * KW]}, per-channel vectors as {@code [1, C, 1, 1]}.
 */
public record TensorShape(int batch, int channels, int height, int width) {

  public TensorShape {
    if (batch < 1 || channels < 1 || height < 1 || width < 1) {
      throw new IllegalArgumentException(
          "every dimension must be at least 1, got ["
              + batch
              + ", "
              + channels
              + ", "
              + height
              + ", "
              + width
              + "]");
    }
  }

  /** The shape of one example's tensor, {@code [1, C, H, W]}. */
  public static TensorShape example(int channels, int height, int width) {
    return new TensorShape(1, channels, height, width);
  }

  /** The shape of a per-channel vector, {@code [1, C, 1, 1]}. */
  public static TensorShape vector(int channels) {
    return new TensorShape(1, channels, 1, 1);
  }

  public TensorShape withBatch(int newBatch) {
    return new TensorShape(newBatch, channels, height, width);
  }

  public TensorShape withChannels(int newChannels) {
    return new TensorShape(batch, newChannels, height, width);
  }

  /** Pixels of one channel of one example. */
  public int pixels() {
    return Math.multiplyExact(height, width);
  }

  /** The number of values, padding not counted. */
  public long elements() {
    return Math.multiplyExact(Math.multiplyExact((long) batch, channels), (long) pixels());
  }

  @Override
  public String toString() {
    return "[" + batch + ", " + channels + ", " + height + ", " + width + "]";
  }
}
