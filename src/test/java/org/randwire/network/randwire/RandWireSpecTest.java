// SPDX-License-Identifier: Apache-2.0
package org.randwire.network.randwire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.randwire.graph.BarabasiAlbert;
import org.randwire.graph.Dag;
import org.randwire.graph.Edge;
import org.randwire.graph.ErdosRenyi;
import org.randwire.graph.GraphGenerator;
import org.randwire.graph.WattsStrogatz;
import org.randwire.op.AveragePool;
import org.randwire.op.BatchNorm;
import org.randwire.op.Convolution;
import org.randwire.op.Dropout;
import org.randwire.op.Linear;
import org.randwire.op.MaxPool;
import org.randwire.op.Mean;
import org.randwire.op.Op;
import org.randwire.op.OpGraph;
import org.randwire.op.OpNode;
import org.randwire.op.Relu;
import org.randwire.op.WeightedSum;
import org.randwire.op.Window;
import org.randwire.tensor.TensorShape;

/** The structure the paper describes, and the errors made when it was built elsewhere. */
class RandWireSpecTest {

  private static final int CHANNELS = 6;
  private static final List<GraphGenerator> GENERATORS =
      List.of(
          new WattsStrogatz(12, 4, 0.75),
          new WattsStrogatz(12, 2, 1),
          new BarabasiAlbert(12, 3),
          new ErdosRenyi(12, 0.2),
          new ErdosRenyi(12, 0));

  private static RandWireSpec spec(List<Dag> graphs, NodeOp op) {
    return new RandWireSpec(
        "n", Regime.CIFAR, TensorShape.example(3, 32, 32), 10, CHANNELS, graphs, op, 0.25, 0);
  }

  /** Networks of every generator, some with isolated nodes and separate components. */
  private static List<RandWireSpec> specs() {
    List<RandWireSpec> specs = new ArrayList<>();
    for (GraphGenerator generator : GENERATORS) {
      for (long seed = 0; seed < 10; seed++) {
        specs.add(spec(StageGraphs.draw(Regime.CIFAR, 12, n -> generator, seed), NodeOp.SEPARABLE));
      }
    }
    return specs;
  }

  private static Map<String, OpNode> byName(OpGraph graph) {
    return graph.nodes().stream().collect(Collectors.toMap(OpNode::name, Function.identity()));
  }

  private static List<String> inputs(OpGraph graph, OpNode node) {
    return node.inputs().stream().map(id -> graph.node(id).name()).toList();
  }

  /** What the stage reads: the output of the stage before, or of the stem. */
  private static String stageInput(RandWireSpec spec, int stage) {
    return stage == 0 ? "conv1.bn" : stageOutput(spec, stage - 1);
  }

  private static String stageOutput(RandWireSpec spec, int stage) {
    int[] sinks = spec.stages().get(stage).sinks();
    String name = "stage" + (stage + 1);
    return sinks.length == 1 ? name + ".node" + sinks[0] + ".bn" : name + ".output";
  }

  @Test
  void everyNodeAggregatesExactlyItsPredecessors() {
    for (RandWireSpec spec : specs()) {
      OpGraph graph = spec.build();
      Map<String, OpNode> nodes = byName(graph);
      for (int stage = 0; stage < spec.stages().size(); stage++) {
        Dag dag = spec.stages().get(stage);
        for (int node = 0; node < dag.nodes(); node++) {
          String name = "stage" + (stage + 1) + ".node";
          List<String> expected = new ArrayList<>();
          for (int predecessor : dag.predecessors(node)) {
            expected.add(name + predecessor + ".bn");
          }
          if (expected.isEmpty()) {
            expected.add(stageInput(spec, stage));
          }
          OpNode sum = nodes.get(name + node + ".aggregation");
          assertEquals(new WeightedSum(0.25), sum.op());
          assertEquals(expected, inputs(graph, sum), sum.name());
        }
      }
    }
  }

