// SPDX-License-Identifier: Apache-2.0
package org.randwire.statistics;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ForkJoinPool;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.randwire.random.PhiloxStream;
import org.randwire.random.Purpose;
import org.randwire.random.RandomStreams;

/** Bands, simulated searches and studies: what they estimate, and that a seed repeats them. */
class ResamplingTest {

  private static double[] normal(int count, double mean, long seed) {
    PhiloxStream random = new RandomStreams(seed).stream(Purpose.RESAMPLING, 0, 99);
    double[] values = new double[count];
    Arrays.setAll(values, i -> mean + 0.01 * random.nextGaussian());
    return values;
  }

  @Test
  void bandsHoldTheTruthAboutAsOftenAsTheySay() {
    int trials = 400;
    int edfHits = 0;
    int medianHits = 0;
    double bestTruth = RandomSearch.expected(Sample.of(normal(200_000, 0.07, 1)), 4).mean();
    int bestHits = 0;
    for (int seed = 2; seed < 2 + trials; seed++) {
      Sample sample = Sample.of(normal(80, 0.07, seed));
      Bootstrap.Bands bands =
          new Bootstrap(200, 0.9, seed)
              .bands(sample, new double[] {0.07}, new double[] {0.5}, new int[] {4});
      edfHits += holds(bands.edf(), 0.5);
      medianHits += holds(bands.quantiles(), 0.07);
      bestHits += holds(bands.best(), bestTruth);
    }
    // 90 % less what a percentile bootstrap of 80 values loses; 3 sigma are 0.045.
    assertEquals(0.9, edfHits / (double) trials, 0.06);
    assertEquals(0.9, medianHits / (double) trials, 0.06);
    assertEquals(0.88, bestHits / (double) trials, 0.07);
  }

  private static int holds(Bootstrap.Band band, double truth) {
    return band.low()[0] <= truth && truth <= band.high()[0] ? 1 : 0;
  }

  @Test
  void bandsOfNormalisedSamplesResampleWithinBins() {
    // One model per bin: nothing is left to chance.
    double[] complexities = {0.5, 1.5, 2.5, 3.5};
    Sample sample =
        Sample.normalised(
            new double[] {0.4, 0.3, 0.2, 0.1}, ComplexityWeights.of(complexities, 0, 4, 4));
    Bootstrap.Bands bands =
        new Bootstrap(50, 0.95, 1)
            .bands(sample, new double[] {0.2}, new double[] {0.5}, new int[] {1, 2});
    assertArrayEquals(new double[] {0.5}, bands.edf().low(), 1e-15);
    assertArrayEquals(new double[] {0.5}, bands.edf().high(), 1e-15);
    assertArrayEquals(new double[] {0.2}, bands.quantiles().high(), 1e-15);
    for (int i = 0; i < 2; i++) {
      double expected = RandomSearch.expected(sample, 1 + i).mean();
      assertEquals(expected, bands.best().low()[i], 1e-12);
      assertEquals(expected, bands.best().high()[i], 1e-12);
    }
  }

  @Test
  void numbersDoNotDependOnThreads() throws InterruptedException, ExecutionException {
    double[] alone = numbers(1);
    assertArrayEquals(alone, numbers(2));
    assertArrayEquals(alone, numbers(5));
  }

  private static double[] numbers(int threads) throws InterruptedException, ExecutionException {
    ForkJoinPool pool = new ForkJoinPool(threads);
    try {
      return pool.submit(() -> numbers()).get();
    } finally {
      pool.shutdown();
    }
  }

  private static double[] numbers() {
    Sample first = Sample.of(normal(120, 0.07, 1));
    Sample second = Sample.of(normal(130, 0.072, 2));
    NormalizedComparison gap = NormalizedComparison.of(first, second, 300, 5);
    Bootstrap.Band best =
        new Bootstrap(100, 0.95, 3)
            .bands(first, new double[0], new double[0], new int[] {8})
            .best();
    double power = new PowerPlan(0.05, 0.8).pilotPower(first, second, 100, 4);
    return new double[] {
      gap.permutationP(), gap.bootstrapP(), best.low()[0], best.high()[0], power
    };
  }

