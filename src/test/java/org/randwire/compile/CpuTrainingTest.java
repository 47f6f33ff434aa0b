// SPDX-License-Identifier: Apache-2.0
package org.randwire.compile;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.randwire.backend.Backend;
import org.randwire.backend.cpu.CpuBackend;
import org.randwire.backend.cpu.binding.NativeCore;
import org.randwire.backend.reference.ReferenceBackend;
import org.randwire.network.randwire.NodeOp;
import org.randwire.network.randwire.SmallNetworks;
import org.randwire.op.Add;
import org.randwire.op.AuxiliaryLoss;
import org.randwire.op.AveragePool;
import org.randwire.op.BatchNorm;
import org.randwire.op.Concat;
import org.randwire.op.Convolution;
import org.randwire.op.DropPath;
import org.randwire.op.Dropout;
import org.randwire.op.GlobalAveragePool;
import org.randwire.op.Input;
import org.randwire.op.Linear;
import org.randwire.op.MaxPool;
import org.randwire.op.Mean;
import org.randwire.op.Op;
import org.randwire.op.OpGraph;
import org.randwire.op.Relu;
import org.randwire.op.Section;
import org.randwire.op.Shift;
import org.randwire.op.SoftmaxCrossEntropy;
import org.randwire.op.WeightedSum;
import org.randwire.op.Window;
import org.randwire.op.Zero;
import org.randwire.tensor.DataType;
import org.randwire.tensor.TensorShape;

/** Some steps of training on the processor: precision, workers and the whole vocabulary. */
class CpuTrainingTest {

  private static final int BATCH = 64;
  private static final int STEPS = 20;

  /** Small: at 0.05 even two orders of a float32 sum part by percents within twenty steps. */
  private static final double RATE = 0.01;

  /** What a few steps leave behind. */
  private record Run(double[] losses, Map<String, double[]> values) {}

  /** SGD from the same weights on the same batches, whatever the backend. */
  private static Run train(OpGraph graph, Backend backend, boolean fusion, int steps) {
    var options = new Session.Options(BATCH, BATCH, 0.1, fusion, false, true, false);
    try (Session session = Session.open(graph, options, backend)) {
      for (Parameter parameter : session.state().parameters()) {
        if (parameter.spec().standardDeviation() > 0) {
          Random random = new Random(parameter.name().hashCode());
          double[] values = new double[(int) parameter.spec().elements()];
          double deviation = Math.max(0.1, parameter.spec().standardDeviation());
          Arrays.setAll(values, i -> (float) (deviation * random.nextGaussian()));
          session.state().set(Section.PARAMETERS, parameter.name(), values);
        }
      }
      CompiledProgram program = session.training();
      double[] losses = new double[steps];
      for (int step = 0; step < steps; step++) {
        setBatch(program, graph.inputShape(), step);
        setMasks(program, step);
        session.step(RATE, 0.9, 1e-4, 0, 0);
        losses[step] = Arrays.stream(program.losses()).average().orElseThrow();
      }
      Map<String, double[]> values = new TreeMap<>();
      for (Parameter p : session.state().parameters()) {
        values.put(p.name(), session.state().get(Section.PARAMETERS, p.name()));
        values.put(p.name() + " momentum", session.state().get(Section.MOMENTUM, p.name()));
      }
      for (Parameter p : session.state().states()) {
        values.put(p.name(), session.state().get(Section.STATE, p.name()));
      }
      return new Run(losses, values);
    }
  }

  /** Images of a pattern per class with noise as strong as the pattern. */
  private static void setBatch(CompiledProgram program, TensorShape shape, int step) {
    Random noise = new Random(1000 + step);
    int stored = program.imageChannels();
    float[] images = new float[BATCH * shape.pixels() * stored];
    int[] labels = new int[BATCH];
    for (int n = 0; n < BATCH; n++) {
      labels[n] = (n + step) % SmallNetworks.CLASSES;
      Random pattern = new Random(labels[n]);
      for (int c = 0; c < shape.channels(); c++) {
        for (int p = 0; p < shape.pixels(); p++) {
          int at =
              program.channelsLast()
                  ? (n * shape.pixels() + p) * stored + c
                  : (n * stored + c) * shape.pixels() + p;
          images[at] = (float) (pattern.nextGaussian() + noise.nextGaussian());
        }
      }
    }
    program.setImages(images);
    program.setLabels(labels);
  }

