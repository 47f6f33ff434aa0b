// SPDX-License-Identifier: Apache-2.0
package org.randwire.export;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.randwire.backend.Backend;
import org.randwire.backend.reference.ReferenceBackend;
import org.randwire.compile.CompiledProgram;
import org.randwire.compile.NetworkState;
import org.randwire.compile.Session;
import org.randwire.network.randwire.SmallNetworks;
import org.randwire.op.Add;
import org.randwire.op.AveragePool;
import org.randwire.op.Convolution;
import org.randwire.op.GlobalAveragePool;
import org.randwire.op.Linear;
import org.randwire.op.Op;
import org.randwire.op.OpGraph;
import org.randwire.op.Section;
import org.randwire.op.Shift;
import org.randwire.op.SoftmaxCrossEntropy;
import org.randwire.op.Window;
import org.randwire.op.Zero;
import org.randwire.tensor.DataType;
import org.randwire.tensor.NamedTensor;
import org.randwire.tensor.TensorShape;

/** What is written is run by ONNX Runtime and held against our own evaluation. */
class OnnxTest {

  /** Largest difference of logits over the largest logit: rounding of float32. */
  private static final double TOLERANCE = 1e-5;

  private static final int BATCH = 2;

  @TempDir Path folder;

  static Stream<RandomNetworks.Network> fewNetworks() {
    return RandomNetworks.first(28).stream();
  }

  static Stream<RandomNetworks.Network> hundredNetworks() {
    return RandomNetworks.first(100).stream();
  }

  @ParameterizedTest
  @MethodSource("fewNetworks")
  void onnxRuntimeAgrees(RandomNetworks.Network network) throws Exception {
    assertAgrees(network.graph(), network.name());
  }

  @Tag("slow")
  @ParameterizedTest
  @MethodSource("hundredNetworks")
  void onnxRuntimeAgreesOnAHundred(RandomNetworks.Network network) throws Exception {
    assertAgrees(network.graph(), network.name());
  }

  /** Searched cells hold the ops that nothing else does; here all of them in one network. */
  @Test
  void everyOpThatEvaluationHasIsWritten() throws Exception {
    OpGraph.Builder graph = new OpGraph.Builder(TensorShape.example(3, 9, 7));
    int first = graph.add("first", new Convolution(4, Window.square(3, 1), 1), graph.input());
    int shifted = graph.add("shifted", new Shift(), first);
    int pooled = graph.add("pooled", new AveragePool(Window.dilated(3, 2, 2)), shifted);
    int none = graph.add("none", new Zero(2), first);
    int halved =
        graph.add("halved", new Convolution(4, new Window(1, 1, 2, 2, 0, 0, 1), 2), shifted);
    int sum = graph.add("sum", new Add(), pooled, none, halved);
    int average = graph.add("average", new GlobalAveragePool(), sum);
    int hidden = graph.add("hidden", new Linear(6), average);
    graph.add("last", Convolution.pointwise(5), hidden);
    assertAgrees(graph.build(), "all ops");
    assertAgrees(SmallNetworks.cells(0.4, 0.3), "cells");

    Set<Class<?>> written = new HashSet<>();
    List<OpGraph> graphs =
        Stream.concat(
                Stream.of(graph.build(), SmallNetworks.cells(0.4, 0.3)),
                RandomNetworks.first(28).stream().map(RandomNetworks.Network::graph))
            .toList();
    graphs.forEach(g -> g.nodes().forEach(node -> written.add(node.op().getClass())));
    written.add(SoftmaxCrossEntropy.class); // refused, below
    assertEquals(Set.of(Op.class.getPermittedSubclasses()), written);
  }

  @Test
  void imagesOfOnePixelShiftToZeros() throws Exception {
    OpGraph.Builder graph = new OpGraph.Builder(TensorShape.example(3, 1, 1));
    int first = graph.add("first", Convolution.pointwise(4), graph.input());
    int shifted = graph.add("shifted", new Shift(), first);
    graph.add("sum", new Add(), shifted, first);
    assertAgrees(graph.build(), "one pixel");
  }

  @Test
  void opsOfTrainingAreRefused() {
    OpGraph.Builder graph = new OpGraph.Builder(TensorShape.example(4, 1, 1));
    graph.add("loss", new SoftmaxCrossEntropy(0), graph.input());
    Path file = folder.resolve("refused.onnx");
    var refusal =
        assertThrows(
            IllegalArgumentException.class,
            () -> Onnx.write(file, "x", graph.build(), Map.of(), Map.of()));
    assertEquals(
        "op 'loss' (SoftmaxCrossEntropy[labelSmoothing=0.0]) has no counterpart in ONNX",
        refusal.getMessage());
    assertTrue(Files.notExists(file));
  }

