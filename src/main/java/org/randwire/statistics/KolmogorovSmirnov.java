// SPDX-License-Identifier: Apache-2.0
package org.randwire.statistics;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.apache.commons.statistics.inference.KolmogorovSmirnovTest;
import org.randwire.statistics.Resampling.Scheme;

/**
 * The two-sample Kolmogorov-Smirnov test: the largest distance D between two empirical distribution
 * functions and how probable one at least as large is if both samples are from one population.
 *
 * <p>The p-value is exact, from Commons Statistics, for samples below {@value #LARGEST_EXACT}
 * values and the Kolmogorov limit beyond. That law is of continuous observations; where values are
 * equal it is too large (errors rounded to 0.1 %, 20 against 20: it rejects in 2.6 % of cases in
 * place of 5 %), so {@link Result#pGivenTies} is the one to decide by: exact given the ties that
 * are there, and for samples too large for that by seeded permutations.
 *
 * @param alternative what is looked for
 * @param permutations how many are drawn where the exact law given ties is out of reach, at least 1
 * @param seed of the permutations
 */
public record KolmogorovSmirnov(Alternative alternative, int permutations, long seed) {

  /** Samples with fewer values than this have an exact p-value. */
  public static final int LARGEST_EXACT = 10_000;

  /** Points of the lattice up to which the law given ties is exact: a third of a second. */
  private static final long LARGEST_LATTICE = 60_000_000;

  /** How a p-value was found. */
  public enum Method {
    EXACT("exact"),
    ASYMPTOTIC("asymptotic"),
    EXACT_GIVEN_TIES("exact given ties"),
    PERMUTATION("permutation");

    private final String label;

    Method(String label) {
      this.label = label;
    }

    /** The name in tables and JSON. */
    public String label() {
      return label;
    }
  }

  /**
   * What the test found.
   *
   * @param d statistic of the alternative, in [0, 1]
   * @param p probability of a statistic at least as large for continuous observations
   * @param method how p was found: exact or asymptotic
   * @param location an observation at which the two functions are farthest apart
   * @param sign 1 where the first sample's function is the higher one there, -1 otherwise
   * @param ties number of values beyond the distinct ones, 0 if all differ
   * @param pGivenTies the same probability given the ties; p itself where there are none
   * @param methodGivenTies how that was found
   */
  public record Result(
      double d,
      double p,
      Method method,
      double location,
      int sign,
      int ties,
      double pGivenTies,
      Method methodGivenTies) {}

  public KolmogorovSmirnov {
    Observations.atLeast(1, "permutations", permutations);
  }

  /** Two-sided, 1,000 permutations, seed 1. */
  public static KolmogorovSmirnov withDefaults() {
    return new KolmogorovSmirnov(Alternative.TWO_SIDED, 1000, 1);
  }

  public KolmogorovSmirnov with(Alternative other) {
    return new KolmogorovSmirnov(other, permutations, seed);
  }

  public KolmogorovSmirnov withPermutations(int count, long otherSeed) {
    return new KolmogorovSmirnov(alternative, count, otherSeed);
  }

  /**
   * Compares two samples.
   *
   * @throws IllegalArgumentException if one is empty or holds a value that is not finite
   */
  public Result test(double[] x, double[] y) {
    double[] first = Observations.sorted("first sample", x);
    double[] second = Observations.sorted("second sample", y);
    Edf.Gap gap = Sample.of(first).edf().gap(Sample.of(second).edf());
    double d = alternative.of(gap);
    double p = continuous(first, second, d);
    Method method =
        Math.max(first.length, second.length) < LARGEST_EXACT ? Method.EXACT : Method.ASYMPTOTIC;
    double[] pooled = pooled(first, second);
    int ties = pooled.length - (int) Arrays.stream(pooled).distinct().count();
    if (ties == 0) {
      return new Result(d, p, method, gap.location(), gap.sign(), 0, p, method);
    }
    if ((long) first.length * second.length <= LARGEST_LATTICE) {
      long threshold = Math.round(d * first.length * second.length);
      double exact = TieLattice.pValue(pooled, first.length, threshold, alternative);
      return new Result(
          d, p, method, gap.location(), gap.sign(), ties, exact, Method.EXACT_GIVEN_TIES);
    }
    if (p <= 1.0 / (permutations + 1)) {
      // With ties p is too large if anything, and permutations could not give a smaller one.
      return new Result(d, p, method, gap.location(), gap.sign(), ties, p, method);
    }
    double drawn = permutation(first, second, d);
    return new Result(d, p, method, gap.location(), gap.sign(), ties, drawn, Method.PERMUTATION);
  }

  /** The p-value by seeded permutations of the labels, for any samples. */
  public double permutationP(double[] x, double[] y) {
    Edf.Gap gap = Edf.of(x).gap(Edf.of(y));
    return permutation(x, y, alternative.of(gap));
  }

  private double permutation(double[] x, double[] y, double d) {
    return new Resampling(Sample.of(x), Sample.of(y))
        .pValue(d, alternative, Scheme.PERMUTATION, permutations, seed);
  }

  /** The law of continuous observations; Commons Statistics has none for a single value. */
  private double continuous(double[] x, double[] y, double d) {
    if (Math.min(x.length, y.length) == 1) {
      double[] distinct = IntStream.range(0, x.length + y.length).asDoubleStream().toArray();
      return TieLattice.pValue(
          distinct, x.length, Math.round(d * x.length * y.length), alternative);
    }
    return KolmogorovSmirnovTest.withDefaults()
        .with(alternative.hypothesis())
        .test(x, y)
        .getPValue();
  }

  private static double[] pooled(double[] x, double[] y) {
    double[] pooled = Arrays.copyOf(x, x.length + y.length);
    System.arraycopy(y, 0, pooled, x.length, y.length);
    Arrays.sort(pooled);
    return pooled;
  }
}
