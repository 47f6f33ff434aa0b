// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.randwire.backend.OpCase.Fill;
import org.randwire.op.Convolution;
import org.randwire.op.Instruction;
import org.randwire.op.NodeTransform;
import org.randwire.op.Primitive;
import org.randwire.op.Relu;
import org.randwire.op.Section;
import org.randwire.op.Value;
import org.randwire.op.WeightedSum;
import org.randwire.op.Window;
import org.randwire.tensor.DataType;
import org.randwire.tensor.TensorShape;

/** The fused primitives of every backend against the plain ones of the reference in double. */
class FusedPrimitiveTest {

  /**
   * A node of a random network.
   *
   * @param dropsEdges whether every third edge is masked
   */
  record NodeCase(int edges, TensorShape shape, Window window, boolean dropsEdges) {

    Convolution depthwise() {
      return Convolution.depthwise(shape.channels(), window);
    }

    TensorShape outputShape() {
      return window.outputShape(shape, shape.channels());
    }

    Map<String, double[]> data(DataType rounding) {
      Random random = new Random(toString().hashCode());
      Map<String, double[]> data = new LinkedHashMap<>();
      int size = Math.toIntExact(shape.elements());
      for (int edge = 0; edge < edges; edge++) {
        data.put("x" + edge, OpCase.draw(random, Fill.UNIFORM, size));
      }
      data.put("weight", OpCase.draw(random, Fill.UNIFORM, edges));
      double[] mask = new double[edges];
      Arrays.setAll(mask, edge -> dropsEdges && edge % 3 == 1 ? 0 : 1);
      data.put("mask", mask);
      int taps = shape.channels() * window.height() * window.width();
      data.put("filter", OpCase.draw(random, Fill.UNIFORM, taps));
      int outputs = Math.toIntExact(outputShape().elements());
      data.put("du", OpCase.draw(random, Fill.UNIFORM, outputs));
      data.values().forEach(values -> OpCase.round(values, rounding));
      keepSumsFromZero(data);
      return data;
    }

    /**
     * A sum within rounding of zero may be on either side of the ReLU's kink: such pixels become
     * zero in every input, whose sum no rounding moves.
     */
    private void keepSumsFromZero(Map<String, double[]> data) {
      for (int i = 0; i < shape.elements(); i++) {
        double sum = 0;
        for (int edge = 0; edge < edges; edge++) {
          double sigmoid = 1 / (1 + Math.exp(-data.get("weight")[edge]));
          sum += data.get("mask")[edge] * sigmoid * data.get("x" + edge)[i];
        }
        for (int edge = 0; edge < edges && Math.abs(sum) < 1e-3; edge++) {
          data.get("x" + edge)[i] = 0;
        }
      }
    }
  }

  static Stream<NodeCase> nodes() {
    List<NodeCase> nodes = new ArrayList<>();
    for (int edges = 1; edges <= 10; edges++) {
      for (int stride = 1; stride <= 2; stride++) {
        TensorShape shape = new TensorShape(3, edges % 2 == 0 ? 24 : 13, 7, 7);
        nodes.add(new NodeCase(edges, shape, Window.square(3, stride), edges % 2 == 0));
      }
    }
    for (int stride = 1; stride <= 2; stride++) {
      Window window = Window.square(3, stride);
      nodes.add(new NodeCase(4, new TensorShape(5, 78, 13, 7), window, true));
      nodes.add(new NodeCase(2, new TensorShape(1, 16, 1, 1), window, true));
      nodes.add(new NodeCase(3, new TensorShape(3, 3, 1, 13), window, false));
      nodes.add(new NodeCase(2, new TensorShape(1, 78, 14, 14), window, true));
      nodes.add(new NodeCase(3, new TensorShape(1, 16, 2, 33), window, true));
    }
    nodes.add(new NodeCase(3, new TensorShape(3, 24, 13, 7), Window.square(5, 1), true));
    nodes.add(new NodeCase(3, new TensorShape(1, 24, 13, 7), Window.dilated(3, 1, 2), true));
    return nodes.stream();
  }

  static Stream<Arguments> nodesOfBackends() {
    return TestBackend.all().stream()
        .flatMap(tested -> nodes().map(node -> Arguments.of(tested, node)));
  }

