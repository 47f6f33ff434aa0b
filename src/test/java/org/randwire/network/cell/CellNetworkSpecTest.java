// SPDX-License-Identifier: Apache-2.0
package org.randwire.network.cell;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.randwire.network.cell.CellNetworkSpec.Regularisation;
import org.randwire.network.cell.CellNetworkSpec.Stem;
import org.randwire.op.AuxiliaryLoss;
import org.randwire.op.Concat;
import org.randwire.op.DropPath;
import org.randwire.op.OpGraph;
import org.randwire.op.OpNode;
import org.randwire.tensor.TensorShape;

class CellNetworkSpecTest {

  private static final TensorShape CIFAR = TensorShape.example(3, 32, 32);

  /** The published genotypes of DARTS, first and second order. */
  private static final Cell V1_NORMAL =
      Cell.of(
          List.of("sep3 1", "sep3 0", "skip 0", "sep3 1", "skip 0", "sep3 1", "sep3 0", "skip 2"));

  private static final Cell V1_REDUCTION =
      Cell.of(
          List.of("max3 0", "max3 1", "skip 2", "max3 0", "max3 0", "skip 2", "skip 2", "avg3 0"));
  private static final Cell V2_NORMAL =
      Cell.of(
          List.of("sep3 0", "sep3 1", "sep3 0", "sep3 1", "sep3 1", "skip 0", "skip 0", "dil3 2"));
  private static final Cell V2_REDUCTION =
      Cell.of(
          List.of("max3 0", "max3 1", "skip 2", "max3 1", "max3 0", "skip 2", "skip 2", "max3 1"));

  private static CellNetworkSpec network(
      TensorShape input, Stem stem, int classes, int width, int depth, Regularisation training) {
    return new CellNetworkSpec(
        "darts",
        input,
        classes,
        stem,
        width,
        depth,
        V2_NORMAL,
        V2_REDUCTION,
        CellOutput.ALL,
        training);
  }

  /** Parameters exact, multiply-adds in millions as printed. */
  @ParameterizedTest
  @CsvSource({"1, 3169414, 501.0", "2, 3349342, 528.4"})
  void complexityIsThatOfThePublishedCells(int order, long parameters, double multiplyAdds) {
    OpGraph graph =
        new CellNetworkSpec(
                "darts",
                CIFAR,
                10,
                Stem.CIFAR,
                36,
                20,
                order == 1 ? V1_NORMAL : V2_NORMAL,
                order == 1 ? V1_REDUCTION : V2_REDUCTION,
                CellOutput.ALL,
                Regularisation.NONE)
            .build();
    assertEquals(parameters, graph.parameterCount());
    assertEquals(multiplyAdds, graph.multiplyAdds() / 1e6, 0.05);
  }

  /** The size that the code of DARTS prints for its ImageNet network. */
  @Test
  void complexityWithTheStemForLargeImages() {
    OpGraph graph =
        network(TensorShape.example(3, 224, 224), Stem.IMAGENET, 1000, 48, 14, Regularisation.NONE)
            .build();
    assertEquals(4_718_752, graph.parameterCount());
  }

  @Test
  void reductionCellsHalveTheImageAndDoubleTheWidth() {
    OpGraph graph = network(CIFAR, Stem.CIFAR, 10, 16, 8, Regularisation.NONE).build();
    assertEquals(TensorShape.example(64, 32, 32), shape(graph, "stage1.cell1.output"));
    assertEquals(TensorShape.example(128, 16, 16), shape(graph, "stage2.cell2.output"));
    assertEquals(TensorShape.example(256, 8, 8), shape(graph, "stage3.cell5.output"));
    assertEquals(TensorShape.example(256, 8, 8), shape(graph, "stage3.cell7.output"));
  }

