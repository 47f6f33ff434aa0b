// SPDX-License-Identifier: Apache-2.0
package org.randwire.space;

import java.util.ArrayList;
import java.util.List;

/** Ranges written out as value sets. */
public final class ValueSets {

  private ValueSets() {}

  /**
   * {@code first, first + step, ..} up to {@code last}.
   *
   * @param step at least 1
   */
  public static List<Integer> range(int first, int last, int step) {
    if (step < 1) {
      throw new IllegalArgumentException("the step must be at least 1, got " + step);
    }
    List<Integer> values = new ArrayList<>();
    for (long value = first; value <= last; value += step) {
      values.add((int) value);
    }
    return values;
  }

  /**
   * {@code count} whole numbers spaced evenly in log space, the paper's "a, b, n": {@code 16, 256,
   * 5} gives 16, 32, 64, 128, 256.
   *
   * @param first at least 1
   * @param last at least {@code first}
   * @throws IllegalArgumentException if two of them round to the same number
   */
  public static List<Integer> logarithmic(int first, int last, int count) {
    if (first < 1 || last < first || count < 1 || (count == 1 && first != last)) {
      throw new IllegalArgumentException(
          "no " + count + " values lie between " + first + " and " + last + " in log space");
    }
    List<Integer> values = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      double exponent = count == 1 ? 0 : (double) i / (count - 1);
      int value = (int) Math.rint(first * StrictMath.pow((double) last / first, exponent));
      if (!values.isEmpty() && values.get(values.size() - 1) == value) {
        throw new IllegalArgumentException(
            count
                + " values from "
                + first
                + " to "
                + last
                + " are too many: "
                + value
                + " comes twice");
      }
      values.add(value);
    }
    return values;
  }
}
