// SPDX-License-Identifier: Apache-2.0
package org.randwire.training;

import org.randwire.compile.Session;

/**
 * A training recipe.
 *
 * @param batch examples per step
 * @param evaluationBatch examples per evaluation run
 * @param epochs passes over the training data
 * @param maxSteps ends the run after this many updates; 0 for none
 * @param decaysAll weight decay on every parameter; on filters and matrices only otherwise
 * @param gradientClip largest Euclidean norm of all gradients together; 0 for none
 * @param averageDecay what the moving average of the parameters keeps of itself each step; 0 for no
 *     average. If one is kept, it is what is evaluated
 * @param preciseStatistics recompute the batch-norm statistics before each evaluation
 * @param evaluateEvery epochs between evaluations; 0 for one at the end
 * @param checkpointEverySteps updates between checkpoints besides those at epoch ends; 0 for none
 * @param checkpointEveryMinutes minutes between checkpoints besides those at epoch ends; 0 for none
 * @param dataThreads threads that prepare batches
 * @param fusion whether the compiler may fuse ops
 * @param accumulate batches whose gradients are averaged for one update
 * @param recompute whether activations are dropped and computed again for the gradients
 */
public record TrainingSettings(
    int batch,
    int evaluationBatch,
    int epochs,
    long maxSteps,
    LearningRate learningRate,
    double momentum,
    boolean nesterov,
    double weightDecay,
    boolean decaysAll,
    double labelSmoothing,
    double gradientClip,
    double averageDecay,
    EdgeDrop edgeDrop,
    boolean preciseStatistics,
    int evaluateEvery,
    long checkpointEverySteps,
    double checkpointEveryMinutes,
    int dataThreads,
    boolean fusion,
    int accumulate,
    boolean recompute) {

  public TrainingSettings {
    if (accumulate < 1) {
      throw new IllegalArgumentException("an update is of at least 1 batch, got " + accumulate);
    }
    if (epochs < 1 || maxSteps < 0 || dataThreads < 1) {
      throw new IllegalArgumentException(
          "epochs and data threads must be at least 1 and steps not negative, got "
              + epochs
              + ", "
              + dataThreads
              + ", "
              + maxSteps);
    }
    if (!(momentum >= 0 && momentum < 1)
        || !(weightDecay >= 0)
        || !(gradientClip >= 0)
        || !(averageDecay >= 0 && averageDecay < 1)) {
      throw new IllegalArgumentException(
          "momentum and average decay must lie in [0, 1), weight decay and clip must not be"
              + " negative");
    }
  }

  /** The examples of one update. */
  public long updateExamples() {
    return (long) batch * accumulate;
  }

  /** What of the recipe the network is compiled for. */
  public Session.Options session() {
    return new Session.Options(
        batch,
        evaluationBatch,
        labelSmoothing,
        fusion,
        nesterov,
        decaysAll,
        averageDecay > 0,
        accumulate,
        recompute,
        preciseStatistics);
  }
}
