// SPDX-License-Identifier: Apache-2.0
package org.randwire.statistics;

import java.util.ArrayList;
import java.util.List;
import org.randwire.random.Purpose;
import org.randwire.random.RandomStreams;

/**
 * How many models describe a population (Radosavovic et al. 2019, figure 7): the distance between a
 * large fixed draw and draws of 1, 2, 4, .. models, averaged over repeated draws.
 */
public final class SampleSizeStudy {

  private SampleSizeStudy() {}

  /**
   * @param models size of the draws
   * @param meanD mean distance to the fixed draw
   * @param lowD 2.5 % quantile of the distances
   * @param highD 97.5 % quantile of the distances
   */
  public record Point(int models, double meanD, double lowD, double highD) {}

  /**
   * One point per power of two up to the reference.
   *
   * @param reference size of the fixed draw; the paper has 2^14
   * @param trials draws per size; the paper has 50
   */
  public static List<Point> of(double[] population, int reference, int trials, long seed) {
    double[] errors = Observations.checked("population", population);
    Observations.atLeast(1, "trials", trials);
    if (reference < 1 || reference > errors.length) {
      throw new IllegalArgumentException(
          "the reference must be 1 to %d models, got %d".formatted(errors.length, reference));
    }
    Draws draws = new Draws(errors, new RandomStreams(seed).stream(Purpose.RESAMPLING, 0, 5));
    Edf fixed = Edf.of(draws.values(reference));
    List<Point> points = new ArrayList<>();
    for (int models : RandomSearch.powersOfTwo(reference)) {
      double[] distances = new double[trials];
      double sum = 0;
      for (int t = 0; t < trials; t++) {
        distances[t] = fixed.gap(Edf.of(draws.values(models))).d();
        sum += distances[t];
      }
      Quantiles spread = Quantiles.of(distances);
      points.add(new Point(models, sum / trials, spread.at(0.025), spread.at(0.975)));
    }
    return points;
  }
}
