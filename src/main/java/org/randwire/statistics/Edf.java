// SPDX-License-Identifier: Apache-2.0
package org.randwire.statistics;

/**
 * The empirical distribution function of a sample: the weight of the models below an error. The
 * paper's definition is the strict one, F(e) = sum of w_i over e_i &lt; e (Radosavovic et al. 2019,
 * equations 1 and 4); the inclusive one, e_i &lt;= e, is what a test statistic is taken from.
 */
public final class Edf {

  private final Sample sample;

  Edf(Sample sample) {
    this.sample = sample;
  }

  /** Observations of equal weight; see {@link Sample#of}. */
  public static Edf of(double... values) {
    return Sample.of(values).edf();
  }

  /** Observations with weights; see {@link Sample#weighted}. */
  public static Edf weighted(double[] values, double[] weights) {
    return Sample.weighted(values, weights).edf();
  }

  public Sample sample() {
    return sample;
  }

  /** The weight of the observations below a value. */
  public double strict(double value) {
    return sample.cumulative(sample.below(number(value)));
  }

  /** The weight of the observations at most a value. */
  public double inclusive(double value) {
    return sample.cumulative(sample.below(Math.nextUp(number(value))));
  }

  /**
   * The smallest observation at which the inclusive function reaches a probability.
   *
   * @param probability in (0, 1]
   */
  public double quantile(double probability) {
    if (!(probability > 0 && probability <= 1)) {
      throw new IllegalArgumentException("a probability is in (0, 1], got " + probability);
    }
    int low = 0;
    int high = sample.size() - 1;
    while (low < high) {
      int middle = (low + high) >>> 1;
      // A sum of weights is a few roundings off the share it stands for.
      if (sample.cumulative(middle + 1) >= probability - 1e-12) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return sample.value(low);
  }

  /**
   * The area under the function from 0 to a bound, as a share of the bound: 1 - sum of w_i min(1,
   * e_i / bound). In [0, 1]; larger is better.
   *
   * @param bound above 0
   */
  public double areaUpTo(double bound) {
    if (!(bound > 0) || !Double.isFinite(bound)) {
      throw new IllegalArgumentException("the bound of an area must be above 0, got " + bound);
    }
    double area = 0;
    for (int i = 0; i < sample.size(); i++) {
      area += sample.weight(i) * (1 - Math.min(1, sample.value(i) / bound));
    }
    return area;
  }

  /**
   * Where two distribution functions are farthest apart.
   *
   * @param d largest distance, the greater of {@code above} and {@code below}
   * @param location the observation at which it is reached, the first if there are several
   * @param sign 1 where this function is the higher one there, -1 where the other is
   * @param above largest excess of this function over the other, at least 0
   * @param below largest excess of the other over this one, at least 0
   */
  public record Gap(double d, double location, int sign, double above, double below) {}

  /** The largest distance between this function and another, over all observations of both. */
  public Gap gap(Edf other) {
    double above = 0;
    double below = 0;
    double aboveAt = Math.min(sample.min(), other.sample.min());
    double belowAt = aboveAt;
    int i = 0;
    int j = 0;
    while (i < sample.size() || j < other.sample.size()) {
      double value = next(i, other, j);
      i = passed(sample, i, value);
      j = passed(other.sample, j, value);
      double difference = sample.cumulative(i) - other.sample.cumulative(j);
      if (difference > above) {
        above = difference;
        aboveAt = value;
      }
      if (-difference > below) {
        below = -difference;
        belowAt = value;
      }
    }
    return below > above
        ? new Gap(below, belowAt, -1, above, below)
        : new Gap(above, aboveAt, 1, above, below);
  }

  private double next(int i, Edf other, int j) {
    if (i == sample.size()) {
      return other.sample.value(j);
    }
    return j == other.sample.size()
        ? sample.value(i)
        : Math.min(sample.value(i), other.sample.value(j));
  }

  private static int passed(Sample sample, int from, double value) {
    int i = from;
    while (i < sample.size() && sample.value(i) == value) {
      i++;
    }
    return i;
  }

  private static double number(double value) {
    if (Double.isNaN(value)) {
      throw new IllegalArgumentException("a distribution function has no value at NaN");
    }
    return value;
  }
}
