// SPDX-License-Identifier: Apache-2.0
package org.randwire.benchmarks;

import java.util.List;

/**
 * What one process measured.
 *
 * @param losses of the first steps, each before its update; equal in all engines but for rounding
 * @param stepMillis durations of the steps after them
 * @param peakBytes largest resident memory of the process: program, libraries and tensors
 * @param description of the engine
 */
record Measurement(
    Subject subject,
    Variant variant,
    List<Double> losses,
    List<Double> stepMillis,
    long peakBytes,
    String description) {

  Measurement {
    losses = List.copyOf(losses);
    stepMillis = List.copyOf(stepMillis);
  }

  double imagesPerSecond() {
    return 1000 * subject.batch() / Statistics.of(stepMillis).median();
  }

  /** The loss after five updates. */
  double lastLoss() {
    return losses.get(losses.size() - 1);
  }
}
