// SPDX-License-Identifier: Apache-2.0
package org.randwire.benchmarks.jmh;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import org.randwire.backend.cpu.CpuBackend;
import org.randwire.benchmarks.engine.Precision;
import org.randwire.op.BatchNorm;
import org.randwire.op.Convolution;
import org.randwire.op.NodeTransform;
import org.randwire.op.Section;
import org.randwire.op.SeparableNode;
import org.randwire.op.Value;
import org.randwire.op.Window;
import org.randwire.tensor.DataType;
import org.randwire.tensor.TensorShape;

/**
 * Single kernels on one thread, in the shapes of the two RandWire networks: calls per second, and
 * the gigabytes of operands a second ("gigabytes") to hold against {@link RooflineBenchmark#copy}.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 3, time = 1)
@Fork(
    value = 1,
    jvmArgsAppend = {"-XX:+UseSerialGC", "-Dorg.bytedeco.javacpp.maxPhysicalBytes=0"})
public class KernelBenchmark {

  /** A node with four incoming edges, the mean of WS(4, p) when each edge counts once an end. */
  private static final int EDGES = 4;

  private static final List<Integer> EACH_EDGE = List.of(0, 1, 2, 3);

  /** Every input comes from another node, unnormalised. */
  private static final List<Boolean> ALL_RAW = List.of(true, true, true, true);

  /**
   * The measured kernels. A convolution is dense and 3x3. A front is a node's weighted sum, ReLU and depthwise convolution alone. A
   * whole node has no kernel in bf16 where only oneDNN uses the processor's tiles (AMX), as with
   * {@code RANDWIRE_ISA=avx512_bf16}.
   */
  public enum Measured {
    NODE_FORWARD,
    NODE_BACKWARD,
    FRONT_FORWARD,
    FRONT_BACKWARD,
    GRADIENT_SUM,
    BATCH_NORM,
    BATCH_NORM_GRADIENT,
    POINTWISE,
    POINTWISE_INPUT_GRADIENT,
    POINTWISE_FILTER_GRADIENT,
    CONVOLUTION,
    CONVOLUTION_INPUT_GRADIENT,
    CONVOLUTION_FILTER_GRADIENT
  }

  @Param({
    "NODE_FORWARD",
    "NODE_BACKWARD",
    "FRONT_FORWARD",
    "FRONT_BACKWARD",
    "GRADIENT_SUM",
    "BATCH_NORM",
    "BATCH_NORM_GRADIENT",
    "POINTWISE",
    "POINTWISE_INPUT_GRADIENT",
    "POINTWISE_FILTER_GRADIENT",
    "CONVOLUTION",
    "CONVOLUTION_INPUT_GRADIENT",
    "CONVOLUTION_FILTER_GRADIENT"
  })
  public Measured kernel;

  /** Batch, channels and side of the images. */
  @Param({"8x78x28", "8x312x7", "128x32x16", "128x128x4"})
  public String shape;

  @Param({"FP32", "BF16"})
  public Precision precision;

  private CpuBackend backend;
  private BoundKernel bound;

  /** Counted beside the calls. */
  @State(Scope.Thread)
  @AuxCounters(AuxCounters.Type.OPERATIONS)
  public static class Traffic {
    public double gigabytes;

    @Setup(Level.Iteration)
    public void reset() {
      gigabytes = 0;
    }
  }

  @Setup
  public void open() {
    backend = new CpuBackend(precision == Precision.BF16 ? DataType.BFLOAT16 : DataType.FLOAT32, 1);
    bound = new BoundKernel(backend);
    int[] sizes = IntStream.of(0, 1, 2).map(i -> Integer.parseInt(shape.split("x")[i])).toArray();
    bind(new TensorShape(sizes[0], sizes[1], sizes[2], sizes[2]));
    System.out.println("# Kernel: " + bound.name());
  }

  private void bind(TensorShape size) {
    switch (kernel) {
      case NODE_FORWARD -> bindNodeForward(size);
      case NODE_BACKWARD -> bindNodeBackward(size);
      case FRONT_FORWARD, FRONT_BACKWARD -> bindFront(size);
      case GRADIENT_SUM -> bindGradientSum(size);
      case BATCH_NORM -> bindBatchNorm(size);
      case BATCH_NORM_GRADIENT -> bindBatchNormGradient(size);
      case POINTWISE, POINTWISE_INPUT_GRADIENT, POINTWISE_FILTER_GRADIENT ->
          bindConvolution(size, Convolution.pointwise(size.channels()));
      default -> bindConvolution(size, new Convolution(size.channels(), Window.square(3, 1), 1));
    }
  }

  /** As a node reads the raw outputs of others. */
  private List<Value> nodeInputs(TensorShape size, Convolution depthwise) {
    List<Value> operands = activations(size, EDGES);
    for (int i = 0; i < 4 * EDGES; i++) {
      operands.add(bound.channels(Section.STATISTICS, size.channels()));
    }
    operands.addAll(scale());
    operands.add(bound.filter(Section.PARAMETERS, depthwise.filterShape(size), operands.get(0)));
    return operands;
  }

  private List<Value> activations(TensorShape size, int count) {
    List<Value> values = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      values.add(bound.activation(size));
    }
    return values;
  }

  /** Weights and masks of a node's edges. */
  private List<Value> scale() {
    return List.of(bound.edges(Section.PARAMETERS, EDGES), bound.edges(Section.CONTROLS, EDGES));
  }

  private Value packedFilter(Value activation) {
    long channels = activation.storedChannels();
    return bound.vector(channels * channels, activation.type());
  }

  /** What the gradient of a normalisation needs: a row for the node and one for each input. */
  private Value sums(Value activation) {
    return bound.vector((1L + EDGES) * activation.storedChannels(), DataType.FLOAT32);
  }

  private void bindNodeForward(TensorShape size) {
    int channels = size.channels();
    BatchNorm norm = BatchNorm.DEFAULT;
    Convolution depthwise = Convolution.depthwise(channels, Window.square(3, 1));
    List<Value> operands = nodeInputs(size, depthwise);
    operands.add(packedFilter(operands.get(0)));
    operands.add(bound.channels(Section.STATE, channels));
    operands.add(bound.channels(Section.STATE, channels));
    bound.bind(
        new SeparableNode.Forward(
            depthwise,
            ALL_RAW,
            norm.epsilon(),
            new BatchNorm.Forward(norm.epsilon(), norm.momentum(), true),
            true),
        operands,
        List.of(
            bound.activation(size),
            bound.channels(Section.STATISTICS, channels),
            bound.channels(Section.STATISTICS, channels),
            bound.activation(size)));
  }

  private void bindNodeBackward(TensorShape size) {
    int channels = size.channels();
    Convolution depthwise = Convolution.depthwise(channels, Window.square(3, 1));
    List<Value> operands = activations(size, EDGES);
    for (int term = 0; term < EDGES; term++) {
      operands.addAll(scale());
      operands.add(sums(operands.get(0)));
    }
    operands.add(bound.activation(size));
    operands.add(bound.channels(Section.PARAMETERS, channels));
    operands.add(bound.channels(Section.STATISTICS, channels));
    operands.add(bound.channels(Section.STATISTICS, channels));
    operands.add(packedFilter(operands.get(0)));
    operands.addAll(nodeInputs(size, depthwise));
    bound.bind(
        new SeparableNode.Backward(
            depthwise, ALL_RAW, BatchNorm.DEFAULT.epsilon(), EACH_EDGE, false),
        operands,
        List.of(
            bound.activation(size),
            bound.edges(Section.GRADIENTS, EDGES),
            bound.filter(Section.GRADIENTS, depthwise.filterShape(size), operands.get(0)),
            bound.channels(Section.GRADIENTS, channels),
            bound.channels(Section.GRADIENTS, channels),
            sums(operands.get(0)),
            bound.activation(size)));
  }

  private void bindFront(TensorShape size) {
    Convolution depthwise = Convolution.depthwise(size.channels(), Window.square(3, 1));
    List<Value> operands = activations(size, EDGES);
    operands.addAll(scale());
    TensorShape filter = depthwise.filterShape(size);
    operands.add(bound.filter(Section.PARAMETERS, filter, operands.get(0)));
    Value output = bound.activation(size);
    if (kernel == Measured.FRONT_FORWARD) {
      bound.bind(new NodeTransform.Forward(depthwise), operands, List.of(output));
      return;
    }
    operands.add(bound.activation(size));
    bound.bind(
        new NodeTransform.Backward(depthwise),
        operands,
        List.of(
            output,
            bound.edges(Section.GRADIENTS, EDGES),
            bound.filter(Section.GRADIENTS, filter, operands.get(0))));
  }

  private void bindGradientSum(TensorShape size) {
    List<Value> operands = activations(size, EDGES);
    for (int term = 0; term < EDGES; term++) {
      operands.addAll(scale());
    }
    bound.bind(new NodeTransform.GradientSum(EACH_EDGE), operands, List.of(bound.activation(size)));
  }

  private void bindBatchNorm(TensorShape size) {
    int channels = size.channels();
    BatchNorm norm = BatchNorm.DEFAULT;
    bound.bind(
        new BatchNorm.Forward(norm.epsilon(), norm.momentum(), true),
        List.of(
            bound.activation(size),
            bound.channels(Section.PARAMETERS, channels),
            bound.channels(Section.PARAMETERS, channels),
            bound.channels(Section.STATE, channels),
            bound.channels(Section.STATE, channels)),
        List.of(
            bound.activation(size),
            bound.channels(Section.STATISTICS, channels),
            bound.channels(Section.STATISTICS, channels)));
  }

  private void bindBatchNormGradient(TensorShape size) {
    int channels = size.channels();
    bound.bind(
        new BatchNorm.Gradient(BatchNorm.DEFAULT.epsilon()),
        List.of(
            bound.activation(size),
            bound.activation(size),
            bound.channels(Section.PARAMETERS, channels),
            bound.channels(Section.STATISTICS, channels),
            bound.channels(Section.STATISTICS, channels)),
        List.of(
            bound.activation(size),
            bound.channels(Section.GRADIENTS, channels),
            bound.channels(Section.GRADIENTS, channels)));
  }

  private void bindConvolution(TensorShape size, Convolution convolution) {
    TensorShape filter = convolution.filterShape(size);
    Value x = bound.activation(size);
    Value y = bound.activation(size);
    switch (kernel) {
      case POINTWISE, CONVOLUTION ->
          bound.bind(
              convolution, List.of(x, bound.filter(Section.PARAMETERS, filter, x)), List.of(y));
      case POINTWISE_INPUT_GRADIENT, CONVOLUTION_INPUT_GRADIENT ->
          bound.bind(
              new Convolution.InputGradient(convolution),
              List.of(y, bound.filter(Section.PARAMETERS, filter, x)),
              List.of(x));
      default ->
          bound.bind(
              new Convolution.FilterGradient(convolution),
              List.of(x, y),
              List.of(bound.filter(Section.GRADIENTS, filter, x)));
    }
  }

  @TearDown
  public void close() {
    bound.close();
    backend.close();
  }

  @Benchmark
  public void run(Traffic traffic) {
    bound.run();
    traffic.gigabytes += bound.operandBytes() / 1e9;
  }
}