  @ParameterizedTest(name = "{0}: {1}")
  @MethodSource("nodesOfBackends")
  void nodeMatchesItsPlainPrimitives(TestBackend tested, NodeCase node) {
    Map<String, double[]> actual = runFused(tested, node, Schedule.PLAIN);
    Map<String, double[]> expected;
    try (Backend backend = tested.create().get()) {
      expected = runPlain(node, node.data(backend.activationType()));
    }
    assertEquals(expected.keySet(), actual.keySet());
    expected.forEach(
        (name, values) ->
            PrimitiveRunner.assertClose(values, actual.get(name), tested.tolerance(), name));
  }

  @ParameterizedTest(name = "{0}: {1}")
  @MethodSource("nodesOfBackends")
  void nodeDependsOnNoSchedule(TestBackend tested, NodeCase node) {
    Map<String, double[]> expected = runFused(tested, node, Schedule.PLAIN);
    for (Schedule schedule : Schedule.ALL) {
      Map<String, double[]> actual = runFused(tested, node, schedule);
      expected.forEach(
          (name, values) ->
              PrimitiveRunner.assertSameBits(values, actual.get(name), name + " by " + schedule));
    }
  }

  private static Map<String, double[]> runFused(
      TestBackend tested, NodeCase node, Schedule schedule) {
    try (Backend backend = tested.create().get();
        PrimitiveRunner runner = new PrimitiveRunner(backend, schedule)) {
      Node values = new Node(runner, node);
      Value u = runner.activation("u", node.outputShape());
      List<Value> operands = new ArrayList<>(values.inputs);
      operands.addAll(List.of(values.weight, values.mask, values.filter));
      Instruction forward =
          values.instruction(new NodeTransform.Forward(node.depthwise()), operands, List.of(u));
      operands.add(values.du);
      Instruction backward =
          values.instruction(
              new NodeTransform.Backward(node.depthwise()),
              operands,
              List.of(values.sumGradient, values.dweight, values.dfilter));
      assumeFalse(
          tested.declines(backend, forward) || tested.declines(backend, backward),
          "declined by " + tested);
      values.set(node.data(backend.activationType()));
      runner.run(forward);
      runner.run(backward);
      return values.results(u);
    }
  }

  /** Weighted sum, ReLU and convolution one after the other, and their gradients. */
  private static Map<String, double[]> runPlain(NodeCase node, Map<String, double[]> data) {
    try (Backend backend = TestBackend.ORACLE.create().get();
        PrimitiveRunner runner = new PrimitiveRunner(backend, Schedule.PLAIN)) {
      Node values = new Node(runner, node).set(data);
      Convolution depthwise = node.depthwise();
      Value sum = runner.activation("sum", node.shape());
      Value relu = runner.activation("relu", node.shape());
      Value reluGradient = runner.activation("relu gradient", node.shape());
      Value u = runner.activation("u", node.outputShape());
      List<Value> operands = new ArrayList<>(values.inputs);
      operands.addAll(List.of(values.weight, values.mask));
      values.run(new WeightedSum(0), operands, sum);
      values.run(new Relu(), List.of(sum), relu);
      values.run(depthwise, List.of(relu, values.filter), u);
      values.run(
          new Convolution.FilterGradient(depthwise), List.of(relu, values.du), values.dfilter);
      values.run(
          new Convolution.InputGradient(depthwise),
          List.of(values.du, values.filter),
          reluGradient);
      values.run(new Relu.Gradient(), List.of(relu, reluGradient), values.sumGradient);
      operands.add(values.inputs.size(), values.sumGradient);
      values.run(new WeightedSum.WeightGradient(), operands, values.dweight);
      return values.results(u);
    }
  }

  /** The values both ways of running a node share. */
  private static final class Node {
    private final PrimitiveRunner runner;
    private final List<Value> inputs = new ArrayList<>();
    private final Value weight;
    private final Value mask;
    private final Value filter;
    private final Value du;
    private final Value sumGradient;
    private final Value dweight;
    private final Value dfilter;

    Node(PrimitiveRunner runner, NodeCase node) {
      this.runner = runner;
      for (int edge = 0; edge < node.edges(); edge++) {
        inputs.add(runner.activation("x" + edge, node.shape()));
      }
      TensorShape taps = node.depthwise().filterShape(node.shape());
      weight = runner.flat("weight", Section.PARAMETERS, node.edges());
      mask = runner.flat("mask", Section.CONTROLS, node.edges());
      filter = runner.filter("filter", Section.PARAMETERS, taps, inputs.get(0));
      du = runner.activation("du", node.outputShape());
      sumGradient = runner.activation("sum gradient", node.shape());
      dweight = runner.flat("dweight", Section.GRADIENTS, node.edges());
      dfilter = runner.filter("dfilter", Section.GRADIENTS, taps, inputs.get(0));
    }

