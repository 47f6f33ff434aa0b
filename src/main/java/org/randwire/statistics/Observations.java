// SPDX-License-Identifier: Apache-2.0
package org.randwire.statistics;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/** Checks on arrays of observations, and the quantities every statistic needs of them. */
final class Observations {

  private Observations() {}

  /**
   * A copy, after checking that there is a value and that every value is a finite number. A
   * negative zero becomes zero, so that both are one tie.
   */
  static double[] checked(String what, double[] values) {
    if (values.length == 0) {
      throw new IllegalArgumentException(what + ": there is no value");
    }
    for (int i = 0; i < values.length; i++) {
      if (!Double.isFinite(values[i])) {
        throw new IllegalArgumentException(
            "%s: value %d of %d is %s, expected a finite number"
                .formatted(what, i + 1, values.length, values[i]));
      }
    }
    return Arrays.stream(values).map(value -> value + 0.0).toArray();
  }

  /** A checked copy in ascending order. */
  static double[] sorted(String what, double[] values) {
    double[] sorted = checked(what, values);
    Arrays.sort(sorted);
    return sorted;
  }

  /** The indices of values in ascending order of the values; equal ones keep theirs. */
  static int[] order(double[] values) {
    return IntStream.range(0, values.length)
        .boxed()
        .sorted(Comparator.comparingDouble(i -> values[i]))
        .mapToInt(Integer::intValue)
        .toArray();
  }

  static double inUnitInterval(String what, double value) {
    if (!(value > 0 && value < 1)) {
      throw new IllegalArgumentException(what + " must be in (0, 1), got " + value);
    }
    return value;
  }

  static int atLeast(int least, String what, int value) {
    if (value < least) {
      throw new IllegalArgumentException(what + " must be at least " + least + ", got " + value);
    }
    return value;
  }

  static void sameLength(String first, int a, String second, int b) {
    if (a != b) {
      throw new IllegalArgumentException(
          "%s and %s must be of one length, got %d and %d".formatted(first, second, a, b));
    }
  }
}
