// SPDX-License-Identifier: Apache-2.0
package org.randwire.statistics;

import java.util.Arrays;
import org.randwire.random.PhiloxStream;

/**
 * A sample drawn anew with replacement within its strata, as cumulative weights over the distinct
 * values: errors repeat, and what follows needs one pass over the values there are.
 */
final class Redraw {

  private final double[] values;

  /** By stratum: the index of each model's value, and the model's weight, once if all have one. */
  private final int[][] places;

  private final double[][] weights;

  Redraw(Sample sample) {
    values = Arrays.stream(sample.values()).distinct().toArray();
    int[][] strata = sample.strata();
    places = new int[strata.length][];
    weights = new double[strata.length][];
    for (int s = 0; s < strata.length; s++) {
      places[s] =
          Arrays.stream(strata[s])
              .map(rank -> Arrays.binarySearch(values, sample.value(rank)))
              .toArray();
      double[] all = Arrays.stream(strata[s]).mapToDouble(sample::weight).toArray();
      weights[s] = Arrays.stream(all).distinct().count() == 1 ? new double[] {all[0]} : all;
    }
  }

  /** The number of distinct values below a number. */
  int below(double value) {
    int found = Arrays.binarySearch(values, value);
    return found >= 0 ? found : -found - 1;
  }

  /** Weights of the first i distinct values in one drawing, adding up to 1. */
  double[] cumulative(PhiloxStream random) {
    double[] sums = new double[values.length + 1];
    for (int s = 0; s < places.length; s++) {
      draw(places[s], weights[s], sums, random);
    }
    for (int i = 1; i < sums.length; i++) {
      sums[i] += sums[i - 1];
    }
    double total = sums[values.length];
    for (int i = 1; i < sums.length; i++) {
      sums[i] /= total;
    }
    return sums;
  }

  private static void draw(int[] place, double[] weight, double[] sums, PhiloxStream random) {
    if (weight.length == 1) {
      for (int i = 0; i < place.length; i++) {
        sums[place[random.nextInt(place.length)] + 1] += weight[0];
      }
      return;
    }
    for (int i = 0; i < place.length; i++) {
      int drawn = random.nextInt(place.length);
      sums[place[drawn] + 1] += weight[drawn];
    }
  }

  /** The smallest value at which the sums reach a probability. */
  double quantile(double[] sums, double probability) {
    int low = 0;
    int high = values.length - 1;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (sums[middle + 1] >= probability - 1e-12) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return values[low];
  }

  /**
   * Expected lowest errors of m draws, by the sum over P(lowest above value i) times the step to
   * the next.
   *
   * @param m powers of two, ascending
   */
  double[] lowest(double[] sums, int[] m) {
    double[] lowest = new double[m.length];
    Arrays.fill(lowest, values[0]);
    for (int i = 1; i < values.length; i++) {
      double step = values[i] - values[i - 1];
      double above = Math.max(0, 1 - sums[i]);
      int power = 1;
      for (int k = 0; k < m.length; k++) {
        while (power < m[k]) {
          above *= above;
          power *= 2;
        }
        lowest[k] += step * above;
      }
    }
    return lowest;
  }
}