  @Test
  void looseOutputsAreTheNodesNobodyReads() {
    Cell cell = Cell.of(List.of("conv1 0", "skip 1", "sep3 2", "max3 0", "avg3 1", "skip 1"));
    assertEquals(List.of(3, 4), cell.outputs(CellOutput.LOOSE));
    assertEquals(List.of(2, 3, 4), cell.outputs(CellOutput.ALL));
    Cell chain = Cell.of(List.of("conv1 0", "skip 1", "skip 2", "skip 2"));
    OpGraph graph =
        new CellNetworkSpec(
                "chain",
                CIFAR,
                10,
                Stem.CIFAR,
                4,
                3,
                chain,
                chain,
                CellOutput.LOOSE,
                Regularisation.NONE)
            .build();
    assertEquals(
        0,
        graph.nodes().stream()
            .filter(n -> n.op() instanceof Concat && n.name().endsWith(".output"))
            .count());
  }

  @ParameterizedTest
  @EnumSource(CellOp.class)
  void everyOpKeepsTheSizeAndHalvesItAtStrideTwo(CellOp op) {
    for (int size : new int[] {1, 7, 8}) {
      OpGraph.Builder graph = new OpGraph.Builder(TensorShape.example(6, size, size));
      for (int stride : new int[] {1, 2}) {
        CellLayers layers = new CellLayers(graph, op.label() + stride);
        int out = op.addTo(layers, graph.input(), 6, stride);
        int expected = (size + stride - 1) / stride;
        assertEquals(TensorShape.example(6, expected, expected), graph.shape(out), size + "");
      }
    }
    assertEquals(op, CellOp.of(op.label()));
  }

  /** Of DARTS's auxiliary classifier: 576 channels in, 1x1 to 128, 2x2 to 768, linear to 10. */
  @Test
  void theAuxiliaryClassifierStandsBehindTheSecondReduction() {
    Regularisation training = new Regularisation(0.4, 0, 0);
    OpGraph graph = network(CIFAR, Stem.CIFAR, 10, 36, 20, training).build();
    long head = 576 * 128 + 2 * 128 + 128 * 768 * 4 + 2 * 768 + 768 * 10 + 10;
    assertEquals(3_349_342 + head, graph.parameterCount());
    OpNode last = graph.output();
    assertEquals(new AuxiliaryLoss(0.4, 0), last.op());
    assertEquals("fc", graph.node(last.inputs().get(0)).name());
    OpNode entry = graph.node(node(graph, "auxiliary.relu").inputs().get(0));
    assertEquals("stage3.cell13.output", entry.name());
    assertEquals(TensorShape.example(128, 2, 2), shape(graph, "auxiliary.conv1"));
    assertEquals(TensorShape.example(768, 1, 1), shape(graph, "auxiliary.conv2"));
  }

  /** 18 normal cells drop 5 of 8 paths, 2 reduction cells 4 of 8: identities stay. */
  @Test
  void pathsAreDroppedButForIdentities() {
    OpGraph graph = network(CIFAR, Stem.CIFAR, 10, 4, 20, new Regularisation(0, 0, 0.2)).build();
    long normal = V2_NORMAL.edges().stream().filter(e -> !e.startsWith("skip")).count();
    long reduction = V2_REDUCTION.edges().stream().filter(e -> !e.startsWith("skip")).count();
    assertEquals(
        18 * normal + 2 * reduction,
        graph.nodes().stream().filter(n -> n.op() instanceof DropPath).count());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "sep3 0            | a cell needs two edges for each node, got 1",
        "sep3 0,sep3 2     | node 0 of a cell reads one of states 0 to 1, got 2",
        "sep3 0,sep3       | an edge is written as an op and a state, such as 'sep3 1', got 'sep3'",
        "sep3 0,sep3 -1    | an edge is written as an op and a state, such as 'sep3 1', got 'sep3 -1'"
      })
  void aCellThatCannotBeIsRefused(String edges, String message) {
    var e =
        assertThrows(
            IllegalArgumentException.class, () -> Cell.of(List.of(edges.strip().split(","))));
    assertEquals(message, e.getMessage());
  }

  private static OpNode node(OpGraph graph, String name) {
    return graph.nodes().stream().filter(n -> n.name().equals(name)).findFirst().orElseThrow();
  }

  private static TensorShape shape(OpGraph graph, String name) {
    return node(graph, name).shape();
  }
}
