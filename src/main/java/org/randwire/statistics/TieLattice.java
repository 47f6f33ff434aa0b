// SPDX-License-Identifier: Apache-2.0
package org.randwire.statistics;

/**
 * The exact law of the Kolmogorov-Smirnov statistic given the ties in the pooled sample. Every
 * order in which the labels of two samples can lie along the pooled values is a path from (0, 0) to
 * (n, m); the two functions can be compared only where a group of equal values ends. The chance of
 * the paths that reach the observed distance there is the p-value (Schroeer and Trenkler 1995).
 * Only non-negative numbers are added, so that tiny p-values keep their digits.
 */
final class TieLattice {

  private TieLattice() {}

  /**
   * P(statistic at least as large as observed), in O(n m) time.
   *
   * @param pooled all values, ascending
   * @param n observations of the first sample
   * @param threshold observed statistic times n m
   */
  static double pValue(double[] pooled, int n, long threshold, Alternative alternative) {
    if (threshold <= 0) {
      return 1;
    }
    int total = pooled.length;
    int m = total - n;
    boolean[] ends = new boolean[total + 1];
    double[] reciprocal = new double[total + 1];
    for (int i = 1; i <= total; i++) {
      ends[i] = i == total || pooled[i - 1] != pooled[i];
      reciprocal[i] = 1.0 / i;
    }
    double reached = 0;
    double[] chance = new double[m + 1];
    for (int i = 0; i <= n; i++) {
      for (int j = 0; j <= m; j++) {
        double here = i + j == 0 ? 1 : arriving(chance, i, j, n, m, reciprocal[total - i - j + 1]);
        if (ends[i + j] && alternative.reached((long) i * m - (long) j * n, threshold)) {
          reached += here;
          here = 0;
        }
        chance[j] = here;
      }
    }
    return Math.min(1, reached);
  }

  /** The chance of a label being the first sample's is the share of those still to be placed. */
  private static double arriving(
      double[] chance, int i, int j, int n, int m, double reciprocalLeft) {
    double fromFirst = i == 0 ? 0 : chance[j] * (n - i + 1);
    double fromSecond = j == 0 ? 0 : chance[j - 1] * (m - j + 1);
    return (fromFirst + fromSecond) * reciprocalLeft;
  }
}
