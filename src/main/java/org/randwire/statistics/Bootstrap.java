// SPDX-License-Identifier: Apache-2.0
package org.randwire.statistics;

import java.util.Arrays;
import java.util.stream.IntStream;
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
   * @param m numbers of draws of a random search wanted, powers of two in ascending order
   */
  public Bands bands(Sample sample, double[] errors, double[] probabilities, int[] m) {
    for (int size : m) {
      if (Integer.bitCount(size) != 1) {
        throw new IllegalArgumentException("numbers of draws are powers of two, got " + size);
      }
    }
    Redraw redraw = new Redraw(sample);
    int[] places = Arrays.stream(errors).map(Math::nextUp).mapToInt(redraw::below).toArray();
    double[][] edf = new double[errors.length][draws];
    double[][] quantiles = new double[probabilities.length][draws];
    double[][] best = new double[m.length][draws];
    RandomStreams streams = new RandomStreams(seed);
    IntStream.range(0, draws)
        .parallel()
        .forEach(
            draw -> {
              double[] sums = redraw.cumulative(streams.stream(Purpose.RESAMPLING, draw, 3));
              for (int i = 0; i < places.length; i++) {
                edf[i][draw] = sums[places[i]];
              }
              for (int i = 0; i < probabilities.length; i++) {
                quantiles[i][draw] = redraw.quantile(sums, probabilities[i]);
              }
              double[] lowest = redraw.lowest(sums, m);
              for (int i = 0; i < m.length; i++) {
                best[i][draw] = lowest[i];
              }
            });
    return new Bands(band(edf), band(quantiles), band(best));
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
