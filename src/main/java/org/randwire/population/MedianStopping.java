// SPDX-License-Identifier: Apache-2.0
package org.randwire.population;

import java.util.List;

/**
 * Stops a run whose test error after an epoch is above the median of the pilot's at that epoch. The
 * pilot is the first members of the population, which run first and to their end; so what is
 * stopped is a function of the population alone, not of how many workers there were.
 *
 * @param pilot members, at least 1
 * @param afterEpoch first epoch at whose end a run may be stopped
 */
public record MedianStopping(int pilot, int afterEpoch) {

  public MedianStopping {
    if (pilot < 1 || afterEpoch < 1) {
      throw new IllegalArgumentException(
          "pilot and afterEpoch must be at least 1, got " + pilot + ", " + afterEpoch);
    }
  }

  String mark() {
    return "stopping: median of the first " + pilot + " after epoch " + afterEpoch;
  }

  /** The median by epoch, from 1 at index 0; of a pilot run that failed the error is 1. */
  double[] medians(List<StoredRun> pilotRuns) {
    int epochs = pilotRuns.stream().mapToInt(run -> run.epochs().size()).max().orElse(0);
    double[] medians = new double[epochs];
    for (int epoch = 1; epoch <= epochs; epoch++) {
      int at = epoch;
      boolean evaluated = pilotRuns.stream().anyMatch(run -> !Double.isNaN(run.testErrorAfter(at)));
      double[] errors =
          pilotRuns.stream()
              .mapToDouble(run -> run.testErrorAfter(at))
              .map(error -> Double.isNaN(error) ? 1 : error)
              .sorted()
              .toArray();
      medians[epoch - 1] = evaluated ? median(errors) : Double.NaN;
    }
    return medians;
  }

  private static double median(double[] sorted) {
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }

  boolean stops(double[] medians, int epoch, double testError) {
    return epoch >= afterEpoch && epoch <= medians.length && testError > medians[epoch - 1];
  }
}
