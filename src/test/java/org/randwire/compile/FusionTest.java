// SPDX-License-Identifier: Apache-2.0
package org.randwire.compile;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.randwire.backend.Backend;
import org.randwire.backend.KernelCatalog;
import org.randwire.backend.reference.ReferenceBackend;
import org.randwire.network.randwire.NodeOp;
import org.randwire.network.randwire.SmallNetworks;
import org.randwire.op.Add;
import org.randwire.op.BatchNorm;
import org.randwire.op.Convolution;
import org.randwire.op.GlobalAveragePool;
import org.randwire.op.Instruction;
import org.randwire.op.Linear;
import org.randwire.op.Mode;
import org.randwire.op.NodeTransform;
import org.randwire.op.OpGraph;
import org.randwire.op.Relu;
import org.randwire.op.Section;
import org.randwire.op.SoftmaxCrossEntropy;
import org.randwire.op.Value;
import org.randwire.op.WeightedSum;
import org.randwire.op.Window;
import org.randwire.tensor.DataType;
import org.randwire.tensor.TensorShape;

class FusionTest {

  private static final Backend BACKEND = new ReferenceBackend(DataType.FLOAT64);
  private static final int CHANNELS = 4;

  /** A node on two inputs, which a test completes. */
  private static final class Node {
    final OpGraph.Builder graph = new OpGraph.Builder(TensorShape.example(3, 8, 8));
    final int sum;
    final int relu;

    Node() {
      int a = graph.add("a", Convolution.pointwise(CHANNELS), graph.input());
      int b = graph.add("b", Convolution.pointwise(CHANNELS), graph.input());
      sum = graph.add("sum", new WeightedSum(0), a, b);
      relu = graph.add("relu", new Relu(), sum);
    }

    int depthwise(int size) {
      return graph.add("depthwise", Convolution.depthwise(CHANNELS, Window.square(size, 1)), relu);
    }

    OpGraph build(int last) {
      graph.add("fc", new Linear(3), graph.add("pool", new GlobalAveragePool(), last));
      return graph.build();
    }
  }

  private static List<Instruction> lowered(OpGraph graph, Mode mode) {
    return Lowering.lower(graph, 2, mode, new SoftmaxCrossEntropy(0), BACKEND).instructions();
  }

  private static List<Instruction> fused(OpGraph graph, Mode mode, KernelCatalog catalog) {
    Program program = Lowering.lower(graph, 2, mode, new SoftmaxCrossEntropy(0), BACKEND);
    return Fusion.fuse(program, catalog).instructions();
  }

  private static List<Instruction> fused(OpGraph graph, Mode mode) {
    return fused(graph, mode, BACKEND.catalog());
  }

  private static Map<Class<?>, Integer> count(List<Instruction> instructions) {
    Map<Class<?>, Integer> counts = new TreeMap<>((a, b) -> a.getName().compareTo(b.getName()));
    instructions.forEach(i -> counts.merge(i.primitive().getClass(), 1, Integer::sum));
    return counts;
  }

  /** The catalog of the backend without kernels for some instructions. */
  private static KernelCatalog without(java.util.function.Predicate<Instruction> refused) {
    KernelCatalog.Builder builder = new KernelCatalog.Builder();
    for (KernelCatalog.Entry entry : BACKEND.catalog().entries()) {
      builder.add(
          entry.name(),
          entry.primitive(),
          i -> entry.accepts().test(i) && !refused.test(i),
          entry.create());
    }
    return builder.build();
  }

  @Test
  void aNodeBecomesOneForwardAndOneBackwardPrimitive() {
    Node node = new Node();
    OpGraph graph = node.build(node.depthwise(3));
    Map<Class<?>, Integer> counts = count(fused(graph, Mode.TRAINING));
    assertEquals(1, counts.get(NodeTransform.Forward.class));
    assertEquals(1, counts.get(NodeTransform.Backward.class));
    for (Class<?> gone :
        List.of(
            WeightedSum.class, Relu.class, Relu.Gradient.class, WeightedSum.WeightGradient.class)) {
      assertEquals(null, counts.get(gone), gone.getName());
    }
    assertEquals(1, count(fused(graph, Mode.INFERENCE)).get(NodeTransform.Forward.class));
  }

  @Test
  void theFusedPrimitivesHaveTheOperandsTheyDocument() {
    Node node = new Node();
    List<Instruction> instructions = fused(node.build(node.depthwise(3)), Mode.TRAINING);
    Instruction forward = only(instructions, NodeTransform.Forward.class);
    Instruction backward = only(instructions, NodeTransform.Backward.class);
    assertEquals(
        List.of("a", "b", "sum.weight", "sum.mask", "depthwise.weight"), names(forward.inputs()));
    assertEquals(List.of("depthwise"), names(forward.outputs()));
    assertEquals(names(forward.inputs()), names(backward.inputs()).subList(0, 5));
    assertEquals(6, backward.inputs().size());
    assertEquals(Section.ARENA, backward.output(0).section());
    assertEquals(
        List.of("sum.weight gradient", "depthwise.weight gradient"),
        names(backward.outputs()).subList(1, 3));
  }

  private static Instruction only(List<Instruction> instructions, Class<?> primitive) {
    List<Instruction> found =
        instructions.stream().filter(i -> primitive.isInstance(i.primitive())).toList();
    assertEquals(1, found.size(), primitive.getName());
    return found.get(0);
  }

  private static List<String> names(List<Value> values) {
    return values.stream().map(Value::name).toList();
  }

