// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli;

/** Shows the progress of a pretended run, to be looked at: {@code java ... ProgressDemo}. */
final class ProgressDemo {

  private ProgressDemo() {}

  public static void main(String[] arguments) throws InterruptedException {
    int epochs = 3;
    int stepsPerEpoch = 400;
    try (Progress progress = Progress.onStandardError(epochs, stepsPerEpoch, 0, 0)) {
      for (int step = 1; step <= epochs * stepsPerEpoch; step++) {
        Thread.sleep(10);
        progress.step(128);
        if (step % 20 == 0) {
          progress.measured(2.3 * Math.exp(-step / 400.0), 1 - 0.9 * Math.exp(-step / 400.0));
        }
        if (step % stepsPerEpoch == 0) {
          progress.epochEnd(2.3 * Math.exp(-step / 400.0), 1 - 0.9 * Math.exp(-step / 400.0));
        }
      }
    }
  }
}