  /** Half of every mask of dropout and drop path is zero; the masks of aggregations stay. */
  private static void setMasks(CompiledProgram program, int step) {
    for (Parameter control : program.controls()) {
      if (control.name().startsWith("drop")) {
        Random random = new Random(2000 + step);
        double[] mask = new double[(int) control.spec().elements()];
        Arrays.setAll(mask, i -> random.nextBoolean() ? 2 : 0);
        program.setControl(control.name(), mask);
      }
    }
  }

  private static void assertSameBits(Run expected, Run got, String what) {
    assertArrayEquals(expected.losses(), got.losses(), what);
    expected.values().forEach((k, v) -> assertArrayEquals(v, got.values().get(k), what + " " + k));
  }

  private static void assertLearns(Run run) {
    double last = run.losses()[STEPS - 1];
    assertTrue(last < 0.95 * run.losses()[0], Arrays.toString(run.losses()));
  }

  @ParameterizedTest
  @EnumSource(NodeOp.class)
  void workersChangeNoBit(NodeOp op) {
    OpGraph graph = SmallNetworks.randwire(2, 9, op, 0);
    for (boolean fusion : new boolean[] {false, true}) {
      Run one = cpu(DataType.FLOAT32, 1, graph, fusion);
      assertLearns(one);
      for (int workers = 2; workers <= 3; workers++) {
        assertSameBits(one, cpu(DataType.FLOAT32, workers, graph, fusion), workers + " workers");
      }
    }
  }

  private static Run cpu(DataType type, int workers, OpGraph graph, boolean fusion) {
    try (Backend backend = new CpuBackend(type, workers)) {
      return train(graph, backend, fusion, STEPS);
    }
  }

  private static void assumeBfloat16() {
    Assumptions.assumeTrue(
        NativeCore.available() && CpuBackend.supportsBfloat16(),
        "bf16 needs AVX-512 and the native core");
  }

