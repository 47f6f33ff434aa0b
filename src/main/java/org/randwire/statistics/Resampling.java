// SPDX-License-Identifier: Apache-2.0
package org.randwire.statistics;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.randwire.random.PhiloxStream;
import org.randwire.random.Purpose;
import org.randwire.random.RandomStreams;

/**
 * How far two distribution functions would be apart if both samples came from one population within
 * every stratum. Draw {@code i} is a function of the seed and {@code i} alone, so the number of
 * threads changes nothing.
 */
final class Resampling {

  /** A gap this much smaller counts as the same: sums of weights in another order. */
  private static final double ROUNDING = 1e-12;

  /** How the labels of the pooled models of a stratum are drawn anew. */
  enum Scheme {
    /** Every model keeps its value and gets a label; exact under the null hypothesis. */
    PERMUTATION(0),
    /** Models are drawn with replacement from the pool. */
    BOOTSTRAP(1);

    private final int stream;

    Scheme(int stream) {
      this.stream = stream;
    }
  }

  /** One stratum: the rank of every pooled value and how many of them are the first sample's. */
  private record Pool(int[] ranks, int first, double firstWeight, double secondWeight) {}

  private final Pool[] pools;
  private final int distinct;

  Resampling(Sample first, Sample second) {
    double[] values = pooledValues(first, second);
    distinct = values.length;
    int strata = first.strata().length;
    Observations.sameLength("bins of one", strata, "bins of the other", second.strata().length);
    pools = new Pool[strata];
    for (int s = 0; s < strata; s++) {
      int[] mine = first.strata()[s];
      int[] others = second.strata()[s];
      requireOneWeight(first, mine);
      requireOneWeight(second, others);
      int[] ranks =
          IntStream.concat(
                  IntStream.of(mine).map(i -> Arrays.binarySearch(values, first.value(i))),
                  IntStream.of(others).map(i -> Arrays.binarySearch(values, second.value(i))))
              .toArray();
      pools[s] = new Pool(ranks, mine.length, first.weight(mine[0]), second.weight(others[0]));
    }
  }

  /** A label can pass from one model to another only where it carries one weight. */
  private static void requireOneWeight(Sample sample, int[] stratum) {
    for (int i : stratum) {
      if (sample.weight(i) != sample.weight(stratum[0])) {
        throw new IllegalArgumentException(
            "models of one bin must have one weight to be resampled, got %s and %s"
                .formatted(sample.weight(stratum[0]), sample.weight(i)));
      }
    }
  }

  private static double[] pooledValues(Sample first, Sample second) {
    double[] all = new double[first.size() + second.size()];
    for (int i = 0; i < first.size(); i++) {
      all[i] = first.value(i);
    }
    for (int i = 0; i < second.size(); i++) {
      all[first.size() + i] = second.value(i);
    }
    return Arrays.stream(all).sorted().distinct().toArray();
  }

  /**
   * The share of draws, the observed one among them, whose gap is at least as large as seen.
   *
   * @param gap measured by the alternative's own yardstick
   */
  double pValue(double gap, Alternative alternative, Scheme scheme, int draws, long seed) {
    RandomStreams streams = new RandomStreams(seed);
    long larger =
        IntStream.range(0, draws)
            .parallel()
            .filter(
                draw -> {
                  PhiloxStream random = streams.stream(Purpose.RESAMPLING, draw, scheme.stream);
                  return alternative.of(steps(scheme, random)) >= gap - ROUNDING;
                })
            .count();
    return (larger + 1.0) / (draws + 1.0);
  }

  /** By how much the difference of the two functions jumps at every distinct value. */
  private double[] steps(Scheme scheme, PhiloxStream random) {
    double[] steps = new double[distinct];
    for (Pool pool : pools) {
      if (scheme == Scheme.PERMUTATION) {
        permute(pool, steps, random);
      } else {
        draw(pool, steps, random);
      }
    }
    return steps;
  }

  /**
   * Selection sampling: each pooled model in turn is the first sample's with the due chance.
   * Written without a branch, which would be mispredicted every other time.
   */
  private static void permute(Pool pool, double[] steps, PhiloxStream random) {
    double[] step = {-pool.secondWeight(), pool.firstWeight()};
    int wanted = pool.first();
    int left = pool.ranks().length;
    for (int rank : pool.ranks()) {
      int isFirst = (random.nextInt(left--) - wanted) >>> 31;
      wanted -= isFirst;
      steps[rank] += step[isFirst];
    }
  }

  private static void draw(Pool pool, double[] steps, PhiloxStream random) {
    int[] ranks = pool.ranks();
    for (int i = 0; i < pool.first(); i++) {
      steps[ranks[random.nextInt(ranks.length)]] += pool.firstWeight();
    }
    for (int i = pool.first(); i < ranks.length; i++) {
      steps[ranks[random.nextInt(ranks.length)]] -= pool.secondWeight();
    }
  }
}
