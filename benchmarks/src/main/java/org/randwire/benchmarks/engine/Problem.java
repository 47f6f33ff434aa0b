// SPDX-License-Identifier: Apache-2.0
package org.randwire.benchmarks.engine;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.randwire.backend.cpu.CpuBackend;
import org.randwire.data.Batch;
import org.randwire.data.BatchLayout;
import org.randwire.data.BatchLoader;
import org.randwire.data.DataSplit;
import org.randwire.data.LoaderSettings;
import org.randwire.data.Synthetic;
import org.randwire.data.augment.Augmentation;
import org.randwire.op.OpGraph;
import org.randwire.op.OpNode;
import org.randwire.op.ParameterSpec;
import org.randwire.random.RandomStreams;
import org.randwire.tensor.DataType;
import org.randwire.tensor.NamedTensor;
import org.randwire.tensor.TensorShape;
import org.randwire.training.EdgeDrop;
import org.randwire.training.LearningRate;
import org.randwire.training.Trainer;
import org.randwire.training.TrainingSettings;

/**
 * What every engine is given: the network, its first weights, a batch of made-up images, and the
 * recipe.
 *
 * @param weights parameters and running statistics by name
 */
public record Problem(OpGraph graph, int batch, Map<String, NamedTensor> weights, Recipe recipe) {

  private static final long SEED = 1;

  public Problem {
    weights = Map.copyOf(weights);
  }

  /** Draws the first weights as a training run with seed 1 does. */
  public static Map<String, NamedTensor> drawWeights(OpGraph graph) {
    TrainingSettings settings =
        new TrainingSettings(
            1,
            1,
            1,
            0,
            new LearningRate.Constant(1, 0),
            0,
            false,
            0,
            true,
            0,
            0,
            0,
            EdgeDrop.NONE,
            false,
            0,
            0,
            0,
            1,
            true,
            1,
            false);
    try (CpuBackend backend = new CpuBackend(DataType.FLOAT32, 1);
        Trainer trainer =
            new Trainer(
                "benchmark", graph, backend, images(graph, 1), Augmentation.NONE, settings, SEED)) {
      return trainer.weights().tensors();
    }
  }

  /** Names of the trained parameters. */
  List<String> parameterNames() {
    List<String> names = new ArrayList<>();
    for (OpNode node : graph.nodes()) {
      for (ParameterSpec spec : node.op().parameters(graph.inputShapes(node, 1))) {
        names.add(node.name() + "." + spec.name());
      }
    }
    return names;
  }

  /** The batch as an engine takes it; the same examples in the same order in every layout. */
  Batch batch(BatchLayout layout) {
    try (BatchLoader loader =
        new BatchLoader(
            images(graph, batch).train(),
            Augmentation.NONE,
            new RandomStreams(SEED),
            LoaderSettings.training(batch, 1, layout))) {
      loader.start(0, 0);
      return loader.next();
    }
  }

  /** {@code [N, C, H, W]}. */
  Batch channelsFirstBatch() {
    return batch(BatchLayout.channelsFirst(graph.inputShape().channels()));
  }

  private static DataSplit images(OpGraph graph, int examples) {
    TensorShape shape = graph.inputShape();
    int classes = graph.output().shape().channels();
    return new Synthetic(
            new RandomStreams(SEED), shape.channels(), shape.height(), shape.width(), classes)
        .split(examples, 1);
  }
}
