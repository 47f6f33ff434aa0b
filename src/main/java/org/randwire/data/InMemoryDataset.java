// SPDX-License-Identifier: Apache-2.0
package org.randwire.data;

import java.util.Objects;

/** A data set whose pixels are held in one array, [N, C, H, W] as unsigned bytes. */
public final class InMemoryDataset implements PixelDataset {
  private final String name;
  private final int channels;
  private final int height;
  private final int width;
  private final int classes;
  private final Normalization normalization;
  private final byte[] pixels;
  private final byte[] labels;

  /**
   * Takes over both arrays without a copy, since they are large; the caller must not change them.
   *
   * @param pixels labels.length * channels * height * width bytes
   * @param labels one unsigned byte per example, each less than {@code classes}
   */
  public InMemoryDataset(
      String name,
      int channels,
      int height,
      int width,
      int classes,
      Normalization normalization,
      byte[] pixels,
      byte[] labels) {
    this.name = Objects.requireNonNull(name);
    this.channels = channels;
    this.height = height;
    this.width = width;
    this.classes = classes;
    this.normalization = normalization;
    this.pixels = pixels;
    this.labels = labels;
    requireConsistentSizes();
    requireLabelsInRange();
  }

  private void requireConsistentSizes() {
    if (channels < 1 || height < 1 || width < 1 || labels.length < 1) {
      throw new IllegalArgumentException(
          "%s: sizes must be positive, got %d examples of [%d, %d, %d]"
              .formatted(name, labels.length, channels, height, width));
    }
    long expected = (long) labels.length * channels * height * width;
    if (pixels.length != expected || normalization.channels() != channels) {
      throw new IllegalArgumentException(
          "%s: expected %d pixels and %d channels, got %d and a normalization of %d channels"
              .formatted(name, expected, channels, pixels.length, normalization.channels()));
    }
  }

  private void requireLabelsInRange() {
    for (int i = 0; i < labels.length; i++) {
      if (label(i) >= classes) {
        throw new DataException(
            "%s: label %d of example %d is not in [0, %d)".formatted(name, label(i), i, classes));
      }
    }
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public int size() {
    return labels.length;
  }

  @Override
  public int classes() {
    return classes;
  }

  @Override
  public int channels() {
    return channels;
  }

  @Override
  public int height() {
    return height;
  }

  @Override
  public int width() {
    return width;
  }

  @Override
  public Normalization normalization() {
    return normalization;
  }

  @Override
  public int label(int example) {
    return Byte.toUnsignedInt(labels[example]);
  }

  @Override
  public void pixels(int example, byte[] into) {
    int count = pixelCount();
    System.arraycopy(pixels, example * count, into, 0, count);
  }
}