  @Test
  void entryNodesAloneHalveTheImageAndChangeTheChannels() {
    for (RandWireSpec spec : specs()) {
      Map<String, OpNode> nodes = byName(spec.build());
      for (int stage = 0; stage < spec.stages().size(); stage++) {
        Dag dag = spec.stages().get(stage);
        int width = CHANNELS << stage;
        for (int node = 0; node < dag.nodes(); node++) {
          String name = "stage" + (stage + 1) + ".node" + node;
          boolean entry = dag.inDegree(node) == 0;
          int before = entry && stage > 0 ? width / 2 : width;
          assertEquals(
              Convolution.depthwise(before, Window.square(3, entry ? 2 : 1)),
              nodes.get(name + ".depthwise").op());
          assertEquals(Convolution.pointwise(width), nodes.get(name + ".pointwise").op());
          assertEquals(
              TensorShape.example(width, 16 >> stage, 16 >> stage),
              nodes.get(name + ".bn").shape());
        }
      }
    }
  }

  @Test
  void aNodeIsSumReluDepthwisePointwiseNormInThisOrder() {
    OpGraph graph = specs().get(0).build();
    Map<String, OpNode> nodes = byName(graph);
    String name = "stage2.node3";
    assertEquals(List.of(name + ".aggregation"), inputs(graph, nodes.get(name + ".relu")));
    assertEquals(List.of(name + ".relu"), inputs(graph, nodes.get(name + ".depthwise")));
    assertEquals(List.of(name + ".depthwise"), inputs(graph, nodes.get(name + ".pointwise")));
    assertEquals(List.of(name + ".pointwise"), inputs(graph, nodes.get(name + ".bn")));
    assertEquals(BatchNorm.DEFAULT, nodes.get(name + ".bn").op());
    assertTrue(nodes.get(name + ".relu").op() instanceof Relu);
  }

  @Test
  void aStageEndsInTheMeanOfItsSinksAndNothingElse() {
    for (RandWireSpec spec : specs()) {
      OpGraph graph = spec.build();
      Map<String, OpNode> nodes = byName(graph);
      for (int stage = 0; stage < spec.stages().size(); stage++) {
        Dag dag = spec.stages().get(stage);
        String name = "stage" + (stage + 1);
        List<String> sinks = new ArrayList<>();
        for (int sink : dag.sinks()) {
          sinks.add(name + ".node" + sink + ".bn");
        }
        OpNode output = nodes.get(name + ".output");
        if (sinks.size() == 1) {
          assertEquals(null, output, "one sink needs no mean");
        } else {
          assertEquals(new Mean(), output.op());
          assertEquals(sinks, inputs(graph, output));
        }
        OpNode next = nodes.get(stage == 2 ? "head.relu" : null);
        if (next != null) {
          assertEquals(List.of(stageOutput(spec, stage)), inputs(graph, next));
        }
      }
    }
  }

  @Test
  void aStageHasNoOpsBesideItsNodesAndItsMean() {
    for (RandWireSpec spec : specs()) {
      Set<String> expected = new TreeSet<>(List.of("input", "conv1.convolution", "conv1.bn"));
      for (int stage = 0; stage < 3; stage++) {
        Dag dag = spec.stages().get(stage);
        String name = "stage" + (stage + 1);
        for (int node = 0; node < dag.nodes(); node++) {
          for (String part : List.of("aggregation", "relu", "depthwise", "pointwise", "bn")) {
            expected.add(name + ".node" + node + "." + part);
          }
        }
        if (dag.sinks().length > 1) {
          expected.add(name + ".output");
        }
      }
      expected.addAll(List.of("head.relu", "head.pointwise", "head.bn", "head.pool", "fc"));
      assertEquals(expected, new TreeSet<>(byName(spec.build()).keySet()));
    }
  }

  @Test
  void aSingleSinkIsTheOutputItself() {
    Dag chain = Dag.of(3, List.of(new Edge(0, 1), new Edge(1, 2)));
    RandWireSpec spec = spec(List.of(chain, chain, chain), NodeOp.SEPARABLE);
    assertTrue(spec.build().nodes().stream().noneMatch(node -> node.op() instanceof Mean));
  }