  @Test
  void simulatedSearchMeetsTheClosedForm() {
    Sample sample = Sample.of(normal(40_000, 0.07, 3));
    for (int m : new int[] {1, 4, 32}) {
      RandomSearch.Best expected = RandomSearch.expected(sample, m);
      RandomSearch.Best simulated = RandomSearch.simulated(sample, m, 11);
      double error = expected.deviation() / Math.sqrt(sample.size() / m);
      assertEquals(expected.mean(), simulated.mean(), 4 * error, "m " + m);
      assertEquals(expected.deviation(), simulated.deviation(), 0.1 * expected.deviation());
    }
  }

  @Test
  void simulatedSearchFollowsTheWeights() {
    Sample sample = Sample.weighted(new double[] {1, 2, 3}, new double[] {0, 0.25, 0.75});
    double[] many = new double[3000];
    for (int seed = 0; seed < many.length; seed++) {
      many[seed] = RandomSearch.simulated(sample, 1, seed).mean();
    }
    assertEquals(2.75, Arrays.stream(many).average().orElseThrow(), 0.03);
    assertTrue(Arrays.stream(many).min().orElseThrow() >= 2);
  }

  @Test
  void largerSetWinsOverASmallOneOfTheSamePopulation() {
    PointStudy study = PointStudy.of(normal(25_000, 0.07, 4), 100, 1000, 5000, 1);
    // P(the lowest of 1100 is among the 1000): 10 / 11; 3 sigma are 0.012.
    assertEquals(10.0 / 11, study.largeWins(), 0.0125);
    assertEquals(1 - study.largeWins(), study.smallWins(), 1e-12);
    assertTrue(study.test().p() > 0.001, () -> "p " + study.test().p());
    assertEquals(100, study.small().length);
    assertEquals(1000, study.large().length);
  }

  @Test
  void distanceFallsWithTheNumberOfModels() {
    var points = SampleSizeStudy.of(normal(25_000, 0.07, 5), 1 << 14, 50, 1);
    assertEquals(15, points.size());
    // E(D) for n against many is about 0.87 / sqrt(n): 0.087 at 100.
    SampleSizeStudy.Point at128 = points.get(7);
    assertEquals(128, at128.models());
    assertEquals(0.8687 / Math.sqrt(128), at128.meanD(), 0.012);
    assertTrue(points.get(0).meanD() > 0.6, () -> "" + points.get(0));
    for (int i = 1; i < points.size(); i++) {
      assertTrue(points.get(i).meanD() < points.get(i - 1).meanD(), "at " + i);
    }
  }

  @Test
  void bestModelsValuesAreFound() {
    double[] values = IntStream.range(0, 400).mapToDouble(i -> i / 400.0).toArray();
    double[] errors = Arrays.stream(values).map(v -> Math.abs(v - 0.3)).toArray();
    BestModels.Range range = BestModels.of(errors, 1).range(values);
    assertEquals(0.3, range.median(), 0.01);
    assertTrue(range.low() < 0.3 && range.low() > 0.27, () -> "" + range);
    assertTrue(range.high() > 0.3 && range.high() < 0.33, () -> "" + range);
  }

  @Test
  void plannedModelsHaveThePowerTheyWerePlannedFor() {
    PowerPlan plan = new PowerPlan(0.05, 0.8);
    int n = plan.guaranteed(0.2).orElseThrow();
    assertTrue(plan.guaranteedPower(n, 0.2) >= 0.8);
    assertTrue(plan.guaranteedPower(n - 1, 0.2) < 0.8);
    // Two uniform laws, the second shifted by 0.2: their functions are 0.2 apart.
    double[] x = IntStream.range(0, 5000).mapToDouble(i -> i / 5000.0).toArray();
    double[] y = Arrays.stream(x).map(v -> v + 0.2).toArray();
    double power = plan.pilotPower(Sample.of(x), Sample.of(y), n, 1);
    assertTrue(power >= 0.8, () -> n + " models have power " + power);
    int fewer = plan.likePilots(Sample.of(x), Sample.of(y), 1000, 1).orElseThrow();
    assertTrue(fewer <= n, () -> fewer + " and " + n);
    assertTrue(plan.likePilots(Sample.of(x), Sample.of(x), 200, 1).isEmpty());
  }

  @Test
  void criticalDistanceIsTheFirstThatIsSignificant() {
    // 100 against 100 at 5 %: tables have 19 / 100 not significant by a hair, 20 / 100 significant.
    assertEquals(0.20, new PowerPlan(0.05, 0.8).criticalDistance(100), 1e-12);
    assertEquals(2, new PowerPlan(0.05, 0.8).criticalDistance(3));
  }
}
