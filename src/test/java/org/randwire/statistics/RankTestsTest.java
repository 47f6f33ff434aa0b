// SPDX-License-Identifier: Apache-2.0
package org.randwire.statistics;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.randwire.random.PhiloxStream;
import org.randwire.random.Purpose;
import org.randwire.random.RandomStreams;

/** Mann-Whitney, Cliff's delta and corrections for many tests. */
class RankTestsTest {

  @Test
  void deltaCountsPairs() {
    for (int seed = 0; seed < 50; seed++) {
      PhiloxStream random = new RandomStreams(seed).stream(Purpose.RESAMPLING, 0, 0);
      double[] x = random.ints(2 + random.nextInt(20), 0, 12).asDoubleStream().toArray();
      double[] y = random.ints(2 + random.nextInt(20), 3, 15).asDoubleStream().toArray();
      double larger = 0;
      double smaller = 0;
      for (double a : x) {
        for (double b : y) {
          larger += a > b ? 1 : 0;
          smaller += a < b ? 1 : 0;
        }
      }
      double pairs = (double) x.length * y.length;
      MannWhitney result = MannWhitney.of(x, y);
      assertEquals((larger - smaller) / pairs, result.cliffsDelta(), 1e-12, "seed " + seed);
      assertEquals(
          (smaller + (pairs - larger - smaller) / 2) / pairs,
          result.chanceFirstIsBetter(),
          1e-12,
          "seed " + seed);
    }
  }

  @Test
  void exactPOfSeparateSamples() {
    MannWhitney result = MannWhitney.of(new double[] {1, 2, 3}, new double[] {4, 5, 6, 7});
    assertEquals(-1, result.cliffsDelta());
    assertEquals(2.0 / 35, result.p(), 1e-12);
  }

  @Test
  void constantSamplesAreNoFinding() {
    MannWhitney result = MannWhitney.of(new double[] {1, 1, 1}, new double[] {1, 1});
    assertEquals(1, result.p());
    assertEquals(0, result.cliffsDelta());
  }

  @Test
  void holmStepsDown() {
    assertArrayEquals(
        new double[] {0.03, 0.06, 0.06, 0.02}, Correction.HOLM.of(0.01, 0.04, 0.03, 0.005), 1e-15);
    assertArrayEquals(new double[] {1, 1}, Correction.HOLM.of(0.6, 0.9), 1e-15);
  }

  @Test
  void benjaminiHochbergStepsUp() {
    assertArrayEquals(
        new double[] {0.02, 0.04, 0.04, 0.02}, Correction.BH.of(0.01, 0.04, 0.03, 0.005), 1e-15);
    assertArrayEquals(new double[] {0.9, 0.9}, Correction.BH.of(0.6, 0.9), 1e-15);
  }

  @Test
  void benjaminiHochbergIsNeverStricterThanHolm() {
    for (int seed = 0; seed < 100; seed++) {
      PhiloxStream random = new RandomStreams(seed).stream(Purpose.RESAMPLING, 0, 0);
      double[] p = random.doubles(1 + random.nextInt(30)).map(u -> u * u * u).toArray();
      double[] holm = Correction.HOLM.of(p);
      double[] bh = Correction.BH.of(p);
      for (int i = 0; i < p.length; i++) {
        assertTrue(p[i] <= bh[i] + 1e-15 && bh[i] <= holm[i] + 1e-15, "seed " + seed);
      }
    }
  }

  @Test
  void refusesWhatIsNoProbability() {
    assertThrows(IllegalArgumentException.class, () -> Correction.HOLM.of(0.5, 1.5));
  }
}
