// SPDX-License-Identifier: Apache-2.0
package org.randwire.benchmarks.engine;

import java.io.IOException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.SGD;
import org.bytedeco.pytorch.SGDOptions;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.randwire.data.Batch;
import org.randwire.op.BatchNorm;
import org.randwire.op.Convolution;
import org.randwire.op.Window;
import org.randwire.tensor.NamedTensor;
import org.randwire.tensor.TensorShape;

/** PyTorch's C++ library: autograd, autocast for bf16, and the library's own SGD. */
public final class LibtorchEngine implements Engine {

  /** How activations and filters lie in memory. */
  public enum Layout {
    NCHW,
    CHANNELS_LAST
  }

  private static final long MEAN = 1;
  private static final long NO_LABEL = -100;

  private final Recipe recipe;
  private final Precision precision;
  private final torch.MemoryFormat format;
  private final Map<String, Tensor> weights = new LinkedHashMap<>();
  private final Interpreter<Tensor> interpreter;
  private final Tensor images;
  private final Tensor labels;
  private final SGD optimizer;
  private double loss = Double.NaN;

  public LibtorchEngine(Problem problem, Precision precision, int threads, Layout layout) {
    torch.set_num_threads(threads);
    if (torch.get_num_interop_threads() != 1) {
      torch.set_num_interop_threads(1); // refused the second time
    }
    this.recipe = problem.recipe();
    this.precision = precision;
    format =
        layout == Layout.CHANNELS_LAST
            ? torch.MemoryFormat.ChannelsLast
            : torch.MemoryFormat.Contiguous;
    problem.weights().values().forEach(tensor -> weights.put(tensor.name(), weight(tensor)));
    interpreter = new Interpreter<>(problem.graph(), new Calls(), weights);
    Batch batch = problem.channelsFirstBatch();
    TensorShape shape = problem.graph().inputShape().withBatch(problem.batch());
    images =
        Tensor.create(
                batch.images(), shape.batch(), shape.channels(), shape.height(), shape.width())
            .contiguous(format);
    labels = Tensor.create(Arrays.stream(batch.labels()).asLongStream().toArray());
    optimizer = optimizer(problem);
  }

  private Tensor weight(NamedTensor values) {
    long[] shape = values.shape().stream().mapToLong(Integer::longValue).toArray();
    Tensor tensor = Tensor.create(values.values(), shape);
    return shape.length == 4 ? tensor.contiguous(format) : tensor;
  }

  private SGD optimizer(Problem problem) {
    TensorVector trained =
        new TensorVector(
            problem.parameterNames().stream()
                .map(name -> weights.get(name).set_requires_grad(true))
                .toArray(Tensor[]::new));
    SGDOptions options = new SGDOptions(recipe.learningRate());
    options.momentum().put(recipe.momentum());
    options.weight_decay().put(recipe.weightDecay());
    return new SGD(trained, options);
  }

  @Override
  public void step() {
    try (PointerScope ignored = new PointerScope()) {
      Tensor mean = forward();
      mean.backward();
      optimizer.step();
      optimizer.zero_grad(true);
      loss = mean.item_double();
    }
  }

  private Tensor forward() {
    if (precision == Precision.FP32) {
      return criterion(interpreter.logits(images));
    }
    torch.set_autocast_dtype(torch.DeviceType.CPU, torch.ScalarType.BFloat16);
    torch.set_autocast_enabled(torch.DeviceType.CPU, true);
    try {
      return criterion(interpreter.logits(images).to(torch.ScalarType.Float));
    } finally {
      torch.clear_cache();
      torch.set_autocast_enabled(torch.DeviceType.CPU, false);
    }
  }

  private Tensor criterion(Tensor logits) {
    return torch.cross_entropy_loss(
        logits, labels, new TensorOptional(), MEAN, NO_LABEL, recipe.labelSmoothing());
  }

  private static final class Calls implements Interpreter.Calls<Tensor> {

    @Override
    public Tensor convolution(Tensor x, Tensor filter, Convolution convolution) {
      Window w = convolution.window();
      return torch.conv2d(
          x,
          filter,
          new TensorOptional(),
          new long[] {w.strideHeight(), w.strideWidth()},
          new long[] {w.paddingHeight(), w.paddingWidth()},
          new long[] {w.dilation(), w.dilation()},
          convolution.groups());
    }

    @Override
    public Tensor batchNorm(
        Tensor x,
        Tensor weight,
        Tensor bias,
        Tensor runningMean,
        Tensor runningVariance,
        BatchNorm norm) {
      return torch.batch_norm(
          x,
          new TensorOptional(weight),
          new TensorOptional(bias),
          new TensorOptional(runningMean),
          new TensorOptional(runningVariance),
          true,
          norm.momentum(),
          norm.epsilon(),
          false);
    }

    // Calls in place give a second handle of the same tensor; the first one is passed on.

    @Override
    public Tensor relu(Tensor x, boolean inPlace) {
      if (!inPlace) {
        return torch.relu(x);
      }
      x.relu_();
      return x;
    }

    /**
     * One pass over memory per input. With products added up a step takes about 14 % longer, with a
     * stack 46 % (randwire-cifar, fp32, channels last, two cores of an AVX-512 server).
     */
    @Override
    public Tensor weightedSum(List<Tensor> x, Tensor weight) {
      TensorVector shares = torch.unbind(torch.sigmoid(weight), 0);
      Tensor y = x.get(0).mul(shares.get(0));
      for (int i = 1; i < x.size(); i++) {
        y.addcmul_(x.get(i), shares.get(i));
      }
      return y;
    }

    @Override
    public Tensor sum(List<Tensor> x, boolean inPlace) {
      Tensor y = inPlace ? x.get(0) : x.get(0).clone();
      for (Tensor term : x.subList(1, x.size())) {
        y.add_(term);
      }
      return y;
    }

    @Override
    public Tensor mean(List<Tensor> x, boolean inPlace) {
      Tensor y = sum(x, inPlace);
      y.mul_(new Scalar(1.0 / x.size()));
      return y;
    }

    @Override
    public Tensor globalAveragePool(Tensor x) {
      return torch.adaptive_avg_pool2d(x, 1, 1);
    }

    @Override
    public Tensor linear(Tensor x, Tensor weight, Tensor bias) {
      return torch.linear(x.flatten(1, 3), weight, new TensorOptional(bias));
    }

    @Override
    public void release(Tensor tensor) {
      tensor.close();
    }
  }

  @Override
  public double loss() {
    return loss;
  }

  @Override
  public String description() {
    return "libtorch "
        + version()
        + ", "
        + torch.get_num_threads()
        + " threads, "
        + torch.get_cpu_capability().getString();
  }

  private static String version() {
    try {
      return Loader.getVersion("org.bytedeco", "pytorch");
    } catch (IOException e) {
      return "of unknown version";
    }
  }

  @Override
  public void close() {
    optimizer.close();
    weights.values().forEach(Tensor::close);
    images.close();
    labels.close();
  }
}
