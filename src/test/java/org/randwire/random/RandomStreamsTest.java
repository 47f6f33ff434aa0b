// SPDX-License-Identifier: Apache-2.0
package org.randwire.random;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RandomStreamsTest {
  private static final RandomStreams STREAMS = new RandomStreams(0x0123456789ABCDEFL);

  @Test
  void laysOutKeyAndCounterAsDocumented() {
    long a = 0xABCDEF_12345678L;
    long b = 0xFEDCBA98L;
    int[] expected = new int[Philox.WORDS];
    Philox.block(
        1,
        0xFEDCBA98,
        0x12345678,
        0xABCDEF00 | Purpose.DROPOUT.id(),
        0x89ABCDEF,
        0x01234567,
        expected);

    int[] words = STREAMS.stream(Purpose.DROPOUT, a, b).ints(8).toArray();

    assertArrayEquals(expected, Arrays.copyOfRange(words, 4, 8));
  }

  @Test
  void resetGivesTheSameNumbersAsANewStream() {
    PhiloxStream reused = STREAMS.stream(Purpose.WEIGHTS, 7, 1);
    reused.nextGaussian();
    reused.nextInt();
    reused.reset(Purpose.AUGMENTATION, 3, 4);
    PhiloxStream fresh = STREAMS.stream(Purpose.AUGMENTATION, 3, 4);

    for (int i = 0; i < 100; i++) {
      assertEquals(fresh.nextGaussian(), reused.nextGaussian());
      assertEquals(fresh.nextInt(), reused.nextInt());
      assertEquals(fresh.nextInt(1000), reused.nextInt(1000));
    }
  }

  @Test
  void everyPartOfTheKeySelectsAnotherStream() {
    Set<Long> first = new HashSet<>();
    int streams = 0;
    for (long seed : new long[] {0, 1, 1L << 32, -1}) {
      for (Purpose purpose : Purpose.values()) {
        for (long a : new long[] {0, 1, 1L << 32, PhiloxStream.MAX_A - 1}) {
          for (long b : new long[] {0, 1, PhiloxStream.MAX_B - 1}) {
            first.add(new RandomStreams(seed).stream(purpose, a, b).nextLong());
            streams++;
          }
        }
      }
    }

    assertEquals(streams, first.size());
  }

  /** A changed id would silently change every published result; this table must never change. */
  @ParameterizedTest
  @CsvSource({
    "WEIGHTS, 1",
    "ORDER, 2",
    "AUGMENTATION, 3",
    "DROPOUT, 4",
    "EDGE_DROP, 5",
    "SYNTHETIC_DATA, 6",
    "PRECISE_STATISTICS, 7"
  })
  void purposesKeepTheirIds(Purpose purpose, int id) {
    assertEquals(id, purpose.id());
  }

  @Test
  void noTwoPurposesShareAnId() {
    long distinct = Arrays.stream(Purpose.values()).mapToInt(Purpose::id).distinct().count();

    assertEquals(Purpose.values().length, distinct);
    assertTrue(Arrays.stream(Purpose.values()).allMatch(p -> p.id() > 0 && p.id() < 256));
  }

  @ParameterizedTest
  @CsvSource({"-1, 0", "0, -1", "72057594037927936, 0", "0, 4294967296"})
  void refusesCountersThatWouldReachIntoAnotherStream(long a, long b) {
    assertThrows(IllegalArgumentException.class, () -> STREAMS.stream(Purpose.WEIGHTS, a, b));
  }

  @ParameterizedTest
  @ValueSource(ints = {0, -1, Integer.MIN_VALUE})
  void refusesAnUpperBoundThatIsNotPositive(int bound) {
    PhiloxStream random = STREAMS.stream(Purpose.WEIGHTS, 0, 0);

    assertThrows(IllegalArgumentException.class, () -> random.nextInt(bound));
  }

  /** 3 * 2^29 leaves a third of all words to reject: a plain remainder would be far off. */
  @Test
  void boundedNumbersAreUnbiasedForABoundFarFromAPowerOfTwo() {
    int bound = 3 << 29;
    PhiloxStream random = STREAMS.stream(Purpose.WEIGHTS, 0, 0);
    int draws = 90_000;
    long[] thirds = new long[3];
    for (int i = 0; i < draws; i++) {
      thirds[random.nextInt(bound) / (1 << 29)]++;
    }

    // 0.001 quantile of chi-square with 2 degrees of freedom.
    assertTrue(chiSquare(thirds, draws) < 13.82, Arrays.toString(thirds));
  }

  @Test
  void uniformNumbersStayInTheirRangesWithTheRightMoments() {
    PhiloxStream random = STREAMS.stream(Purpose.DROPOUT, 1, 2);
    int draws = 100_000;
    double sum = 0;
    double sumOfSquares = 0;
    for (int i = 0; i < draws; i++) {
      float f = random.nextFloat();
      double d = random.nextDouble();
      assertTrue(f >= 0 && f < 1 && d >= 0 && d < 1);
      sum += f + d;
      sumOfSquares += f * f + d * d;
    }

    // Standard errors over 200,000 numbers: 0.00065 and 0.00067; five of them.
    assertEquals(0.5, sum / (2 * draws), 0.0033);
    assertEquals(1.0 / 3, sumOfSquares / (2 * draws), 0.0034);
  }

  @Test
  void gaussianNumbersHaveTheMomentsOfTheNormalDistribution() {
    PhiloxStream random = STREAMS.stream(Purpose.WEIGHTS, 5, 0);
    int draws = 200_000;
    double[] moments = new double[5];
    double product = 0;
    double previous = random.nextGaussian();
    for (int i = 0; i < draws; i++) {
      double x = random.nextGaussian();
      product += previous * x;
      previous = x;
      for (int k = 1; k <= 4; k++) {
        moments[k] += Math.pow(x, k) / draws;
      }
    }

    // Five standard errors: sqrt(var(x^k) / draws) with var = 1, 2, 15, 96.
    assertEquals(0, moments[1], 0.0112);
    assertEquals(1, moments[2], 0.0159);
    assertEquals(0, moments[3], 0.0434);
    assertEquals(3, moments[4], 0.11);
    assertEquals(0, product / draws, 0.0112);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 13, 50_000})
  void permutationHoldsEveryIndexOnce(int size) {
    int[] sorted = STREAMS.permutation(size, 3);
    Arrays.sort(sorted);

    assertArrayEquals(IntStream.range(0, size).toArray(), sorted);
  }

  @Test
  void permutationDependsOnSeedAndEpochOnly() {
    int[] order = STREAMS.permutation(100, 3);

    assertArrayEquals(order, new RandomStreams(STREAMS.masterSeed()).permutation(100, 3));
    assertFalse(Arrays.equals(order, STREAMS.permutation(100, 4)));
    assertFalse(Arrays.equals(order, new RandomStreams(1).permutation(100, 3)));
  }

  @Test
  void allPermutationsAreEquallyLikely() {
    int draws = 24_000;
    long[] counts = new long[4 * 4 * 4 * 4];
    for (int epoch = 0; epoch < draws; epoch++) {
      int code = 0;
      for (int i : STREAMS.permutation(4, epoch)) {
        code = 4 * code + i;
      }
      counts[code]++;
    }
    long[] seen = Arrays.stream(counts).filter(count -> count > 0).toArray();

    assertEquals(24, seen.length);
    // 0.001 quantile of chi-square with 23 degrees of freedom.
    assertTrue(chiSquare(seen, draws) < 49.73, Arrays.toString(seen));
  }

  private static double chiSquare(long[] counts, int draws) {
    double expected = (double) draws / counts.length;
    return Arrays.stream(counts).mapToDouble(n -> (n - expected) * (n - expected) / expected).sum();
  }
}
