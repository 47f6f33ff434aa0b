// SPDX-License-Identifier: Apache-2.0
package org.randwire.statistics;

import java.util.Arrays;
import org.apache.commons.math3.distribution.TDistribution;

/**
 * The mean of a few values, such as one of each of five networks, with Student's confidence
 * interval.
 *
 * @param count at least 1
 * @param deviation standard deviation, n - 1 in the denominator; NaN for one value
 * @param low lower limit; minus infinity for one value
 * @param high upper limit; infinity for one value
 * @param p two-sided, of the mean being zero; 1 for one value or where all are zero
 */
public record MeanInterval(
    int count, double mean, double deviation, double low, double high, double p) {

  /**
   * Of values that are independent of each other.
   *
   * @param confidence in (0, 1)
   * @throws IllegalArgumentException if there is no value or one is not finite
   */
  public static MeanInterval of(double[] values, double confidence) {
    double[] all = Observations.checked("values", values);
    Observations.inUnitInterval("confidence", confidence);
    int count = all.length;
    double mean = Arrays.stream(all).sum() / count;
    if (count == 1) {
      return new MeanInterval(
          1, mean, Double.NaN, Double.NEGATIVE_INFINITY, Double.POSITIVE_INFINITY, 1);
    }
    double squares = Arrays.stream(all).map(v -> (v - mean) * (v - mean)).sum();
    double deviation = Math.sqrt(squares / (count - 1));
    double error = deviation / Math.sqrt(count);
    TDistribution law = new TDistribution(null, count - 1);
    double half = law.inverseCumulativeProbability((1 + confidence) / 2) * error;
    double p = error == 0 ? 0 : 2 * law.cumulativeProbability(-Math.abs(mean) / error);
    return new MeanInterval(count, mean, deviation, mean - half, mean + half, mean == 0 ? 1 : p);
  }
}
