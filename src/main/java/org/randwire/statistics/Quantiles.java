// SPDX-License-Identifier: Apache-2.0
package org.randwire.statistics;

/**
 * Quantiles by linear interpolation between order statistics, as NumPy's default has them (type 7
 * of Hyndman and Fan 1996). {@link Edf#quantile} is the other kind: always one of the observations.
 */
public final class Quantiles {

  private final double[] sorted;

  private Quantiles(double[] sorted) {
    this.sorted = sorted;
  }

  /**
   * @throws IllegalArgumentException if there is no value or one is not finite
   */
  public static Quantiles of(double... values) {
    return new Quantiles(Observations.sorted("quantiles", values));
  }

  /**
   * The quantile for a probability in [0, 1].
   *
   * @throws IllegalArgumentException if the probability is outside, or NaN
   */
  public double at(double probability) {
    if (!(probability >= 0 && probability <= 1)) {
      throw new IllegalArgumentException("a probability is in [0, 1], got " + probability);
    }
    double place = probability * (sorted.length - 1);
    int below = (int) Math.floor(place);
    int above = Math.min(below + 1, sorted.length - 1);
    return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
  }

  public double median() {
    return at(0.5);
  }
}
