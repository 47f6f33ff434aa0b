// SPDX-License-Identifier: Apache-2.0
package org.randwire.statistics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.randwire.random.PhiloxStream;
import org.randwire.random.Purpose;
import org.randwire.random.RandomStreams;

/** The law given ties, against every labelling of small samples and against permutations. */
class TieLatticeTest {

  @Test
  void isTheShareOfLabellingsThatAreAsFarApart() {
    for (int seed = 0; seed < 200; seed++) {
      PhiloxStream random = new RandomStreams(seed).stream(Purpose.RESAMPLING, 0, 0);
      int n = 1 + random.nextInt(6);
      int m = 1 + random.nextInt(6);
      double[] pooled = new double[n + m];
      int kinds = 1 + random.nextInt(6);
      for (int i = 0; i < pooled.length; i++) {
        pooled[i] = random.nextInt(kinds);
      }
      for (Alternative alternative : Alternative.values()) {
        int observed = (1 << n) - 1;
        KolmogorovSmirnov.Result result =
            KolmogorovSmirnov.withDefaults()
                .with(alternative)
                .test(labelled(pooled, observed, true), labelled(pooled, observed, false));
        assertEquals(
            enumerated(pooled, n, observed, alternative),
            result.pGivenTies(),
            1e-12,
            "seed " + seed + ", " + alternative);
      }
    }
  }

  private static double enumerated(double[] pooled, int n, int observed, Alternative alternative) {
    double d = distance(pooled, observed, alternative);
    int all = 0;
    int asFar = 0;
    for (int labels = 0; labels < 1 << pooled.length; labels++) {
      if (Integer.bitCount(labels) == n) {
        all++;
        asFar += distance(pooled, labels, alternative) >= d - 1e-12 ? 1 : 0;
      }
    }
    return asFar / (double) all;
  }

  /** Straight from the definition: the largest difference at any pooled value. */
  private static double distance(double[] pooled, int labels, Alternative alternative) {
    double[] x = labelled(pooled, labels, true);
    double[] y = labelled(pooled, labels, false);
    double largest = 0;
    for (double value : pooled) {
      double difference = atMost(x, value) - atMost(y, value);
      largest =
          Math.max(
              largest,
              switch (alternative) {
                case TWO_SIDED -> Math.abs(difference);
                case GREATER -> difference;
                case LESS -> -difference;
              });
    }
    return largest;
  }

  private static double atMost(double[] values, double bound) {
    int count = 0;
    for (double value : values) {
      count += value <= bound ? 1 : 0;
    }
    return count / (double) values.length;
  }

  private static double[] labelled(double[] pooled, int labels, boolean set) {
    return IntStream.range(0, pooled.length)
        .filter(i -> (labels >> i & 1) == (set ? 1 : 0))
        .mapToDouble(i -> pooled[i])
        .toArray();
  }

  @Test
  void permutationsComeToTheSame() {
    for (int seed = 1; seed <= 5; seed++) {
      PhiloxStream random = new RandomStreams(seed).stream(Purpose.RESAMPLING, 0, 0);
      double[] x = random.ints(40, 0, 9).asDoubleStream().toArray();
      double[] y = random.ints(55, 0, 9).asDoubleStream().toArray();
      KolmogorovSmirnov test = KolmogorovSmirnov.withDefaults().withPermutations(20_000, seed);
      double exact = test.test(x, y).pGivenTies();
      double sigma = Math.sqrt(exact * (1 - exact) / 20_000);
      assertEquals(exact, test.permutationP(x, y), 4 * sigma + 1e-4, "seed " + seed);
    }
  }

  @Test
  void tinyProbabilitiesKeepTheirDigits() {
    double[] x = new double[60];
    double[] y = new double[60];
    Arrays.fill(y, 1);
    double p = KolmogorovSmirnov.withDefaults().test(x, y).pGivenTies();
    // two labellings of binomial(120, 60)
    double expected = 2;
    for (int i = 1; i <= 60; i++) {
      expected *= i / (60.0 + i);
    }
    assertEquals(1, p / expected, 1e-9);
    assertTrue(p < 1e-34, () -> "p " + p);
  }
}
