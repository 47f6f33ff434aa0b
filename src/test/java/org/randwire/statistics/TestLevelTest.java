// SPDX-License-Identifier: Apache-2.0
package org.randwire.statistics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.randwire.random.PhiloxStream;
import org.randwire.random.Purpose;
import org.randwire.random.RandomStreams;

/**
 * How often tests at 5 % reject when both samples are from one population. Sizes without a common
 * divisor, so that D has a fine grain and 5 % can be met.
 */
class TestLevelTest {

  private static final int PAIRS = 20_000;
  private static final double ALPHA = 0.05;
  private static final double THREE_SIGMA = 3 * Math.sqrt(ALPHA * (1 - ALPHA) / PAIRS);

  private static double[] errors(PhiloxStream random, int count, double grain) {
    double[] errors = new double[count];
    for (int i = 0; i < count; i++) {
      double error = 0.07 + 0.01 * random.nextGaussian();
      errors[i] = grain == 0 ? error : Math.rint(error / grain) * grain;
    }
    return errors;
  }

  private static double rejections(int n, int m, double grain, boolean givenTies) {
    RandomStreams streams = new RandomStreams(2019);
    return IntStream.range(0, PAIRS)
            .parallel()
            .filter(
                pair -> {
                  PhiloxStream random = streams.stream(Purpose.RESAMPLING, pair, 0);
                  KolmogorovSmirnov.Result result =
                      KolmogorovSmirnov.withDefaults()
                          .test(errors(random, n, grain), errors(random, m, grain));
                  return (givenTies ? result.pGivenTies() : result.p()) <= ALPHA;
                })
            .count()
        / (double) PAIRS;
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, 0.0001, 0.001})
  void defaultTestKeepsItsLevelWithAndWithoutTies(double grain) {
    assertEquals(ALPHA, rejections(47, 61, grain, true), THREE_SIGMA, "errors to " + grain);
  }

  @Test
  void theLawWithoutTiesIsConservativeWhereThereAreMany() {
    double share = rejections(20, 20, 0.005, false);
    assertTrue(share < ALPHA - THREE_SIGMA, () -> "rejected " + share);
  }

  @Test
  void permutationsWithinBinsKeepTheLevelWhereErrorDependsOnComplexity() {
    int pairs = 2000;
    RandomStreams streams = new RandomStreams(7);
    long rejected =
        IntStream.range(0, pairs)
            .parallel()
            .filter(
                pair -> {
                  PhiloxStream random = streams.stream(Purpose.RESAMPLING, pair, 1);
                  Sample small = normalised(random, 60, 2);
                  Sample large = normalised(random, 70, 0.5);
                  return NormalizedComparison.of(small, large, 199, pair).permutationP() <= ALPHA;
                })
            .count();
    double share = rejected / (double) pairs;
    assertEquals(ALPHA, share, 3 * Math.sqrt(ALPHA * (1 - ALPHA) / pairs));
  }

  /** Models whose error falls with complexity; the exponent makes small or large ones frequent. */
  private static Sample normalised(PhiloxStream random, int count, double exponent) {
    double[] complexities = new double[count];
    double[] errors = new double[count];
    for (int i = 0; i < count; i++) {
      // The first ones fill every bin.
      double place = i < 4 ? (i + 0.5) / 4 : Math.pow(random.nextDouble(), exponent);
      complexities[i] = 0.001 + 0.998 * place;
      errors[i] = 0.09 - 0.03 * complexities[i] + 0.01 * random.nextGaussian();
    }
    return Sample.normalised(errors, ComplexityWeights.of(complexities, 0, 1, 4));
  }
}
