// SPDX-License-Identifier: Apache-2.0
package org.randwire.compile;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.randwire.backend.Backend;
import org.randwire.backend.cpu.CpuBackend;
import org.randwire.backend.cpu.binding.NativeCore;
import org.randwire.backend.cuda.CudaBackend;
import org.randwire.backend.cuda.PlannedDevice;
import org.randwire.graph.BarabasiAlbert;
import org.randwire.graph.ErdosRenyi;
import org.randwire.graph.GraphGenerator;
import org.randwire.graph.WattsStrogatz;
import org.randwire.network.randwire.NodeOp;
import org.randwire.network.randwire.RandWireSpec;
import org.randwire.network.randwire.Regime;
import org.randwire.network.randwire.SmallNetworks;
import org.randwire.network.randwire.StageGraphs;
import org.randwire.network.resnet.ResNetSpec;
import org.randwire.op.Mode;
import org.randwire.op.OpGraph;
import org.randwire.op.Section;
import org.randwire.op.SoftmaxCrossEntropy;
import org.randwire.op.Value;
import org.randwire.tensor.DataType;
import org.randwire.tensor.TensorShape;

class RecomputationTest {

  private static final int BATCH = 4;

  private static OpGraph wired(GraphGenerator generator, NodeOp op) {
    var graphs = StageGraphs.draw(Regime.MNIST, 10, nodes -> generator, 3);
    return new RandWireSpec(
            "wired",
            Regime.MNIST,
            SmallNetworks.IMAGE,
            SmallNetworks.CLASSES,
            6,
            graphs,
            op,
            0.3,
            0.2)
        .build();
  }

  private static Map<String, OpGraph> networks() {
    Map<String, OpGraph> networks = new TreeMap<>();
    networks.put("ws", wired(new WattsStrogatz(10, 4, 0.75), NodeOp.SEPARABLE));
    networks.put("er", wired(new ErdosRenyi(10, 0.3), NodeOp.SEPARABLE));
    networks.put("ba", wired(new BarabasiAlbert(10, 3), NodeOp.SEPARABLE));
    networks.put("dense", wired(new WattsStrogatz(10, 4, 0.75), NodeOp.DENSE));
    networks.put("pooled", wired(new WattsStrogatz(10, 4, 0.75), NodeOp.MAX_POOL));
    networks.put("cells", SmallNetworks.cells(0.4, 0.2));
    networks.put(
        "resnet",
        ResNetSpec.resnet(
                "resnet", SmallNetworks.IMAGE, SmallNetworks.CLASSES, List.of(3, 3), List.of(8, 16))
            .build());
    return networks;
  }

  static Stream<Arguments> everyNetworkAndBackend() {
    List<Arguments> all = new ArrayList<>();
    for (String network : networks().keySet()) {
      for (Backends.Named backend : Backends.exact()) {
        if (!backend.name().equals("reference f64")) {
          all.add(Arguments.of(network, backend, true));
          all.add(Arguments.of(network, backend, false));
        }
      }
    }
    return all.stream();
  }

  private static Session.Options options(boolean fusion, boolean recompute) {
    return new Session.Options(BATCH, BATCH, 0.1, fusion, false, true, true)
        .withRecompute(recompute);
  }

  /** All that some steps leave behind, masks of dropout and edges drawn anew for each. */
  private static Map<String, double[]> train(OpGraph graph, Backend backend, Session.Options o) {
    Map<String, double[]> seen = new TreeMap<>();
    try (Session session = Session.open(graph, o, backend)) {
      for (Parameter p : session.state().parameters()) {
        Random random = new Random(p.name().hashCode());
        double[] values = new double[Math.toIntExact(p.spec().elements())];
        double deviation = Math.max(0.1, p.spec().standardDeviation());
        Arrays.setAll(values, i -> (float) (p.spec().mean() + deviation * random.nextGaussian()));
        session.state().set(Section.PARAMETERS, p.name(), values);
      }
      CompiledProgram program = session.training();
      for (int step = 0; step < 3; step++) {
        fillBatch(program, graph.inputShape(), step);
        Random random = new Random(step);
        for (Parameter control : program.controls()) {
          double[] mask = new double[Math.toIntExact(control.spec().elements())];
          Arrays.setAll(mask, i -> random.nextInt(5) == 0 ? 0 : 1.25);
          program.setControl(control.name(), mask);
        }
        session.step(0.05, 0.9, 1e-3, 1, 0.9);
        seen.put("losses of step " + step, program.losses());
        seen.put("gradient norm of step " + step, new double[] {session.gradientNorm()});
        for (Parameter p : session.state().parameters()) {
          seen.put(
              "gradient of " + p.name() + ", step " + step,
              session.state().get(Section.GRADIENTS, p.name()));
        }
        program.statistics().forEach((name, values) -> seen.put("batch " + name, values));
      }
      for (Parameter p : session.state().parameters()) {
        seen.put(p.name(), session.state().get(Section.PARAMETERS, p.name()));
        seen.put("momentum of " + p.name(), session.state().get(Section.MOMENTUM, p.name()));
      }
      for (Parameter p : session.state().states()) {
        seen.put(p.name(), session.state().get(Section.STATE, p.name()));
      }
      session.inference().setImages(images(session.inference(), graph.inputShape(), 99));
      session.inference().run();
      seen.put("inference", session.inference().logits());
    }
    return seen;
  }

