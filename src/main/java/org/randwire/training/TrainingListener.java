// SPDX-License-Identifier: Apache-2.0
package org.randwire.training;

import java.util.Optional;

/** What a run tells while it goes on; called on the training thread. */
public interface TrainingListener {

  /**
   * One update.
   *
   * @param step updates done, this one included
   * @param epoch the epoch it belongs to, from 1
   * @param loss mean over the batch, label smoothing included
   * @param learningRate the rate it was done with
   * @param gradientNorm before clipping
   */
  record Step(
      long step, int epoch, int examples, double loss, double learningRate, double gradientNorm) {}

  /**
   * The end of an epoch, or of a run cut short by its number of steps.
   *
   * @param epoch epochs done, this one included
   * @param trainLoss mean of the steps' losses since the epoch began or was resumed
   * @param trainError top-1 error on the augmented training batches of the same steps
   * @param unreadable training examples of the epoch that could not be read and were replaced
   * @param test absent where the settings skip the evaluation
   */
  record EpochEnd(
      long step,
      int epoch,
      double trainLoss,
      double trainError,
      int unreadable,
      Optional<Evaluation> test) {}

  default void stepDone(Step step) {}

  default void epochDone(EpochEnd epoch) {}

  /**
   * A point to go on from.
   *
   * @param checkpoint holds until the call returns, since the network's values are read when they
   *     are wanted; what {@link Checkpoint#loaded} gives may be kept
   * @param best whether the test error is the lowest so far
   */
  default void checkpoint(Checkpoint checkpoint, boolean best) {}
}
