// SPDX-License-Identifier: Apache-2.0
package org.randwire.benchmarks;

import java.util.Collection;

/** Median and range of some numbers. */
record Statistics(double median, double min, double max) {

  /**
   * @throws IllegalArgumentException if there are none
   */
  static Statistics of(Collection<Double> values) {
    if (values.isEmpty()) {
      throw new IllegalArgumentException("nothing was measured");
    }
    double[] sorted = values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
    int middle = sorted.length / 2;
    double median =
        sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    return new Statistics(median, sorted[0], sorted[sorted.length - 1]);
  }
}