  private static void fillBatch(CompiledProgram program, TensorShape shape, int seed) {
    program.setImages(images(program, shape, seed));
    int[] labels = new int[BATCH];
    Arrays.setAll(labels, i -> (seed + 3 * i) % SmallNetworks.CLASSES);
    program.setLabels(labels);
  }

  private static float[] images(CompiledProgram program, TensorShape shape, int seed) {
    Random random = new Random(seed);
    int stored = program.imageChannels();
    float[] images = new float[BATCH * shape.pixels() * stored];
    for (int i = 0; i < images.length; i++) {
      boolean padding =
          program.channelsLast()
              ? i % stored >= shape.channels()
              : i / shape.pixels() % stored >= shape.channels();
      images[i] = padding ? 0 : (float) random.nextGaussian();
    }
    return images;
  }

  @ParameterizedTest
  @MethodSource("everyNetworkAndBackend")
  void trainsTheSameBitsInLessMemory(String network, Backends.Named named, boolean fusion) {
    OpGraph graph = networks().get(network);
    try (Backend backend = named.open().get()) {
      Session.Description kept = Session.describe(graph, options(fusion, false), backend);
      Session.Description dropped = Session.describe(graph, options(fusion, true), backend);
      assertTrue(
          dropped.trainingStep().arenaBytes() < kept.trainingStep().arenaBytes(),
          dropped.trainingStep() + " against " + kept.trainingStep());
      assertTrue(dropped.forecast().totalBytes() <= kept.forecast().totalBytes());
      Map<String, double[]> expected = train(graph, backend, options(fusion, false));
      Map<String, double[]> actual = train(graph, backend, options(fusion, true));
      assertEquals(expected.keySet(), actual.keySet());
      expected.forEach((name, values) -> assertArrayEquals(values, actual.get(name), 0, name));
    }
  }

  /** All that is read is written in a region before, and running statistics by one instruction. */
  @ParameterizedTest
  @MethodSource("everyNetworkAndBackend")
  void nothingIsReadBeforeItIsWritten(String network, Backends.Named named, boolean fusion) {
    try (Backend backend = named.open().get()) {
      Program lowered =
          Lowering.lower(
              networks().get(network), BATCH, Mode.TRAINING, new SoftmaxCrossEntropy(0.1), backend);
      Schedule schedule =
          CompiledProgram.Plan.of(lowered, options(fusion, true), backend).schedule();
      Map<Value, Integer> written = new HashMap<>();
      for (Schedule.Entry entry : schedule.entries()) {
        for (Value output : entry.instruction().outputs()) {
          assertEquals(null, written.put(output, entry.last()), output + " is written twice");
        }
      }
      for (Schedule.Entry entry : schedule.entries()) {
        assertTrue(entry.first() >= 0 && entry.last() < schedule.regions(), entry.toString());
        for (Value input : entry.instruction().inputs()) {
          boolean isMade = input.section() == Section.ARENA || written.containsKey(input);
          assertTrue(!isMade || written.get(input) < entry.first(), entry + " reads " + input);
        }
      }
      long updates =
          schedule.entries().stream()
              .map(Schedule.Entry::instruction)
              .filter(i -> !i.primitive().equals(i.primitive().repeated()))
              .count();
      long norms =
          lowered.instructions().stream()
              .filter(i -> !i.primitive().equals(i.primitive().repeated()))
              .count();
      assertEquals(norms, updates, "running statistics are updated once");
    }
  }

  /** The networks of the paper at the sizes at which a step has to fit a small machine. */
  @Tag("slow")
  @ParameterizedTest
  @CsvSource({"SMALL, 78, 8", "REGULAR, 109, 4", "REGULAR, 154, 4"})
  void networksOfFullSizeNeedAtMostThreeFifthsOfTheirMemory(
      Regime regime, int channels, int batch) {
    assumeTrue(NativeCore.available(), "without whole nodes there is more to save");
    var graphs = StageGraphs.draw(regime, 32, nodes -> new WattsStrogatz(nodes, 4, 0.75), 1);
    OpGraph graph =
        new RandWireSpec(
                "full",
                regime,
                TensorShape.example(3, 224, 224),
                1000,
                channels,
                graphs,
                NodeOp.SEPARABLE,
                0,
                0)
            .build();
    Session.Options options = Session.Options.of(batch, 0.1);
    try (CpuBackend backend = new CpuBackend(DataType.FLOAT32, 2)) {
      Session.Forecast kept = Session.describe(graph, options, backend).forecast();
      Session.Forecast dropped =
          Session.describe(graph, options.withRecompute(true), backend).forecast();
      assertTrue(dropped.totalBytes() <= 0.6 * kept.totalBytes(), dropped + " against " + kept);
      assertTrue(dropped.arenaBytes() <= 0.45 * kept.arenaBytes(), dropped + " against " + kept);
    }
  }

  @Test
  void aRecordedPlanRecomputesToo() {
    OpGraph graph = networks().get("ws");
    PlannedDevice device = PlannedDevice.hopper();
    try (CudaBackend backend = new CudaBackend(device, DataType.BFLOAT16)) {
      long[] arena = new long[2];
      for (int i = 0; i < 2; i++) {
        try (Session session = Session.open(graph, options(true, i == 1), backend)) {
          arena[i] = session.training().summary().arenaBytes();
          session.step(0.1, 0.9, 0, 0, 0);
        }
      }
      assertTrue(arena[1] < arena[0], Arrays.toString(arena));
    }
    assertEquals(0, device.usedBytes());
  }
}