  @Test
  void everyNodeOfARandomNetworkIsFused() {
    for (long seed = 0; seed < 10; seed++) {
      OpGraph graph = SmallNetworks.randwire(seed, 4);
      int nodes = (int) graph.nodes().stream().filter(n -> n.op() instanceof WeightedSum).count();
      Map<Class<?>, Integer> counts = count(fused(graph, Mode.TRAINING));
      assertEquals(nodes, counts.get(NodeTransform.Forward.class), "seed " + seed);
      assertEquals(nodes, counts.get(NodeTransform.Backward.class), "seed " + seed);
      assertEquals(null, counts.get(Add.class), "seed " + seed + ": sums of scaled gradients");
    }
  }

  @Test
  void otherNodeOpsStayAsTheyAre() {
    for (NodeOp op : List.of(NodeOp.DENSE, NodeOp.MAX_POOL, NodeOp.AVERAGE_POOL)) {
      OpGraph graph = SmallNetworks.randwire(1, 4, op, 0);
      Map<Class<?>, Integer> counts = count(fused(graph, Mode.TRAINING));
      assertEquals(null, counts.get(NodeTransform.Forward.class), op.name());
      assertEquals(null, counts.get(NodeTransform.Backward.class), op.name());
    }
  }

  @Test
  void aReluThatAnotherOpReadsStays() {
    for (Mode mode : Mode.values()) {
      Node node = new Node();
      int depthwise = node.depthwise(3);
      OpGraph graph = node.build(node.graph.add("both", new Add(), depthwise, node.relu));
      assertEquals(lowered(graph, mode), fused(graph, mode), mode.name());
    }
  }

  @Test
  void aReluWithTwoDepthwiseReadersStays() {
    for (Mode mode : Mode.values()) {
      Node node = new Node();
      int first = node.depthwise(3);
      int second =
          node.graph.add("second", Convolution.depthwise(CHANNELS, Window.square(3, 1)), node.relu);
      OpGraph graph = node.build(node.graph.add("both", new Add(), first, second));
      assertEquals(lowered(graph, mode), fused(graph, mode), mode.name());
    }
  }

  @Test
  void aWeightedSumThatAnotherOpReadsStays() {
    for (Mode mode : Mode.values()) {
      Node node = new Node();
      int depthwise = node.depthwise(3);
      OpGraph graph = node.build(node.graph.add("both", new Add(), depthwise, node.sum));
      assertEquals(lowered(graph, mode), fused(graph, mode), mode.name());
    }
  }

  @Test
  void aNormalisationInBetweenKeepsTheNodeApart() {
    Node node = new Node();
    int norm = node.graph.add("norm", BatchNorm.DEFAULT, node.relu);
    Convolution depthwise = Convolution.depthwise(CHANNELS, Window.square(3, 1));
    OpGraph graph = node.build(node.graph.add("depthwise", depthwise, norm));
    assertEquals(lowered(graph, Mode.TRAINING), fused(graph, Mode.TRAINING));
  }

  @Test
  void whatNoKernelTakesStays() {
    KernelCatalog threeByThree =
        without(
            i ->
                i.primitive() instanceof NodeTransform.Forward f
                    && f.depthwise().window().height() != 3);
    Node five = new Node();
    OpGraph graph = five.build(five.depthwise(5));
    assertEquals(lowered(graph, Mode.TRAINING), fused(graph, Mode.TRAINING, threeByThree));
    Node three = new Node();
    OpGraph fitting = three.build(three.depthwise(3));
    assertEquals(
        1, count(fused(fitting, Mode.TRAINING, threeByThree)).get(NodeTransform.Forward.class));
  }

  @Test
  void neitherHalfIsFusedWhenTheBackwardHasNoKernel() {
    Node node = new Node();
    OpGraph graph = node.build(node.depthwise(3));
    KernelCatalog catalog = without(i -> i.primitive() instanceof NodeTransform.Backward);
    assertEquals(lowered(graph, Mode.TRAINING), fused(graph, Mode.TRAINING, catalog));
  }

  @Test
  void nothingIsReadBeforeItIsWrittenAndNothingIsWrittenTwice() {
    for (long seed = 0; seed < 20; seed++) {
      Set<Value> written = new HashSet<>();
      for (Instruction instruction : fused(SmallNetworks.randwire(seed, 4), Mode.TRAINING)) {
        for (Value input : instruction.inputs()) {
          boolean given =
              List.of(
                      Section.INPUT,
                      Section.LABELS,
                      Section.PARAMETERS,
                      Section.STATE,
                      Section.CONTROLS)
                  .contains(input.section());
          assertTrue(
              given || written.contains(input),
              "seed " + seed + ": " + instruction.label() + " reads " + input + " too early");
        }
        for (Value output : instruction.outputs()) {
          assertTrue(written.add(output), "seed " + seed + ": " + output + " is written twice");
        }
      }
    }
  }

  @Test
  void everyParameterGradientIsStillWritten() {
    for (long seed = 0; seed < 20; seed++) {
      Program program =
          Lowering.lower(
              SmallNetworks.randwire(seed, 4),
              2,
              Mode.TRAINING,
              new SoftmaxCrossEntropy(0),
              BACKEND);
      List<String> gradients = new ArrayList<>();
      for (Instruction i : Fusion.fuse(program, BACKEND.catalog()).instructions()) {
        i.outputs().stream()
            .filter(v -> v.section() == Section.GRADIENTS)
            .forEach(v -> gradients.add(v.name().replace(" gradient", "")));
      }
      List<String> parameters =
          new ArrayList<>(program.parameters().stream().map(Parameter::name).toList());
      parameters.sort(null);
      gradients.sort(null);
      assertEquals(parameters, gradients, "seed " + seed);
    }
  }
}
