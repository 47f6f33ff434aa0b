// SPDX-License-Identifier: Apache-2.0
package org.randwire.statistics;

import java.util.Arrays;
import java.util.OptionalInt;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import org.apache.commons.math3.distribution.BinomialDistribution;
import org.apache.commons.statistics.inference.KolmogorovSmirnovTest;
import org.apache.commons.statistics.inference.PValueMethod;
import org.randwire.random.PhiloxStream;
import org.randwire.random.Purpose;
import org.randwire.random.RandomStreams;

/**
 * How many models of each of two populations the Kolmogorov-Smirnov test needs.
 *
 * @param alpha level of the test, two-sided, in (0, 1)
 * @param power wanted chance of a rejection, in (0, 1)
 */
public record PowerPlan(double alpha, double power) {

  /** More models than this are never proposed. */
  public static final int MOST_MODELS = 1 << 20;

  private static final int TRIALS = 400;

  /** Beyond, the limit differs from the exact law by less than a plan is worth. */
  private static final int EXACT_UP_TO = 1000;

  public PowerPlan {
    Observations.inUnitInterval("alpha", alpha);
    Observations.inUnitInterval("power", power);
  }

  /**
   * The smallest D that n models against n are significant with, or 2, which none reaches, if even
   * the largest is not.
   */
  public double criticalDistance(int n) {
    Observations.atLeast(1, "models", n);
    if (n == 1) {
      return 2;
    }
    // From Kolmogorov's limit, which is a step or two off.
    int steps = Math.max(1, (int) Math.round(Math.sqrt(-Math.log(alpha / 2) * n)));
    while (steps <= n && pValue(n, steps) > alpha) {
      steps++;
    }
    while (steps > 1 && steps <= n + 1 && pValue(n, steps - 1) <= alpha) {
      steps--;
    }
    return steps > n ? 2 : steps / (double) n;
  }

  /** Two samples of n whose functions are {@code steps / n} apart, as far as any test can tell. */
  private static double pValue(int n, int steps) {
    double[] x = IntStream.range(0, n).asDoubleStream().toArray();
    double[] y = Arrays.stream(x).map(v -> v + steps - 0.5).toArray();
    return KolmogorovSmirnovTest.withDefaults()
        .with(n > EXACT_UP_TO ? PValueMethod.ASYMPTOTIC : PValueMethod.EXACT)
        .test(x, y)
        .getPValue();
  }

  /**
   * Enough models for any two populations whose distribution functions are {@code d} apart
   * somewhere. The test rejects if the two functions of the samples are critically far apart at
   * that place alone; the place is taken to be the middle of both, where samples scatter most, so
   * the count there is binomial with 2n trials (compare Massey 1951). Most pairs need fewer.
   *
   * @param d distance to be seen, in (0, 1)
   * @return models of each population, or nothing if more than {@value #MOST_MODELS}
   */
  public OptionalInt guaranteed(double d) {
    Observations.inUnitInterval("distance", d);
    return smallest(n -> guaranteedPower(n, d) >= power);
  }

  /** The chance of a rejection that n models against n have at least, at distance d. */
  public double guaranteedPower(int n, double d) {
    int needed = (int) Math.round(criticalDistance(n) * n);
    BinomialDistribution law = new BinomialDistribution(null, 2 * n, (1 + d) / 2);
    return 1 - law.cumulativeProbability(n + needed - 1);
  }

  /**
   * Models needed to tell two populations apart that are like two pilot samples: models are drawn
   * from the pilots with replacement and tested.
   *
   * @return models of each population, or nothing if more than {@code most}
   */
  public OptionalInt likePilots(Sample first, Sample second, int most, long seed) {
    OptionalInt found = smallest(n -> n <= most && pilotPower(first, second, n, seed) >= power);
    return found.isPresent() && found.getAsInt() <= most ? found : OptionalInt.empty();
  }

  /** The share of rejections among simulated pairs of n models each. */
  public double pilotPower(Sample first, Sample second, int n, long seed) {
    double critical = criticalDistance(n) - 1e-12;
    RandomStreams streams = new RandomStreams(seed);
    long rejected =
        IntStream.range(0, TRIALS)
            .parallel()
            .filter(
                trial -> {
                  PhiloxStream random = streams.stream(Purpose.RESAMPLING, trial, 7);
                  Edf a = Edf.of(drawn(first, n, random));
                  Edf b = Edf.of(drawn(second, n, random));
                  return a.gap(b).d() >= critical;
                })
            .count();
    return rejected / (double) TRIALS;
  }

  private static double[] drawn(Sample sample, int n, PhiloxStream random) {
    double[] values = new double[n];
    Arrays.setAll(values, i -> sample.value(sample.at(random.nextDouble())));
    return values;
  }

  /**
   * A number that is enough while the next smaller one is not; the smallest such, up to the grain
   * of D, for a power that grows with the number of models.
   */
  private static OptionalInt smallest(IntPredicate enough) {
    int high = 1;
    while (!enough.test(high)) {
      if (high >= MOST_MODELS) {
        return OptionalInt.empty();
      }
      high *= 2;
    }
    int low = high / 2;
    while (high - low > 1) {
      int middle = (low + high) >>> 1;
      if (enough.test(middle)) {
        high = middle;
      } else {
        low = middle;
      }
    }
    return OptionalInt.of(high);
  }
}
