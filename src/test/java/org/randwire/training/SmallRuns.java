// SPDX-License-Identifier: Apache-2.0
package org.randwire.training;

import org.randwire.backend.Backend;
import org.randwire.data.DataSplit;
import org.randwire.data.Synthetic;
import org.randwire.data.augment.Augmentation;
import org.randwire.network.randwire.NodeOp;
import org.randwire.network.randwire.SmallNetworks;
import org.randwire.op.OpGraph;
import org.randwire.random.RandomStreams;

/** A run of a few steps, with a recipe that a test changes where it cares. */
public final class SmallRuns {

  static final int EXAMPLES = 96;
  static final int BATCH = 16;
  static final int STEPS_PER_EPOCH = EXAMPLES / BATCH;

  int epochs = 2;
  long maxSteps;
  LearningRate learningRate = new LearningRate.Cosine(0.1, 0);
  double momentum = 0.9;
  double weightDecay = 5e-4;
  boolean decaysAll = true;
  double gradientClip;
  double averageDecay;
  double dropout;
  EdgeDrop edgeDrop = EdgeDrop.NONE;
  boolean preciseStatistics;
  int evaluateEvery = 1;
  long checkpointEverySteps;
  int dataThreads = 1;
  Augmentation augmentation = Augmentation.NONE;
  boolean cells;
  int accumulate = 1;
  boolean recompute;

  /** Everything that draws random numbers or keeps a state is on. */
  static SmallRuns withEverything() {
    SmallRuns run = new SmallRuns();
    run.epochs = 4;
    run.gradientClip = 1;
    run.averageDecay = 0.9;
    run.dropout = 0.2;
    run.edgeDrop = new EdgeDrop(0.5, EdgeDrop.Scope.STAGE);
    run.augmentation = new Augmentation(1, 0.5);
    return run;
  }

  /** The enhanced setting of searched cells: drop path, an auxiliary classifier, cutout. */
  static SmallRuns withCells() {
    SmallRuns run = withEverything();
    run.cells = true;
    run.augmentation = new Augmentation(1, 0.5, 3);
    return run;
  }

  static DataSplit data() {
    return new Synthetic(new RandomStreams(5), 3, 8, 8, SmallNetworks.CLASSES).split(EXAMPLES, 20);
  }

  OpGraph network() {
    return cells
        ? SmallNetworks.cells(0.4, 0.3)
        : SmallNetworks.randwire(2, 5, NodeOp.SEPARABLE, dropout);
  }

  TrainingSettings settings() {
    return new TrainingSettings(
        BATCH,
        12,
        epochs,
        maxSteps,
        learningRate,
        momentum,
        false,
        weightDecay,
        decaysAll,
        0.1,
        gradientClip,
        averageDecay,
        edgeDrop,
        preciseStatistics,
        evaluateEvery,
        checkpointEverySteps,
        0,
        dataThreads,
        true,
        accumulate,
        recompute);
  }

  /** A run of a network of 13 channel widths 5, 10 and 20, on 96 made-up images of 5 classes. */
  public Trainer open(Backend backend) {
    return new Trainer("small", network(), backend, data(), augmentation, settings(), 11);
  }
}
