// SPDX-License-Identifier: Apache-2.0
package org.randwire.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.randwire.backend.Backend;
import org.randwire.backend.cpu.CpuBackend;
import org.randwire.backend.reference.ReferenceBackend;
import org.randwire.data.augment.Augmentation;
import org.randwire.graph.Dag;
import org.randwire.graph.Edge;
import org.randwire.network.randwire.NodeOp;
import org.randwire.network.randwire.RandWireSpec;
import org.randwire.network.randwire.Regime;
import org.randwire.network.randwire.SmallNetworks;
import org.randwire.op.Section;
import org.randwire.tensor.DataType;
import org.randwire.tensor.NamedTensor;

/** A removed node or edge does what a network built without it does. */
class GraphDamageTest {

  /** Exits 4, 5 and 6; node 3 has the inputs 0, 1, 2 and the outputs 4, 5; node 6 only input 2. */
  private static final Dag WHOLE =
      dag(7, "0-3", "1-3", "1-4", "2-3", "0-4", "2-5", "3-4", "3-5", "2-6");

  private record Device(String name, Supplier<Backend> backend, double tolerance) {
    @Override
    public String toString() {
      return name;
    }
  }

  static Stream<Device> devices() {
    List<Device> devices =
        new ArrayList<>(
            List.of(
                new Device("reference", () -> new ReferenceBackend(DataType.FLOAT64), 1e-12),
                new Device("cpu fp32", () -> new CpuBackend(DataType.FLOAT32, 2), 1e-5)));
    if (CpuBackend.supportsBfloat16()) {
      devices.add(new Device("cpu bf16", () -> new CpuBackend(DataType.BFLOAT16, 1), 2e-2));
    }
    return devices.stream();
  }

  private static Dag dag(int nodes, String... edges) {
    return Dag.of(
        nodes,
        Arrays.stream(edges)
            .map(e -> e.split("-"))
            .map(e -> new Edge(Integer.parseInt(e[0]), Integer.parseInt(e[1])))
            .toList());
  }

  private static Trainer open(Dag secondStage, double averageDecay, Backend backend) {
    SmallRuns run = new SmallRuns();
    run.averageDecay = averageDecay;
    RandWireSpec spec =
        new RandWireSpec(
            "damaged",
            Regime.MNIST,
            SmallNetworks.IMAGE,
            SmallNetworks.CLASSES,
            6,
            List.of(dag(4, "0-1", "1-2", "2-3"), secondStage),
            NodeOp.SEPARABLE,
            0.3,
            0);
    return new Trainer(
        "damaged", spec.build(), backend, SmallRuns.data(), Augmentation.NONE, run.settings(), 3);
  }

  private static Trainer trained(Backend backend) {
    Trainer trainer = open(WHOLE, 0, backend);
    trainer.train(new TrainingListener() {});
    // What a network built anew gets: values that went through float32.
    trainer.weights().set(trainer.weights().tensors());
    return trainer;
  }

  private static void assertSame(Evaluation expected, Evaluation actual, double tolerance) {
    assertEquals(expected.loss(), actual.loss(), tolerance * expected.loss());
    if (tolerance < 1e-3) {
      assertEquals(expected.top1Error(), actual.top1Error());
    }
  }

  /** The weights of the second stage under other names of nodes, one node's left out. */
  private static Map<String, NamedTensor> withoutNode(Map<String, NamedTensor> weights, int gone) {
    Map<String, NamedTensor> left = new LinkedHashMap<>();
    for (NamedTensor tensor : weights.values()) {
      String name = tensor.name();
      if (name.startsWith("stage2.node")) {
        String[] parts = name.substring("stage2.node".length()).split("\\.", 2);
        int node = Integer.parseInt(parts[0]);
        if (node == gone) {
          continue;
        }
        name = RandWireSpec.nodeName(1, node > gone ? node - 1 : node) + "." + parts[1];
      }
      left.put(name, new NamedTensor(name, tensor.shape(), tensor.values()));
    }
    return left;
  }

  private static void dropInput(Map<String, NamedTensor> weights, String node, int input) {
    String name = node + ".aggregation.weight";
    float[] all = weights.get(name).values();
    float[] left = new float[all.length - 1];
    System.arraycopy(all, 0, left, 0, input);
    System.arraycopy(all, input + 1, left, input, left.length - input);
    weights.put(name, new NamedTensor(name, List.of(left.length), left));
  }

