// SPDX-License-Identifier: Apache-2.0
package org.randwire.statistics;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.apache.commons.rng.UniformRandomProvider;
import org.randwire.random.Purpose;
import org.randwire.random.RandomStreams;

/**
 * Percentile bootstrap of a sample: its models are drawn anew with replacement, within complexity
 * bins where it has them, and every curve is computed from what was drawn. Draw {@code i} depends
 * on the seed and {@code i} alone, so the number of threads changes nothing.
 *
 * @param draws how often, at least 2
 * @param confidence share of the draws within a band, pointwise, in (0, 1)
 * @param seed any number
 */
public record Bootstrap(int draws, double confidence, long seed) {

  /** Lower and upper limits, one pair per point of a curve. */
  public record Band(double[] low, double[] high) {
    public Band {
      low = low.clone();
      high = high.clone();
    }

    @Override
    public double[] low() {
      return low.clone();
    }

    @Override
    public double[] high() {
      return high.clone();
    }
  }

  /**
   * Bands of one sample.
   *
   * @param edf of the inclusive distribution function at the errors asked for
   * @param quantiles of the {@link Edf#quantile} at the probabilities asked for
   * @param best of the expected lowest error of m draws, for every m asked for
   */
  public record Bands(Band edf, Band quantiles, Band best) {}

  public Bootstrap {
    Observations.atLeast(2, "bootstrap draws", draws);
    Observations.inUnitInterval("confidence", confidence);
  }

  /**
   * Draws all bands together.
   *
   * @param errors at which the distribution function is wanted
   * @param probabilities of the quantiles wanted, in (0, 1]
   * @param m numbers of draws of a random search wanted, each a power of two
   */
  public Bands bands(Sample sample, double[] errors, double[] probabilities, int[] m) {
    int[] places = Arrays.stream(errors).mapToInt(e -> sample.below(Math.nextUp(e))).toArray();
    for (int size : m) {
      if (Integer.bitCount(size) != 1) {
        throw new IllegalArgumentException("numbers of draws are powers of two, got " + size);
      }
    }
    double[][] edf = new double[errors.length][draws];
    double[][] quantiles = new double[probabilities.length][draws];
    double[][] best = new double[m.length][draws];
    RandomStreams streams = new RandomStreams(seed);
    IntStream.range(0, draws)
        .parallel()
        .forEach(
            draw -> {
              double[] sums = redrawn(sample, streams.stream(Purpose.RESAMPLING, draw, 3));
              for (int i = 0; i < places.length; i++) {
                edf[i][draw] = sums[places[i]];
              }
              for (int i = 0; i < probabilities.length; i++) {
                quantiles[i][draw] = sample.value(reaching(sums, probabilities[i]));
              }
              double[] lowest = lowest(sample, sums, m);
              for (int i = 0; i < m.length; i++) {
                best[i][draw] = lowest[i];
              }
            });
    return new Bands(band(edf), band(quantiles), band(best));
  }

  /** Cumulative weights of the ranks, each counted as often as it was drawn. */
  private static double[] redrawn(Sample sample, UniformRandomProvider random) {
    int[] counts = new int[sample.size()];
    for (int[] members : sample.strata()) {
      for (int i = 0; i < members.length; i++) {
        counts[members[random.nextInt(members.length)]]++;
      }
    }
    double[] sums = new double[counts.length + 1];
    for (int i = 0; i < counts.length; i++) {
      sums[i + 1] = sums[i] + counts[i] * sample.weight(i);
    }
    double total = sums[counts.length];
    for (int i = 1; i < sums.length; i++) {
      sums[i] /= total;
    }
    return sums;
  }

  private static int reaching(double[] sums, double probability) {
    int low = 0;
    int high = sums.length - 2;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (sums[middle + 1] >= probability - 1e-12) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  }

  /** Expected lowest errors, by the sum over P(lowest above value i) times the step to the next. */
  private static double[] lowest(Sample sample, double[] sums, int[] m) {
    double[] lowest = new double[m.length];
    Arrays.fill(lowest, sample.value(0));
    for (int i = 1; i < sample.size(); i++) {
      double step = sample.value(i) - sample.value(i - 1);
      if (step == 0) {
        continue;
      }
      double above = Math.max(0, 1 - sums[i]);
      int power = 1;
      for (int k = 0; k < m.length; k++) {
        while (power < m[k]) {
          above *= above;
          power *= 2;
        }
        lowest[k] += step * above;
      }
    }
    return lowest;
  }

  private Band band(double[][] draws) {
    double tail = (1 - confidence) / 2;
    double[] low = new double[draws.length];
    double[] high = new double[draws.length];
    for (int i = 0; i < draws.length; i++) {
      Quantiles quantiles = Quantiles.of(draws[i]);
      low[i] = quantiles.at(tail);
      high[i] = quantiles.at(1 - tail);
    }
    return new Band(low, high);
  }
}