  /** Maximum pooling is left out: rounding moves its winners, and with them whole gradients. */
  @ParameterizedTest
  @EnumSource(value = NodeOp.class, mode = EnumSource.Mode.EXCLUDE, names = "MAX_POOL")
  void bfloat16FollowsTheLossOfFloat32(NodeOp op) {
    assumeBfloat16();
    OpGraph graph = SmallNetworks.randwire(2, 9, op, 0);
    Run exact = cpu(DataType.FLOAT32, 1, graph, true);
    assertLearns(exact);
    Run fused = cpu(DataType.BFLOAT16, 1, graph, true);
    Run plain = cpu(DataType.BFLOAT16, 1, graph, false);
    for (int step = 0; step < STEPS; step++) {
      double loss = exact.losses()[step];
      assertEquals(loss, fused.losses()[step], 0.05 * loss, "fused, step " + step);
      assertEquals(loss, plain.losses()[step], 0.05 * loss, "not fused, step " + step);
    }
    // The first loss has no errors of earlier steps in it: a rounding of eight bits, 2^-8, bounds
    // it.
    assertEquals(plain.losses()[0], fused.losses()[0], 0x1p-8 * plain.losses()[0]);
    assertEquals(exact.losses()[0], fused.losses()[0], 0x1p-8 * exact.losses()[0]);
    assertTrue(!Arrays.equals(exact.losses(), fused.losses()), "bf16 rounds");
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void workersChangeNoBitInBfloat16(boolean fusion) {
    assumeBfloat16();
    OpGraph graph = SmallNetworks.randwire(4, 9);
    assertSameBits(
        cpu(DataType.BFLOAT16, 1, graph, fusion),
        cpu(DataType.BFLOAT16, 2, graph, fusion),
        "2 workers");
  }

  /** Every op at least once, with odd channel counts, groups, dilation and rectangular windows. */
  private static OpGraph vocabulary() {
    OpGraph.Builder graph = new OpGraph.Builder(SmallNetworks.IMAGE);
    int x = norm(graph, "stem", new Convolution(6, Window.square(3, 1), 1), graph.input());
    int grouped = norm(graph, "grouped", new Convolution(6, Window.square(3, 1), 3), x);
    int dilated = norm(graph, "dilated", new Convolution(6, Window.dilated(3, 1, 2), 1), x);
    int tall = norm(graph, "tall", new Convolution(6, new Window(7, 1, 1, 1, 3, 0, 1), 1), dilated);
    int separable = norm(graph, "depthwise", Convolution.depthwise(6, Window.square(5, 1)), x);
    int sum = graph.add("sum", new WeightedSum(0.3), grouped, dilated, separable);
    int added = graph.add("added", new Add(), sum, tall, graph.add("zero", new Zero(1), dilated));
    int shifted = graph.add("shifted", new Shift(), added);
    int maximum = graph.add("maximum", new MaxPool(Window.square(3, 2)), added);
    int average = graph.add("average", new AveragePool(Window.square(3, 2)), shifted);
    int narrow =
        norm(graph, "narrow", new Convolution(5, new Window(1, 1, 2, 2, 0, 0, 1), 1), shifted);
    int path = graph.add("dropPath", new DropPath(0.5), average);
    int all = graph.add("all", new Concat(), maximum, narrow, path);
    int one = norm(graph, "one", Convolution.pointwise(7), all);
    int other = norm(graph, "other", new Convolution(7, Window.square(3, 1), 1), all);
    int mean = graph.add("mean", new Mean(), one, other);
    int pooled = graph.add("pooled", new GlobalAveragePool(), mean);
    int fc =
        graph.add(
            "fc",
            new Linear(SmallNetworks.CLASSES),
            graph.add("dropout", new Dropout(0.5), pooled));
    int second = graph.add("second", new Linear(SmallNetworks.CLASSES), pooled);
    graph.add("loss2", new AuxiliaryLoss(0.4, 0.1), fc, second);
    return graph.build();
  }

  private static int norm(OpGraph.Builder graph, String name, Op convolution, int input) {
    int relu = graph.add(name + ".relu", new Relu(), input == 0 ? padded(graph) : input);
    int x = graph.add(name, convolution, relu);
    return graph.add(name + ".bn", BatchNorm.DEFAULT, x);
  }

  private static int padded(OpGraph.Builder graph) {
    return graph.add("first", Convolution.pointwise(3), graph.input());
  }

  @Test
  void theVocabularyNetworkHasEveryOp() {
    Set<Class<?>> ops = new HashSet<>(List.of(SoftmaxCrossEntropy.class, Input.class));
    vocabulary().nodes().forEach(node -> ops.add(node.op().getClass()));
    assertEquals(Set.of(Op.class.getPermittedSubclasses()), ops);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void everyOpAgreesWithTheDoubleReferenceOverThreeSteps(boolean fusion) {
    OpGraph graph = vocabulary();
    Run expected;
    try (Backend reference = new ReferenceBackend(DataType.FLOAT64)) {
      expected = train(graph, reference, false, 3);
    }
    Run got;
    try (Backend backend = new CpuBackend(DataType.FLOAT32, 2)) {
      got = train(graph, backend, fusion, 3);
    }
    List<String> wrong = new ArrayList<>();
    for (int step = 0; step < 3; step++) {
      double loss = expected.losses()[step];
      assertEquals(loss, got.losses()[step], 1e-4 * loss, "loss of step " + step);
    }
    double noise = 0; // A filter in front of a normalisation has nearly no gradient of its own.
    for (double[] values : expected.values().values()) {
      noise = Math.max(noise, largest(values));
    }
    double floor = 1e-6 * noise;
    expected
        .values()
        .forEach(
            (name, values) -> {
              double allowed = Math.max(1e-4 * largest(values), floor);
              for (int i = 0; i < values.length; i++) {
                double difference = Math.abs(values[i] - got.values().get(name)[i]);
                if (!(difference <= allowed)) {
                  wrong.add(name + "[" + i + "] by " + difference + ", allowed " + allowed);
                }
              }
            });
    assertTrue(wrong.isEmpty(), wrong.toString());
  }

  private static double largest(double[] values) {
    return Arrays.stream(values).map(Math::abs).max().orElse(0);
  }
}