  @Test
  void isolatedNodesHangBetweenInputAndOutput() {
    Dag dag = Dag.of(4, List.of(new Edge(0, 1)));
    OpGraph graph = spec(List.of(dag, dag, dag), NodeOp.SEPARABLE).build();
    Map<String, OpNode> nodes = byName(graph);
    for (int node : new int[] {0, 2, 3}) {
      assertEquals(
          List.of("conv1.bn"), inputs(graph, nodes.get("stage1.node" + node + ".aggregation")));
    }
    assertEquals(
        List.of("stage1.node1.bn", "stage1.node2.bn", "stage1.node3.bn"),
        inputs(graph, nodes.get("stage1.output")));
  }

  @ParameterizedTest
  @EnumSource(NodeOp.class)
  void nodeOpsDifferInTheirSpatialPartOnly(NodeOp op) {
    RandWireSpec spec =
        spec(StageGraphs.draw(Regime.CIFAR, 12, n -> new WattsStrogatz(n, 4, 0.75), 1), op);
    OpGraph graph = spec.build();
    Map<String, OpNode> nodes = byName(graph);
    for (int stage = 0; stage < 3; stage++) {
      Dag dag = spec.stages().get(stage);
      for (int node = 0; node < dag.nodes(); node++) {
        String name = "stage" + (stage + 1) + ".node" + node;
        int stride = dag.inDegree(node) == 0 ? 2 : 1;
        Window window = Window.square(3, stride);
        int width = CHANNELS << stage;
        int before = nodes.get(name + ".relu").shape().channels();
        Op expected =
            switch (op) {
              case SEPARABLE -> Convolution.depthwise(before, window);
              case DENSE -> new Convolution(width, window, 1);
              case MAX_POOL -> new MaxPool(window);
              case AVERAGE_POOL -> new AveragePool(window);
            };
        OpNode spatial =
            graph.nodes().stream()
                .filter(n -> inputs(graph, n).contains(name + ".relu"))
                .findFirst()
                .orElseThrow();
        assertEquals(expected, spatial.op(), name);
        assertEquals(op != NodeOp.DENSE, nodes.containsKey(name + ".pointwise"), name);
        assertEquals(width, nodes.get(name + ".bn").shape().channels());
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Regime.class)
  void stagesHaveGraphsOfTheirOwn(Regime regime) {
    for (long seed = 0; seed < 20; seed++) {
      List<Dag> graphs =
          StageGraphs.draw(regime, 32, nodes -> new WattsStrogatz(nodes, 4, 0.75), seed);
      assertEquals(regime.stages(), new HashSet<>(graphs).size(), "seed " + seed);
      for (int stage = 0; stage < graphs.size(); stage++) {
        boolean half = regime == Regime.REGULAR && stage == 0;
        assertEquals(half ? 16 : 32, graphs.get(stage).nodes());
      }
    }
  }

  /** SplitMix64's published outputs for the seed 0 are those of the stages of the seed 0. */
  @Test
  void stageSeedsAreSplitMix() {
    assertEquals(0xE220A8397B1DCDAFL, StageGraphs.stageSeed(0, 0));
    assertEquals(0x6E789E6AA1B965F4L, StageGraphs.stageSeed(0, 1));
    assertEquals(0x06C45D188009454FL, StageGraphs.stageSeed(0, 2));
    Set<Long> seeds = new HashSet<>();
    for (long seed = 0; seed < 1000; seed++) {
      for (int stage = 0; stage < 4; stage++) {
        seeds.add(StageGraphs.stageSeed(seed, stage));
      }
    }
    assertEquals(4000, seeds.size());
  }

  @Test
  void theSameSpecIsTheSameNetworkAndAnotherGraphSeedAnother() {
    assertEquals(SmallNetworks.randwire(1, 4).nodes(), SmallNetworks.randwire(1, 4).nodes());
    assertNotEquals(SmallNetworks.randwire(1, 4).nodes(), SmallNetworks.randwire(2, 4).nodes());
  }

  @ParameterizedTest
  @EnumSource(Regime.class)
  void theStemIsDenseAndTheHeadAsWideAsTheRegimeSays(Regime regime) {
    var graphs = StageGraphs.draw(regime, 8, nodes -> new WattsStrogatz(nodes, 2, 0.5), 1);
    OpGraph graph =
        new RandWireSpec("n", regime, regime.defaultInput(), 7, 9, graphs, NodeOp.SEPARABLE, 0, 0.2)
            .build();
    Map<String, OpNode> nodes = byName(graph);
    boolean paper = regime == Regime.SMALL || regime == Regime.REGULAR;
    assertEquals(
        new Convolution(paper ? 4 : 9, Window.square(3, paper ? 2 : 1), 1),
        nodes.get("conv1.convolution").op());
    assertEquals(regime == Regime.SMALL, nodes.containsKey("conv2.convolution"));
    int features = paper ? 1280 : regime == Regime.CIFAR ? 72 : 36;
    assertEquals(Convolution.pointwise(features), nodes.get("head.pointwise").op());
    assertEquals(paper, nodes.containsKey("head.relu2"));
    assertEquals(new Dropout(0.2), nodes.get("head.dropout").op());
    assertEquals(new Linear(7), graph.output().op());
    int side = regime == Regime.MNIST || regime == Regime.SMALL || regime == Regime.REGULAR ? 7 : 4;
    assertEquals(side, nodes.get("head.pointwise").shape().height());
  }

  @Test
  void refusesTheWrongNumberOfGraphsAndNoChannels() {
    Dag one = Dag.of(1, List.of());
    assertThrows(IllegalArgumentException.class, () -> spec(List.of(one, one), NodeOp.SEPARABLE));
    assertThrows(
        IllegalArgumentException.class,
        () ->
            new RandWireSpec(
                "n",
                Regime.MNIST,
                SmallNetworks.IMAGE,
                5,
                0,
                List.of(one, one),
                NodeOp.DENSE,
                0,
                0));
  }

  @ParameterizedTest
  @EnumSource(NodeOp.class)
  void noWidthIsNearerThanTheMatchingOne(NodeOp op) {
    RandWireSpec spec = spec(StageGraphs.draw(Regime.CIFAR, 12, n -> GENERATORS.get(0), 3), op);
    for (long target : new long[] {1, 900_000, 4_000_000, 60_000_000}) {
      RandWireSpec matching = spec.matching(target);
      long found = Math.abs(matching.build().multiplyAdds() - target);
      for (int step : new int[] {-1, 1}) {
        int width = Math.max(1, matching.channels() + step);
        long other = Math.abs(spec.withChannels(width).build().multiplyAdds() - target);
        assertTrue(found <= other, op + ", " + target + ", C = " + matching.channels());
      }
      if (matching.channels() > 20) {
        assertEquals(target, matching.build().multiplyAdds(), 0.05 * target, op.name());
      }
    }
    assertTrue(spec.matching(60_000_000).channels() > 20);
    assertThrows(IllegalArgumentException.class, () -> spec.matching(0));
  }

  /** At the paper's size: C = 78 is 583 M; dense needs about 30, pooling about 80. */
  @Test
  void widthsOfTheAblationAtThePapersSize() {
    List<Dag> graphs = StageGraphs.draw(Regime.SMALL, 32, n -> new WattsStrogatz(n, 4, 0.75), 1);
    Map<NodeOp, Integer> expected =
        Map.of(
            NodeOp.SEPARABLE, 78, NodeOp.DENSE, 30, NodeOp.MAX_POOL, 80, NodeOp.AVERAGE_POOL, 80);
    expected.forEach(
        (op, width) -> {
          RandWireSpec matching =
              new RandWireSpec(
                      "n",
                      Regime.SMALL,
                      TensorShape.example(3, 224, 224),
                      1000,
                      1,
                      graphs,
                      op,
                      0,
                      0)
                  .matching(583_000_000);
          assertEquals(width, matching.channels(), 1, op.name());
          assertEquals(583e6, matching.build().multiplyAdds(), 0.05 * 583e6, op.name());
        });
  }
}
