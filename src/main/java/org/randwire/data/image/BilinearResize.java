// SPDX-License-Identifier: Apache-2.0
package org.randwire.data.image;

import java.util.Arrays;

/**
 * Pillow's two passes over an RGB image, horizontal first, each rounded to 8 bits; the reference of
 * the native one. Keeps its scratch memory, so one per thread.
 */
final class BilinearResize {
  private static final int HALF = 1 << (FilterTaps.BITS - 1);

  private byte[] rows = new byte[0];
  private int[] sums = new int[0];

  /**
   * Resizes {@code across.length() x down.length()} pixels, rows without gaps.
   *
   * @param into gets {@code down.outputs()} rows of {@code across.outputs()} pixels
   * @param flipped whether each row is written from right to left
   */
  void apply(byte[] source, FilterTaps across, FilterTaps down, boolean flipped, byte[] into) {
    int rowBytes = 3 * across.outputs();
    if (rows.length < rowBytes * down.length()) {
      rows = new byte[rowBytes * down.length()];
    }
    for (int y = 0; y < down.length(); y++) {
      horizontally(source, 3 * y * across.length(), across, flipped, y * rowBytes);
    }
    if (sums.length < rowBytes) {
      sums = new int[rowBytes];
    }
    for (int y = 0; y < down.outputs(); y++) {
      vertically(down, y, rowBytes, into);
    }
  }

  private void horizontally(byte[] source, int row, FilterTaps taps, boolean flipped, int to) {
    int[] weights = taps.weights();
    int outputs = taps.outputs();
    int step = flipped ? -3 : 3;
    int out = flipped ? to + 3 * (outputs - 1) : to;
    for (int i = 0; i < outputs; i++, out += step) {
      int red = HALF;
      int green = HALF;
      int blue = HALF;
      int from = row + 3 * taps.firsts()[i];
      int weight = i * taps.stride();
      for (int end = weight + taps.counts()[i]; weight < end; weight++, from += 3) {
        red += (source[from] & 0xFF) * weights[weight];
        green += (source[from + 1] & 0xFF) * weights[weight];
        blue += (source[from + 2] & 0xFF) * weights[weight];
      }
      rows[out] = level(red);
      rows[out + 1] = level(green);
      rows[out + 2] = level(blue);
    }
  }

  private void vertically(FilterTaps taps, int y, int rowBytes, byte[] into) {
    Arrays.fill(sums, 0, rowBytes, HALF);
    for (int t = 0; t < taps.counts()[y]; t++) {
      int weight = taps.weights()[y * taps.stride() + t];
      int from = (taps.firsts()[y] + t) * rowBytes;
      for (int i = 0; i < rowBytes; i++) {
        sums[i] += (rows[from + i] & 0xFF) * weight;
      }
    }
    for (int i = 0; i < rowBytes; i++) {
      into[y * rowBytes + i] = level(sums[i]);
    }
  }

  /** The weights are not negative, but their sum may be a little over one. */
  private static byte level(int sum) {
    return (byte) Math.min(255, sum >>> FilterTaps.BITS);
  }
}
