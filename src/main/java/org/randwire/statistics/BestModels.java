// SPDX-License-Identifier: Apache-2.0
package org.randwire.statistics;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.randwire.random.PhiloxStream;
import org.randwire.random.Purpose;
import org.randwire.random.RandomStreams;

/**
 * Which values of a parameter the best models have, by the empirical bootstrap of the RegNet sweeps
 * (Radosavovic et al. 2020): a quarter of the models is drawn with replacement and the best one
 * kept, again and again.
 */
public final class BestModels {

  /** Share of the models in one draw. */
  public static final double SHARE = 0.25;

  /** How often is drawn. */
  public static final int REPEATS = 2500;

  private final int models;
  private final int[] kept;

  private BestModels(int models, int[] kept) {
    this.models = models;
    this.kept = kept;
  }

  /**
   * Quantiles of a parameter over the models kept.
   *
   * @param low 2.5 %
   * @param median 50 %
   * @param high 97.5 %
   */
  public record Range(double low, double median, double high) {}

  /**
   * Draws the best models.
   *
   * @param errors one per model
   * @throws IllegalArgumentException if there are no models or an error is not finite
   */
  public static BestModels of(double[] errors, long seed) {
    double[] checked = Observations.checked("errors", errors);
    int count = Math.max(1, (int) Math.round(SHARE * checked.length));
    RandomStreams streams = new RandomStreams(seed);
    int[] kept =
        IntStream.range(0, REPEATS)
            .parallel()
            .map(r -> best(checked, count, streams.stream(Purpose.RESAMPLING, r, 6)))
            .toArray();
    return new BestModels(checked.length, kept);
  }

  private static int best(double[] errors, int count, PhiloxStream random) {
    int best = random.nextInt(errors.length);
    for (int i = 1; i < count; i++) {
      int other = random.nextInt(errors.length);
      best = errors[other] < errors[best] ? other : best;
    }
    return best;
  }

  /**
   * The likely range of a parameter among the best.
   *
   * @param values of the parameter, one per model, in the order of the errors
   */
  public Range range(double[] values) {
    double[] parameter = Observations.checked("parameter", values);
    Observations.sameLength("errors", models, "values", parameter.length);
    Quantiles quantiles =
        Quantiles.of(Arrays.stream(kept).mapToDouble(i -> parameter[i]).toArray());
    return new Range(quantiles.at(0.025), quantiles.median(), quantiles.at(0.975));
  }
}
