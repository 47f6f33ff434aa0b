// SPDX-License-Identifier: Apache-2.0
package org.randwire.data.image;

/**
 * The triangle filter along one axis as Pillow's {@code Resample.c} has it (precompute_coeffs and
 * normalize_coeffs_8bpc): output {@code i} is the sum of {@code counts[i]} source pixels from
 * {@code firsts[i]} on, times {@code weights[i * stride ...]}, in units of 2^-{@value #BITS}.
 *
 * @param firsts relative to {@code start}
 * @param start the first source pixel that any output reads
 * @param length how many from there on are read
 */
record FilterTaps(int start, int length, int[] firsts, int[] counts, int[] weights, int stride) {

  /** Fraction bits of a weight: 32, less 8 of the pixel and 2 of headroom. */
  static final int BITS = 22;

  /**
   * The filter that resizes {@code size} pixels to {@code resized}, for the outputs {@code
   * from..from+count-1}.
   */
  static FilterTaps of(int size, int resized, int from, int count) {
    double scale = (double) size / resized;
    double filterScale = Math.max(scale, 1);
    int stride = (int) Math.ceil(filterScale) * 2 + 1;
    int[] firsts = new int[count];
    int[] counts = new int[count];
    int[] weights = new int[Math.multiplyExact(count, stride)];
    double[] exact = new double[stride];
    double inverse = 1.0 / filterScale;
    int start = size;
    int end = 0;
    for (int i = 0; i < count; i++) {
      double centre = (from + i + 0.5) * scale;
      int first = Math.max(0, (int) (centre - filterScale + 0.5));
      int last = Math.min(size, (int) (centre + filterScale + 0.5));
      double sum = 0;
      for (int x = first; x < last; x++) {
        exact[x - first] = Math.max(0, 1 - Math.abs((x - centre + 0.5) * inverse));
        sum += exact[x - first];
      }
      for (int x = 0; x < last - first; x++) {
        weights[i * stride + x] = (int) (0.5 + exact[x] / sum * (1 << BITS));
      }
      firsts[i] = first;
      counts[i] = last - first;
      start = Math.min(start, first);
      end = Math.max(end, last);
    }
    for (int i = 0; i < count; i++) {
      firsts[i] -= start;
    }
    return new FilterTaps(start, end - start, firsts, counts, weights, stride);
  }

  int outputs() {
    return firsts.length;
  }
}
