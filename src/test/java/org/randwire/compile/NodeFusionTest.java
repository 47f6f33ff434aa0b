// SPDX-License-Identifier: Apache-2.0
package org.randwire.compile;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.randwire.backend.cpu.CpuBackend;
import org.randwire.backend.cpu.binding.NativeCore;
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
import org.randwire.op.Primitive;
import org.randwire.op.Relu;
import org.randwire.op.SeparableNode;
import org.randwire.op.SoftmaxCrossEntropy;
import org.randwire.op.Value;
import org.randwire.op.WeightedSum;
import org.randwire.op.Window;
import org.randwire.tensor.DataType;
import org.randwire.tensor.TensorShape;

class NodeFusionTest {

  @BeforeEach
  void needsTheNativeCore() {
    assumeTrue(NativeCore.available(), "whole nodes have kernels in the native core only");
  }

  private static List<Instruction> fused(OpGraph graph, int batch, Mode mode) {
    try (CpuBackend backend = new CpuBackend(DataType.FLOAT32, 1)) {
      Program program = Lowering.lower(graph, batch, mode, new SoftmaxCrossEntropy(0.1), backend);
      return Fusion.fuse(program, backend.catalog()).instructions();
    }
  }

  private static List<Instruction> only(
      List<Instruction> instructions, Class<? extends Primitive> primitive) {
    return instructions.stream().filter(i -> primitive.isInstance(i.primitive())).toList();
  }

  private static int nodes(OpGraph graph) {
    return (int) graph.nodes().stream().filter(n -> n.op() instanceof WeightedSum).count();
  }

  @Test
  void everyNodeOfARandomNetworkBecomesOneInstructionEachWay() {
    for (long seed = 0; seed < 10; seed++) {
      OpGraph graph = SmallNetworks.randwire(seed, 4);
      for (Mode mode : Mode.values()) {
        List<Instruction> instructions = fused(graph, 4, mode);
        boolean training = mode == Mode.TRAINING;
        String what = "seed " + seed + ", " + mode;
        assertEquals(nodes(graph), only(instructions, SeparableNode.Forward.class).size(), what);
        assertEquals(
            training ? nodes(graph) : 0,
            only(instructions, SeparableNode.Backward.class).size(),
            what);
        assertEquals(List.of(), only(instructions, NodeTransform.Forward.class), what);
        assertEquals(List.of(), only(instructions, NodeTransform.Backward.class), what);
      }
    }
  }

  @Test
  void normalisedOutputsExistOnlyForOtherReaders() {
    for (long seed = 0; seed < 10; seed++) {
      OpGraph graph = SmallNetworks.randwire(seed, 4);
      List<Instruction> instructions = fused(graph, 4, Mode.TRAINING);
      List<Instruction> written = only(instructions, BatchNorm.Inference.class);
      assertTrue(written.size() < nodes(graph), "seed " + seed + ": " + written.size());
      for (Instruction one : written) {
        List<Instruction> readers =
            instructions.stream().filter(i -> i.inputs().contains(one.output(0))).toList();
        assertFalse(readers.isEmpty(), "seed " + seed + ": " + one.label());
        assertTrue(
            readers.stream().noneMatch(i -> i.primitive() instanceof SeparableNode.Forward),
            "seed " + seed + ": " + one.label());
      }
    }
  }

  @Test
  void whatANodeReadsAndWritesIsWhatIsDocumented() {
    for (int batch : new int[] {2, 256}) {
      List<Instruction> instructions = fused(SmallNetworks.randwire(3, 4), batch, Mode.TRAINING);
      for (Instruction forward : only(instructions, SeparableNode.Forward.class)) {
        var node = (SeparableNode.Forward) forward.primitive();
        assertEquals(
            SeparableNode.inputOperands(node.raw()) + 3, forward.inputs().size(), forward.label());
        assertEquals(node.keepsFront() ? 4 : 3, forward.outputs().size(), forward.label());
      }
      for (Instruction backward : only(instructions, SeparableNode.Backward.class)) {
        var node = (SeparableNode.Backward) backward.primitive();
        int terms = node.edges().size();
        assertEquals(
            terms + (node.gathers() ? 3 * terms : 0) + 5 + SeparableNode.inputOperands(node.raw()),
            backward.inputs().size(),
            backward.label());
        assertEquals(7, backward.outputs().size(), backward.label());
        Value sums = backward.output(5);
        assertEquals(
            (1L + node.raw().size()) * backward.output(0).storedChannels(), sums.elements());
      }
    }
  }

  /** Partial sums of a filter's gradient pay only where a task has many pixels. */
  @Test
  void aFilterGradientIsFusedWhereTheBatchIsLargeAgainstTheFilter() {
    OpGraph graph = SmallNetworks.randwire(3, 4);
    for (int batch : new int[] {1, 256}) {
      List<Instruction> instructions = fused(graph, batch, Mode.TRAINING);
      for (Instruction backward : only(instructions, SeparableNode.Backward.class)) {
        boolean whole = ((SeparableNode.Backward) backward.primitive()).filterGradient();
        assertEquals(batch == 256, whole, backward.label() + " of batch " + batch);
        boolean alone =
            only(instructions, Convolution.FilterGradient.class).stream()
                .anyMatch(i -> i.inputs().contains(backward.output(6)));
        assertEquals(!whole, alone, backward.label());
      }
    }
  }

  @Test
  void aNodeWhosePartsOthersReadStaysInParts() {
    for (String read : List.of("depthwise", "pointwise")) {
      OpGraph.Builder graph = new OpGraph.Builder(TensorShape.example(4, 8, 8));
      int start = graph.add("start", Convolution.pointwise(4), graph.input());
      int relu = graph.add("relu", new Relu(), graph.add("sum", new WeightedSum(0), start));
      int depthwise = graph.add("depthwise", Convolution.depthwise(4, Window.square(3, 1)), relu);
      int pointwise = graph.add("pointwise", Convolution.pointwise(4), depthwise);
      int norm = graph.add("norm", BatchNorm.DEFAULT, pointwise);
      int both =
          graph.add("both", new Add(), norm, read.equals("depthwise") ? depthwise : pointwise);
      graph.add("fc", new Linear(3), graph.add("pool", new GlobalAveragePool(), both));
      List<Instruction> instructions = fused(graph.build(), 4, Mode.TRAINING);
      assertEquals(List.of(), only(instructions, SeparableNode.Forward.class), read);
      assertFalse(only(instructions, NodeTransform.Forward.class).isEmpty(), read);
    }
  }
}
