// SPDX-License-Identifier: Apache-2.0
package org.randwire.statistics;

import java.util.ArrayList;
import java.util.List;
import org.randwire.random.PhiloxStream;
import org.randwire.random.Purpose;
import org.randwire.random.RandomStreams;

/**
 * How good the best of m models drawn at random is (Radosavovic et al. 2019, section 3.4): drawn
 * with replacement, a model with the probability that is its weight.
 */
public final class RandomSearch {

  private RandomSearch() {}

  /**
   * The lowest error among m draws.
   *
   * @param m number of draws
   * @param mean expected lowest error
   * @param deviation standard deviation of the lowest error
   */
  public record Best(int m, double mean, double deviation) {}

  /**
   * Expectation and standard deviation in closed form: the lowest of m draws is above a value if
   * all m are.
   *
   * @param m at least 1
   */
  public static Best expected(Sample sample, int m) {
    Observations.atLeast(1, "the number of draws", m);
    double mean = 0;
    double above = 1;
    double[] chance = new double[sample.size()];
    for (int i = 0; i < chance.length; i++) {
      double left = Math.pow(Math.max(0, 1 - sample.cumulative(i + 1)), m);
      chance[i] = above - left;
      mean += chance[i] * sample.value(i);
      above = left;
    }
    double variance = 0;
    for (int i = 0; i < chance.length; i++) {
      double distance = sample.value(i) - mean;
      variance += chance[i] * distance * distance;
    }
    return new Best(m, mean, Math.sqrt(variance));
  }

  /**
   * The paper's simulation: floor(n / m) times, draw m models and take the lowest error; mean and
   * standard deviation (of the population, as NumPy's) over these.
   *
   * @param m in [1, size of the sample]
   */
  public static Best simulated(Sample sample, int m, long seed) {
    Observations.atLeast(1, "the number of draws", m);
    int repeats = sample.size() / m;
    if (repeats == 0) {
      throw new IllegalArgumentException(
          "%d draws need at least as many models, got %d".formatted(m, sample.size()));
    }
    PhiloxStream random = new RandomStreams(seed).stream(Purpose.RESAMPLING, m, 2);
    double sum = 0;
    double squares = 0;
    double[] lowest = new double[repeats];
    for (int r = 0; r < repeats; r++) {
      int best = sample.size();
      for (int i = 0; i < m; i++) {
        best = Math.min(best, sample.at(random.nextDouble()));
      }
      lowest[r] = sample.value(best);
      sum += lowest[r];
    }
    double mean = sum / repeats;
    for (double value : lowest) {
      squares += (value - mean) * (value - mean);
    }
    return new Best(m, mean, Math.sqrt(squares / repeats));
  }

  /** The powers of two 1, 2, 4, .. up to a number of models, at least 1. */
  public static int[] powersOfTwo(int most) {
    List<Integer> powers = new ArrayList<>();
    for (long m = 1; m <= Math.max(1, most); m *= 2) {
      powers.add((int) m);
    }
    return powers.stream().mapToInt(Integer::intValue).toArray();
  }
}
