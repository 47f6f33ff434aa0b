// SPDX-License-Identifier: Apache-2.0
package org.randwire.statistics;

import java.util.Arrays;
import java.util.function.ToDoubleBiFunction;
import org.apache.commons.math3.distribution.NormalDistribution;
import org.apache.commons.math3.distribution.TDistribution;
import org.apache.commons.math3.stat.correlation.KendallsCorrelation;
import org.apache.commons.math3.stat.correlation.PearsonsCorrelation;
import org.apache.commons.math3.stat.correlation.SpearmansCorrelation;
import org.apache.commons.math3.stat.ranking.NaturalRanking;

/**
 * A correlation coefficient and its two-sided p-value, by Student's distribution or, for Kendall's,
 * by the normal one.
 *
 * @param coefficient in [-1, 1]
 * @param p in [0, 1]
 */
public record Correlation(double coefficient, double p) {

  /** 9! orders are a third of a million. */
  private static final int MOST_ENUMERATED = 9;

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

  /**
   * As {@link #spearman}, with the exact p of few pairs: the share of all orders of one side whose
   * coefficient is as far from zero. Student's distribution gives 0 for three pairs in one order,
   * though one order in three does so by chance.
   */
  public static Correlation spearmanExact(double[] x, double[] y) {
    Correlation approximate = spearman(x, y);
    if (x.length > MOST_ENUMERATED) {
      return approximate;
    }
    NaturalRanking ranking = new NaturalRanking();
    double[] first = ranking.rank(x);
    double[] second = ranking.rank(y);
    double middle = (x.length + 1) / 2.0;
    for (int i = 0; i < first.length; i++) {
      first[i] -= middle;
    }
    double seen = Math.abs(product(first, second)) - 1e-9;
    long[] counts = new long[2];
    enumerate(first, second, 0, seen, counts);
    return new Correlation(approximate.coefficient(), counts[1] / (double) counts[0]);
  }

  private static double product(double[] first, double[] second) {
    double sum = 0;
    for (int i = 0; i < first.length; i++) {
      sum += first[i] * second[i];
    }
    return sum;
  }

  /** Goes through all orders of the places from {@code from} on; counts all, and those as far. */
  private static void enumerate(
      double[] first, double[] second, int from, double seen, long[] counts) {
    if (from == second.length) {
      counts[0]++;
      counts[1] += Math.abs(product(first, second)) >= seen ? 1 : 0;
      return;
    }
    for (int i = from; i < second.length; i++) {
      swap(second, from, i);
      enumerate(first, second, from + 1, seen, counts);
      swap(second, from, i);
    }
  }

  private static void swap(double[] values, int i, int j) {
    double kept = values[i];
    values[i] = values[j];
    values[j] = kept;
  }

  /**
   * Kendall's tau-b, of how many more pairs are in one order than in opposite ones, ties taken out;
   * p by the normal approximation with the variance given the ties.
   */
  public static Correlation kendall(double[] x, double[] y) {
    double[] first = Observations.checked("first variable", x);
    double[] second = Observations.checked("second variable", y);
    Observations.sameLength("first variable", x.length, "second", y.length);
    Observations.atLeast(3, "pairs to correlate", x.length);
    double tau = new KendallsCorrelation().correlation(first, second);
    if (Double.isNaN(tau)) {
      throw new IllegalArgumentException("a constant variable has no correlation");
    }
    Ties a = Ties.of(first);
    Ties b = Ties.of(second);
    double n = first.length;
    double pairs = n * (n - 1) / 2;
    // Kendall 1970, Rank Correlation Methods, section 4.4
    double variance =
        (n * (n - 1) * (2 * n + 5) - a.cubic - b.cubic) / 18
            + a.pairs * b.pairs * 2 / (n * (n - 1))
            + a.triples * b.triples / (9 * n * (n - 1) * (n - 2));
    double score = tau * Math.sqrt((pairs - a.pairs) * (pairs - b.pairs));
    double z = Math.abs(score) / Math.sqrt(variance);
    double p = 2 * new NormalDistribution(null, 0, 1).cumulativeProbability(-z);
    return new Correlation(tau, Math.min(1, p));
  }

  /**
   * Groups of equal values, t in each.
   *
   * @param pairs sum of t(t-1)/2
   * @param triples sum of t(t-1)(t-2)
   * @param cubic sum of t(t-1)(2t+5)
   */
  private record Ties(double pairs, double triples, double cubic) {
    static Ties of(double[] values) {
      double[] sorted = values.clone();
      Arrays.sort(sorted);
      double pairs = 0;
      double triples = 0;
      double cubic = 0;
      for (int start = 0, end; start < sorted.length; start = end) {
        end = start;
        while (end < sorted.length && sorted[end] == sorted[start]) {
          end++;
        }
        double t = end - start;
        pairs += t * (t - 1) / 2;
        triples += t * (t - 1) * (t - 2);
        cubic += t * (t - 1) * (2 * t + 5);
      }
      return new Ties(pairs, triples, cubic);
    }
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
