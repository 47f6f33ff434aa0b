// SPDX-License-Identifier: Apache-2.0
package org.randwire.benchmarks.engine;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.core.Linear;
import ai.djl.nn.pooling.Pool;
import ai.djl.training.GradientCollector;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.randwire.data.Batch;
import org.randwire.op.BatchNorm;
import org.randwire.op.Convolution;
import org.randwire.op.Window;
import org.randwire.tensor.NamedTensor;
import org.randwire.tensor.TensorShape;

/**
 * Deep Java Library on its PyTorch engine: float32 and NCHW only, since it offers neither autocast
 * nor channels-last. The system property {@code ai.djl.pytorch.num_threads} sets its threads.
 */
public final class DjlEngine implements Engine {

  private static final String NAME = "PyTorch";

  private final NDManager manager = NDManager.newBaseManager(Device.cpu(), NAME);
  private final ai.djl.engine.Engine engine = manager.getEngine();
  private final Map<String, NDArray> weights = new LinkedHashMap<>();
  private final List<String> trained;
  private final Interpreter<NDArray> interpreter;
  private final NDArray images;

  /** Smoothed, {@code [N, K]}. */
  private final NDArray targets;

  private final Optimizer optimizer;
  private double loss = Double.NaN;

  public DjlEngine(Problem problem) {
    for (NamedTensor tensor : problem.weights().values()) {
      long[] shape = tensor.shape().stream().mapToLong(Integer::longValue).toArray();
      weights.put(tensor.name(), manager.create(tensor.values(), new Shape(shape)));
    }
    trained = problem.parameterNames();
    trained.forEach(name -> weights.get(name).setRequiresGradient(true));
    interpreter = new Interpreter<>(problem.graph(), new Calls(), weights);
    Batch batch = problem.channelsFirstBatch();
    TensorShape shape = problem.graph().inputShape().withBatch(problem.batch());
    images =
        manager.create(
            batch.images(),
            new Shape(shape.batch(), shape.channels(), shape.height(), shape.width()));
    targets = targets(problem, batch);
    Recipe recipe = problem.recipe();
    optimizer =
        Optimizer.sgd()
            .setLearningRateTracker(Tracker.fixed((float) recipe.learningRate()))
            .optMomentum((float) recipe.momentum())
            .optWeightDecays((float) recipe.weightDecay())
            .build();
  }

  private NDArray targets(Problem problem, Batch batch) {
    int classes = problem.graph().output().shape().channels();
    double smoothing = problem.recipe().labelSmoothing();
    float[] values = new float[problem.batch() * classes];
    Arrays.fill(values, (float) (smoothing / classes));
    for (int i = 0; i < problem.batch(); i++) {
      values[i * classes + batch.labels()[i]] += (float) (1 - smoothing);
    }
    return manager.create(values, new Shape(problem.batch(), classes));
  }

  @Override
  public void step() {
    try (NDManager values = manager.newSubManager()) {
      images.attach(values); // A result belongs to the manager of its first operand.
      try (GradientCollector collector = engine.newGradientCollector()) {
        collector.zeroGradients();
        NDArray mean = criterion(interpreter.logits(images), values);
        collector.backward(mean);
        loss = mean.getFloat();
      }
      for (String name : trained) {
        NDArray weight = weights.get(name);
        try (NDArray gradient = weight.getGradient()) {
          optimizer.update(name, weight, gradient);
        }
      }
      images.attach(manager);
    }
  }

  private NDArray criterion(NDArray logits, NDManager values) {
    logits.attach(values);
    return logits.logSoftmax(1).mul(targets).sum().mul(-1f / targets.getShape().get(0));
  }

  private static final class Calls implements Interpreter.Calls<NDArray> {

    @Override
    public NDArray convolution(NDArray x, NDArray filter, Convolution convolution) {
      Window w = convolution.window();
      return Conv2d.conv2d(
              x,
              filter,
              null,
              new Shape(w.strideHeight(), w.strideWidth()),
              new Shape(w.paddingHeight(), w.paddingWidth()),
              new Shape(w.dilation(), w.dilation()),
              convolution.groups())
          .singletonOrThrow();
    }

    @Override
    public NDArray batchNorm(
        NDArray x,
        NDArray weight,
        NDArray bias,
        NDArray runningMean,
        NDArray runningVariance,
        BatchNorm norm) {
      return ai.djl.nn.norm.BatchNorm.batchNorm(
              x,
              runningMean,
              runningVariance,
              weight,
              bias,
              1,
              (float) norm.momentum(),
              (float) norm.epsilon(),
              true)
          .singletonOrThrow();
    }

    /** There is no ReLU in place. */
    @Override
    public NDArray relu(NDArray x, boolean inPlace) {
      return Activation.relu(x);
    }

    @Override
    public NDArray weightedSum(List<NDArray> x, NDArray weight) {
      try (NDArray shares = Activation.sigmoid(weight)) {
        NDArray y = null;
        for (int i = 0; i < x.size(); i++) {
          try (NDArray share = shares.get(i)) {
            NDArray product = x.get(i).mul(share);
            if (y == null) {
              y = product;
            } else {
              y.addi(product);
              product.close();
            }
          }
        }
        return y;
      }
    }

    @Override
    public NDArray sum(List<NDArray> x, boolean inPlace) {
      NDArray y = inPlace ? x.get(0) : x.get(0).duplicate();
      x.subList(1, x.size()).forEach(y::addi);
      return y;
    }

    @Override
    public NDArray mean(List<NDArray> x, boolean inPlace) {
      return sum(x, inPlace).muli(1.0f / x.size());
    }

    @Override
    public NDArray globalAveragePool(NDArray x) {
      return Pool.globalAvgPool2d(x);
    }

    @Override
    public NDArray linear(NDArray x, NDArray weight, NDArray bias) {
      NDList result = Linear.linear(x.reshape(x.getShape().get(0), -1), weight, bias);
      return result.singletonOrThrow();
    }

    @Override
    public void release(NDArray tensor) {
      tensor.close();
    }
  }

  @Override
  public double loss() {
    return loss;
  }

  @Override
  public String description() {
    return "DJL, " + engine.getEngineName() + " " + engine.getVersion();
  }

  @Override
  public void close() {
    manager.close();
  }
}
