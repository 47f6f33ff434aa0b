// SPDX-License-Identifier: Apache-2.0
package org.randwire.statistics;

import org.apache.commons.statistics.inference.MannWhitneyUTest;

/**
 * The Mann-Whitney test and the effect size that belongs to it.
 *
 * @param u number of pairs in which the first sample's value is the larger one, ties counted half
 * @param p two-sided; exact for small samples without ties, normal approximation otherwise
 * @param cliffsDelta P(first larger) - P(first smaller), in [-1, 1]: negative where the first
 *     sample's errors tend to be smaller
 */
public record MannWhitney(double u, double p, double cliffsDelta) {

  /**
   * Tests two samples.
   *
   * @throws IllegalArgumentException if a sample is empty or holds a value that is not finite
   */
  public static MannWhitney of(double[] x, double[] y) {
    double[] first = Observations.sorted("first sample", x);
    double[] second = Observations.sorted("second sample", y);
    MannWhitneyUTest.Result result = MannWhitneyUTest.withDefaults().test(first, second);
    double u = result.getStatistic();
    // Where all values are one, there is nothing to rank and no variance to divide by.
    double p = Double.isNaN(result.getPValue()) ? 1 : result.getPValue();
    return new MannWhitney(u, p, 2 * u / ((double) first.length * second.length) - 1);
  }

  /** The chance that a model of the first population has the smaller error, ties counted half. */
  public double chanceFirstIsBetter() {
    return (1 - cliffsDelta) / 2;
  }
}
