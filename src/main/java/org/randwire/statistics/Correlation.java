// SPDX-License-Identifier: Apache-2.0
package org.randwire.statistics;

import java.util.function.ToDoubleBiFunction;
import org.apache.commons.math3.distribution.TDistribution;
import org.apache.commons.math3.stat.correlation.PearsonsCorrelation;
import org.apache.commons.math3.stat.correlation.SpearmansCorrelation;

/**
 * A correlation coefficient and its two-sided p-value by Student's distribution.
 *
 * @param coefficient in [-1, 1]
 * @param p in [0, 1]
 */
public record Correlation(double coefficient, double p) {

  /**
   * Of the values themselves: how near they are to a line.
   *
   * @throws IllegalArgumentException if there are fewer than three pairs, a value is not finite, or
   *     one side is constant
   */
  public static Correlation pearson(double[] x, double[] y) {
    return of(new PearsonsCorrelation()::correlation, x, y);
  }

  /** Of the ranks, ties averaged: how near they are to any increasing curve. */
  public static Correlation spearman(double[] x, double[] y) {
    return of(new SpearmansCorrelation()::correlation, x, y);
  }

  private static Correlation of(
      ToDoubleBiFunction<double[], double[]> coefficient, double[] x, double[] y) {
    double[] first = Observations.checked("first variable", x);
    double[] second = Observations.checked("second variable", y);
    Observations.sameLength("first variable", x.length, "second", y.length);
    Observations.atLeast(3, "pairs to correlate", x.length);
    return of(coefficient.applyAsDouble(first, second), x.length);
  }

  private static Correlation of(double coefficient, int pairs) {
    if (Double.isNaN(coefficient)) {
      throw new IllegalArgumentException("a constant variable has no correlation");
    }
    double r = Math.max(-1, Math.min(1, coefficient));
    double t = r * Math.sqrt((pairs - 2) / ((1 - r) * (1 + r)));
    double p = 2 * new TDistribution(pairs - 2).cumulativeProbability(-Math.abs(t));
    return new Correlation(r, p);
  }
}