  @Test
  void aMissingOrMisshapenWeightIsNamed() {
    OpGraph.Builder graph = new OpGraph.Builder(TensorShape.example(4, 1, 1));
    graph.add("fc", new Linear(3), graph.input());
    Path file = folder.resolve("refused.onnx");
    Map<String, NamedTensor> weights = new HashMap<>();
    var missing =
        assertThrows(
            IllegalArgumentException.class,
            () -> Onnx.write(file, "x", graph.build(), weights, Map.of()));
    assertEquals("there is no tensor 'fc.weight'", missing.getMessage());
    weights.put("fc.weight", new NamedTensor("fc.weight", List.of(4, 3), new float[12]));
    var misshapen =
        assertThrows(
            IllegalArgumentException.class,
            () -> Onnx.write(file, "x", graph.build(), weights, Map.of()));
    assertEquals("tensor 'fc.weight' is [4, 3], the network's is [3, 4]", misshapen.getMessage());
  }

  @Test
  void metadataAndNamesCanBeRead() throws Exception {
    Path file = folder.resolve("metadata.onnx");
    OpGraph graph = SmallNetworks.randwire(1, 4);
    Onnx.write(file, "small", graph, RandomNetworks.weights(graph, 1), Map.of("seed", "7 é"));
    try (OrtSession onnx = OrtEnvironment.getEnvironment().createSession(file.toString())) {
      assertEquals(Map.of("seed", "7 é"), onnx.getMetadata().getCustomMetadata());
      assertEquals("small", onnx.getMetadata().getGraphName());
      assertEquals(Set.of("images"), onnx.getInputNames());
      assertEquals(Set.of("logits"), onnx.getOutputNames());
    }
  }

  private void assertAgrees(OpGraph graph, String name) throws Exception {
    Path file = folder.resolve("network.onnx");
    TensorShape shape = graph.inputShape().withBatch(BATCH);
    float[] images = new float[(int) shape.elements()];
    Random random = new Random(name.hashCode());
    for (int i = 0; i < images.length; i++) {
      images[i] = (float) random.nextGaussian();
    }
    double[] ours;
    // The reference backend in float32: it rounds where ONNX Runtime does.
    try (Backend backend = new ReferenceBackend(DataType.FLOAT32, 2);
        Session session = Session.open(graph, Session.Options.of(BATCH, 0), backend)) {
      Map<String, NamedTensor> weights = RandomNetworks.weights(graph, name.hashCode());
      Onnx.write(file, name, graph, weights, Map.of());
      set(session.state(), weights);
      CompiledProgram program = session.inference();
      program.setImages(images);
      program.setLabels(new int[BATCH]);
      program.run();
      ours = program.logits();
    }
    float[] theirs = logits(file, images, shape);
    assertEquals(ours.length, theirs.length, name);
    double largest = 0;
    double difference = 0;
    for (int i = 0; i < ours.length; i++) {
      largest = Math.max(largest, Math.abs(ours[i]));
      difference = Math.max(difference, Math.abs(ours[i] - theirs[i]));
    }
    assertTrue(largest > 0 && Double.isFinite(largest), name + ": largest logit " + largest);
    assertTrue(difference <= TOLERANCE * largest, name + ": off by " + difference / largest);
  }

  private static void set(NetworkState state, Map<String, NamedTensor> weights) {
    state.parameters().forEach(p -> set(state, Section.PARAMETERS, weights.get(p.name())));
    state.states().forEach(p -> set(state, Section.STATE, weights.get(p.name())));
  }

  private static void set(NetworkState state, Section section, NamedTensor tensor) {
    double[] values = new double[tensor.values().length];
    for (int i = 0; i < values.length; i++) {
      values[i] = tensor.values()[i];
    }
    state.set(section, tensor.name(), values);
  }

  private static float[] logits(Path file, float[] images, TensorShape shape) throws OrtException {
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    long[] sizes = {shape.batch(), shape.channels(), shape.height(), shape.width()};
    try (OrtSession session = environment.createSession(file.toString());
        OnnxTensor input = OnnxTensor.createTensor(environment, FloatBuffer.wrap(images), sizes);
        OrtSession.Result result = session.run(Map.of("images", input))) {
      float[][] rows = (float[][]) result.get(0).getValue();
      float[] logits = new float[rows.length * rows[0].length];
      for (int row = 0; row < rows.length; row++) {
        System.arraycopy(rows[row], 0, logits, row * rows[row].length, rows[row].length);
      }
      return logits;
    }
  }
}
