// SPDX-License-Identifier: Apache-2.0
package org.randwire.statistics;

import org.randwire.random.PhiloxStream;
import org.randwire.random.Purpose;
import org.randwire.random.RandomStreams;

/**
 * Which values of a parameter the best models have, by the empirical bootstrap of the RegNet sweeps
 * (Radosavovic et al. 2020): draw a quarter of the models with replacement, keep the value of the
 * best one, repeat.
 *
 * @param low 2.5 % quantile of the values kept
 * @param median of the values kept
 * @param high 97.5 % quantile of the values kept
 */
public record BestValueRange(double low, double median, double high) {

  /** Share of the models in one draw. */
  public static final double SHARE = 0.25;

  /** How often is drawn. */
  public static final int REPEATS = 2500;

  /**
   * @param errors one per model
   * @param values of the parameter, in the same order
   * @throws IllegalArgumentException if there are no models or a number is not finite
   */
  public static BestValueRange of(double[] errors, double[] values, long seed) {
    double[] checked = Observations.checked("errors", errors);
    double[] parameter = Observations.checked("parameter", values);
    Observations.sameLength("errors", checked.length, "values", parameter.length);
    int count = Math.max(1, (int) Math.round(SHARE * checked.length));
    double[] kept = new double[REPEATS];
    PhiloxStream random = new RandomStreams(seed).stream(Purpose.RESAMPLING, 0, 6);
    for (int r = 0; r < REPEATS; r++) {
      int best = random.nextInt(checked.length);
      for (int i = 1; i < count; i++) {
        int other = random.nextInt(checked.length);
        best = checked[other] < checked[best] ? other : best;
      }
      kept[r] = parameter[best];
    }
    Quantiles quantiles = Quantiles.of(kept);
    return new BestValueRange(quantiles.at(0.025), quantiles.median(), quantiles.at(0.975));
  }
}