  @ParameterizedTest
  @MethodSource("devices")
  void anEdgeRemovedIsAnEdgeNeverBuilt(Device device) {
    Dag without = dag(7, "0-3", "1-3", "1-4", "0-4", "2-5", "3-4", "3-5", "2-6");
    try (Backend backend = device.backend.get();
        Trainer whole = trained(backend);
        Trainer built = open(without, 0, backend)) {
      Map<String, NamedTensor> weights = whole.weights().tensors();
      dropInput(weights, "stage2.node3", 2);
      built.weights().set(weights);
      GraphDamage damage = new GraphDamage(whole);
      Evaluation intact = damage.intact();
      Evaluation damaged = damage.withoutEdge("stage2.node2", "stage2.node3");
      assertSame(built.evaluate(), damaged, device.tolerance);
      assertTrue(Math.abs(damaged.loss() - intact.loss()) > 1e-4, "an edge that matters");
      assertEquals(intact, damage.intact());
    }
  }

  @ParameterizedTest
  @MethodSource("devices")
  void aNodeRemovedIsANodeNeverBuilt(Device device) {
    Dag without = dag(6, "0-3", "1-3", "2-4", "2-5"); // nodes 4 to 6 are 3 to 5 then
    try (Backend backend = device.backend.get();
        Trainer whole = trained(backend);
        Trainer built = open(without, 0, backend)) {
      Map<String, NamedTensor> weights = withoutNode(whole.weights().tensors(), 3);
      dropInput(weights, "stage2.node3", 2); // of node 4: 0, 1, 3
      dropInput(weights, "stage2.node4", 1); // of node 5: 2, 3
      built.weights().set(weights);
      GraphDamage damage = new GraphDamage(whole);
      assertSame(built.evaluate(), damage.withoutNode("stage2.node3"), device.tolerance);
    }
  }

  @ParameterizedTest
  @MethodSource("devices")
  void anExitRemovedLeavesItsPartOfTheMeanEmpty(Device device) {
    Dag without = dag(6, "0-3", "1-3", "1-4", "2-3", "0-4", "2-5", "3-4", "3-5");
    try (Backend backend = device.backend.get();
        Trainer whole = trained(backend);
        Trainer built = open(without, 0, backend)) {
      Map<String, NamedTensor> weights = withoutNode(whole.weights().tensors(), 6);
      // (a + b + 0) / 3 is (a + b) / 2 times 2/3; ReLU and the convolution behind pass the factor.
      NamedTensor head = weights.get("head.pointwise.weight");
      float[] scaled = head.values();
      for (int i = 0; i < scaled.length; i++) {
        scaled[i] *= 2f / 3;
      }
      weights.put(head.name(), new NamedTensor(head.name(), head.shape(), scaled));
      built.weights().set(weights);
      Evaluation damaged = new GraphDamage(whole).withoutNode("stage2.node6");
      assertSame(built.evaluate(), damaged, Math.max(1e-6, device.tolerance));
    }
  }

  @ParameterizedTest
  @MethodSource("devices")
  void theOnlyInputRemovedIsAWeightOfZero(Device device) {
    try (Backend backend = device.backend.get();
        Trainer whole = trained(backend)) {
      GraphDamage damage = new GraphDamage(whole);
      Evaluation damaged = damage.withoutEdge("stage1.node0", "stage1.node1");
      assertTrue(Double.isFinite(damaged.loss()));
      whole
          .session()
          .state()
          .set(Section.PARAMETERS, "stage1.node1.aggregation.weight", new double[] {-1e30});
      assertEquals(damage.intact(), damaged);
    }
  }

  @ParameterizedTest
  @MethodSource("devices")
  void theMovingAverageIsDamagedWhereItIsEvaluated(Device device) {
    try (Backend backend = device.backend.get();
        Trainer whole = open(WHOLE, 0.5, backend)) {
      whole.train(new TrainingListener() {});
      GraphDamage damage = new GraphDamage(whole);
      Evaluation intact = damage.intact();
      assertTrue(damage.withoutNode("stage2.node3").loss() != intact.loss());
      assertTrue(damage.withoutEdge("stage2.node0", "stage2.node4").loss() != intact.loss());
      assertEquals(intact, damage.intact());
      assertEquals(intact, whole.evaluate());
    }
  }

  @ParameterizedTest
  @MethodSource("devices")
  void whatIsNotThereIsRefused(Device device) {
    try (Backend backend = device.backend.get();
        Trainer whole = open(WHOLE, 0, backend)) {
      GraphDamage damage = new GraphDamage(whole);
      for (String to : List.of("stage2.node1", "stage2.node9", "stage1.node3")) {
        String message =
            assertThrows(
                    IllegalArgumentException.class, () -> damage.withoutEdge("stage2.node0", to))
                .getMessage();
        assertEquals("the network has no edge from stage2.node0 to " + to, message);
      }
      assertThrows(IllegalArgumentException.class, () -> damage.withoutNode("stage3.node0"));
      assertThrows(IllegalArgumentException.class, () -> damage.withoutNode("head"));
    }
  }
}
