// SPDX-License-Identifier: Apache-2.0
package org.randwire.statistics;

import java.util.Arrays;
import org.randwire.random.Purpose;
import org.randwire.random.RandomStreams;

/**
 * What comparing best models does when there is nothing to find (Radosavovic et al. 2019, section
 * 3.1 and figure 2): two sets of models are drawn without replacement from one population, again
 * and again, and their lowest errors compared; the larger set wins nearly always.
 *
 * @param differences lowest error of the small set less that of the large one, per repetition
 * @param largeWins share of the repetitions in which the large set has the lower error
 * @param smallWins share in which the small set has it; the rest are ties
 * @param small errors of the small set of the first repetition
 * @param large errors of the large set of the first repetition
 * @param test of these two against each other
 */
public record PointStudy(
    double[] differences,
    double largeWins,
    double smallWins,
    double[] small,
    double[] large,
    KolmogorovSmirnov.Result test) {

  public PointStudy {
    differences = differences.clone();
    small = small.clone();
    large = large.clone();
  }

  /**
   * @param smallSize size of the small set, at least 1
   * @param largeSize size of the large set; both together at most the population
   * @param repetitions at least 1
   */
  public static PointStudy of(
      double[] population, int smallSize, int largeSize, int repetitions, long seed) {
    double[] errors = Observations.checked("population", population);
    Observations.atLeast(1, "the small set", smallSize);
    Observations.atLeast(1, "the large set", largeSize);
    Observations.atLeast(1, "repetitions", repetitions);
    if ((long) smallSize + largeSize > errors.length) {
      throw new IllegalArgumentException(
          "%d and %d models cannot be drawn from %d"
              .formatted(smallSize, largeSize, errors.length));
    }
    Draws draws = new Draws(errors, new RandomStreams(seed).stream(Purpose.RESAMPLING, 0, 4));
    double[] differences = new double[repetitions];
    double[] small = new double[0];
    double[] large = new double[0];
    for (int r = 0; r < repetitions; r++) {
      double[] both = draws.values(smallSize + largeSize);
      double[] less = Arrays.copyOf(both, smallSize);
      double[] more = Arrays.copyOfRange(both, smallSize, both.length);
      differences[r] = min(less) - min(more);
      if (r == 0) {
        small = less;
        large = more;
      }
    }
    return new PointStudy(
        differences,
        Arrays.stream(differences).filter(d -> d > 0).count() / (double) repetitions,
        Arrays.stream(differences).filter(d -> d < 0).count() / (double) repetitions,
        small,
        large,
        KolmogorovSmirnov.withDefaults().test(small, large));
  }

  private static double min(double[] values) {
    return Arrays.stream(values).min().orElseThrow();
  }

  @Override
  public double[] differences() {
    return differences.clone();
  }

  @Override
  public double[] small() {
    return small.clone();
  }

  @Override
  public double[] large() {
    return large.clone();
  }
}
