// SPDX-License-Identifier: Apache-2.0
package org.randwire.statistics;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Observations in ascending order with their weights, which add up to one, and the stratum each
 * belongs to: the complexity bin where the weights come from one, stratum 0 otherwise. Resampling
 * keeps the size of every stratum.
 */
public final class Sample {

  /** How far from one a sum of weights may be: what rounding explains. */
  private static final double SUM_TOLERANCE = 1e-9;

  private final double[] values;
  private final double[] weights;
  private final double[] cumulative;
  private final int[][] strata;

  private Sample(double[] values, double[] weights, int[] stratumOf, int strataCount) {
    this.values = values;
    this.weights = weights;
    this.cumulative = cumulative(weights);
    this.strata = members(stratumOf, strataCount);
  }

  /**
   * Observations of equal weight.
   *
   * @throws IllegalArgumentException if there is none or one is not finite
   */
  public static Sample of(double... values) {
    double[] sorted = Observations.sorted("sample", values);
    double[] weights = new double[sorted.length];
    Arrays.fill(weights, 1.0 / sorted.length);
    return new Sample(sorted, weights, new int[sorted.length], 1);
  }

  /**
   * Observations with weights of their own.
   *
   * @param weights at least 0, adding up to 1
   * @throws IllegalArgumentException if a value or weight is not finite, a weight is negative, or
   *     the sum is not 1
   */
  public static Sample weighted(double[] values, double[] weights) {
    return ordered(values, weights, new int[values.length], 1);
  }

  /**
   * The observations inside the range of a complexity normalisation, with its weights.
   *
   * @param values one per model the normalisation was made of, in the same order
   */
  public static Sample normalised(double[] values, ComplexityWeights normalisation) {
    Observations.sameLength("values", values.length, "complexities", normalisation.models());
    int[] kept = normalisation.kept();
    return ordered(
        IntStream.of(kept).mapToDouble(i -> values[i]).toArray(),
        normalisation.weights(),
        normalisation.binOfKept(),
        normalisation.bins());
  }

  private static Sample ordered(
      double[] values, double[] weights, int[] stratumOf, int strataCount) {
    double[] checked = Observations.checked("sample", values);
    double[] shares = Observations.checked("weights", weights);
    Observations.sameLength("values", checked.length, "weights", shares.length);
    double sum = 0;
    for (double share : shares) {
      if (share < 0) {
        throw new IllegalArgumentException("weights must be at least 0, got " + share);
      }
      sum += share;
    }
    if (Math.abs(sum - 1) > SUM_TOLERANCE) {
      throw new IllegalArgumentException("weights must add up to 1, got " + sum);
    }
    int[] order = Observations.order(checked);
    return new Sample(
        IntStream.of(order).mapToDouble(i -> checked[i]).toArray(),
        IntStream.of(order).mapToDouble(i -> shares[i]).toArray(),
        IntStream.of(order).map(i -> stratumOf[i]).toArray(),
        strataCount);
  }

  /** Sums of the first i weights; i / n where all are equal, which is nearer the truth. */
  private static double[] cumulative(double[] weights) {
    int n = weights.length;
    boolean equal = Arrays.stream(weights).allMatch(w -> w == 1.0 / n);
    double[] sums = new double[n + 1];
    for (int i = 0; i < n; i++) {
      sums[i + 1] = equal ? (i + 1.0) / n : sums[i] + weights[i];
    }
    sums[n] = 1;
    return sums;
  }

  private static int[][] members(int[] stratumOf, int count) {
    int[] sizes = new int[count];
    for (int stratum : stratumOf) {
      sizes[stratum]++;
    }
    int[][] members = new int[count][];
    Arrays.setAll(members, stratum -> new int[sizes[stratum]]);
    int[] next = new int[count];
    for (int i = 0; i < stratumOf.length; i++) {
      members[stratumOf[i]][next[stratumOf[i]]++] = i;
    }
    return members;
  }

  public int size() {
    return values.length;
  }

  /** The observation of rank {@code i}, in [0, size). */
  public double value(int i) {
    return values[i];
  }

  /** The weight of the observation of rank {@code i}. */
  public double weight(int i) {
    return weights[i];
  }

  /** The sum of the weights of the {@code i} smallest observations, {@code i} in [0, size]. */
  public double cumulative(int i) {
    return cumulative[i];
  }

  public double min() {
    return values[0];
  }

  public double max() {
    return values[values.length - 1];
  }

  /** The weighted mean. */
  public double mean() {
    double sum = 0;
    for (int i = 0; i < values.length; i++) {
      sum += weights[i] * values[i];
    }
    return sum;
  }

  /** The observations in ascending order. */
  public double[] values() {
    return values.clone();
  }

  public Edf edf() {
    return new Edf(this);
  }

  /** The number of observations below a value. */
  int below(double value) {
    int low = 0;
    int high = values.length;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (values[middle] < value) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  /** The rank of the observation at which the cumulative weight passes a number in [0, 1). */
  int at(double weight) {
    int found = Arrays.binarySearch(cumulative, weight);
    int rank = found >= 0 ? found : -found - 2;
    return Math.min(rank, values.length - 1);
  }

  /** Ranks by stratum; not to be changed. */
  int[][] strata() {
    return strata;
  }
}