    Node set(Map<String, double[]> data) {
      for (Value input : inputs) {
        runner.set(input, data.get(input.name()));
      }
      for (Value value : List.of(weight, mask, filter, du)) {
        runner.set(value, data.get(value.name()));
      }
      return this;
    }

    Instruction instruction(Primitive primitive, List<Value> operands, List<Value> outputs) {
      return new Instruction("node", primitive, operands, outputs);
    }

    void run(Primitive primitive, List<Value> operands, Value output) {
      runner.run(instruction(primitive, operands, List.of(output)));
    }

    Map<String, double[]> results(Value u) {
      Map<String, double[]> results = new LinkedHashMap<>();
      for (Value value : List.of(u, sumGradient, dweight, dfilter)) {
        results.put(value.name(), runner.get(value));
      }
      return results;
    }
  }

  /**
   * A value with several consumers.
   *
   * @param edges the edge of each consumer's weights, or unscaled
   */
  record SumCase(List<Integer> edges, TensorShape shape) {
    private static final int WEIGHTS = 4;
  }

  static Stream<SumCase> sums() {
    int unscaled = NodeTransform.GradientSum.UNSCALED;
    List<SumCase> sums = new ArrayList<>();
    for (TensorShape shape :
        List.of(
            new TensorShape(1, 1, 1, 1),
            new TensorShape(3, 13, 7, 1),
            new TensorShape(5, 78, 7, 7))) {
      sums.add(new SumCase(List.of(unscaled), shape));
      sums.add(new SumCase(List.of(2), shape));
      sums.add(new SumCase(List.of(0, unscaled, 3), shape));
      sums.add(new SumCase(List.of(unscaled, unscaled), shape));
      sums.add(new SumCase(List.of(3, 2, 1, 0, 0, unscaled, 2, 1, 3, 0), shape));
    }
    return sums.stream();
  }

  static Stream<Arguments> sumsOfBackends() {
    return TestBackend.all().stream()
        .flatMap(tested -> sums().map(sum -> Arguments.of(tested, sum)));
  }

  @ParameterizedTest(name = "{0}: {1}")
  @MethodSource("sumsOfBackends")
  void gradientSumScalesTheTermsOfEdges(TestBackend tested, SumCase sum) {
    for (Schedule schedule : Schedule.ALL) {
      try (Backend backend = tested.create().get();
          PrimitiveRunner runner = new PrimitiveRunner(backend, schedule)) {
        Random random = new Random(sum.toString().hashCode());
        double[] expected = new double[Math.toIntExact(sum.shape().elements())];
        List<Value> gradients = new ArrayList<>();
        List<Value> scales = new ArrayList<>();
        for (int edge : sum.edges()) {
          double[] gradient = drawRounded(random, expected.length, backend);
          gradients.add(
              runner.set(runner.activation("g" + gradients.size(), sum.shape()), gradient));
          double scale = edge < 0 ? 1 : addScale(runner, random, edge, scales);
          Arrays.setAll(expected, i -> expected[i] + scale * gradient[i]);
        }
        Value dx = runner.activation("dx", sum.shape());
        gradients.addAll(scales);
        Instruction instruction =
            new Instruction(
                "value", new NodeTransform.GradientSum(sum.edges()), gradients, List.of(dx));
        assumeFalse(tested.declines(backend, instruction), "declined by " + tested);
        runner.run(instruction);
        PrimitiveRunner.assertClose(expected, runner.get(dx), tested.tolerance(), "dx");
      }
    }
  }

  private static double addScale(
      PrimitiveRunner runner, Random random, int edge, List<Value> scales) {
    String suffix = String.valueOf(scales.size() / 2);
    double[] weights = drawRounded(random, SumCase.WEIGHTS, runner.backend());
    double[] mask = new double[SumCase.WEIGHTS];
    Arrays.setAll(mask, i -> random.nextInt(4) == 0 ? 0 : 1);
    Value weight = runner.flat("weight" + suffix, Section.PARAMETERS, SumCase.WEIGHTS);
    Value maskValue = runner.flat("mask" + suffix, Section.CONTROLS, SumCase.WEIGHTS);
    scales.add(runner.set(weight, weights));
    scales.add(runner.set(maskValue, mask));
    return mask[edge] / (1 + Math.exp(-weights[edge]));
  }

  private static double[] drawRounded(Random random, int size, Backend backend) {
    return OpCase.round(OpCase.draw(random, Fill.UNIFORM, size), backend.activationType());
  }
}
