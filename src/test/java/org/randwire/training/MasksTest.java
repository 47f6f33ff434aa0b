// SPDX-License-Identifier: Apache-2.0
package org.randwire.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.randwire.backend.Backend;
import org.randwire.compile.Backends;
import org.randwire.compile.CompiledProgram;
import org.randwire.compile.Session;
import org.randwire.op.Convolution;
import org.randwire.op.DropPath;
import org.randwire.op.Dropout;
import org.randwire.op.GlobalAveragePool;
import org.randwire.op.Linear;
import org.randwire.op.Mean;
import org.randwire.op.OpGraph;
import org.randwire.op.Section;
import org.randwire.op.WeightedSum;
import org.randwire.random.RandomStreams;
import org.randwire.tensor.TensorShape;

/** Masks as the device sees them: by what they do to logits and gradients. */
class MasksTest {

  private static final RandomStreams STREAMS = new RandomStreams(6);

  static Stream<Backends.Named> backends() {
    return Backends.exact().stream();
  }

  // Dropout: with images of ones and an identity for the last layer, the logits are the mask.

  private static final int UNITS = 13;
  private static final int BATCH = 16;
  private static final double RATE = 0.3;

  private static OpGraph dropoutNetwork() {
    OpGraph.Builder graph = new OpGraph.Builder(TensorShape.example(UNITS, 2, 2));
    int x = graph.add("pool", new GlobalAveragePool(), graph.input());
    x = graph.add("dropout", new Dropout(RATE), x);
    graph.add("fc", new Linear(UNITS), x);
    return graph.build();
  }

  private static Session openDropout(OpGraph graph, Backend backend) {
    Session session = Session.open(graph, Session.Options.of(BATCH, 0), backend);
    double[] identity = new double[UNITS * UNITS];
    for (int i = 0; i < UNITS; i++) {
      identity[i * UNITS + i] = 1;
    }
    session.state().set(Section.PARAMETERS, "fc.weight", identity);
    for (CompiledProgram program : List.of(session.training(), session.inference())) {
      float[] ones = new float[BATCH * 4 * program.imageChannels()];
      for (int i = 0; i < ones.length; i++) {
        boolean padding = program.channelsLast() && i % program.imageChannels() >= UNITS;
        ones[i] = padding ? 0 : 1;
      }
      program.setImages(ones);
      program.setLabels(new int[BATCH]);
    }
    return session;
  }

  private static double[] logits(CompiledProgram program) {
    program.run();
    return program.logits();
  }

  @ParameterizedTest
  @MethodSource("backends")
  void dropoutZeroesItsShareOfEachUnitAndScalesTheOthers(Backends.Named named) {
    int steps = 500;
    OpGraph graph = dropoutNetwork();
    try (Backend backend = named.open().get();
        Session session = openDropout(graph, backend)) {
      Masks masks = new Masks(graph, session.training(), EdgeDrop.NONE, STREAMS);
      int[] dropped = new int[UNITS];
      int repeated = 0;
      double[] before = new double[BATCH * UNITS];
      for (long step = 0; step < steps; step++) {
        masks.draw(step, 0);
        double[] mask = logits(session.training());
        for (int i = 0; i < mask.length; i++) {
          double kept = 1 / (1 - RATE);
          double wanted = mask[i] == 0 ? 0 : kept;
          assertEquals(wanted, mask[i], 1e-6, "step " + step);
          dropped[i % UNITS] += mask[i] == 0 ? 1 : 0;
          repeated += (mask[i] == 0) == (before[i] == 0) ? 1 : 0;
        }
        before = mask;
      }
      int draws = steps * BATCH;
      for (int unit = 0; unit < UNITS; unit++) {
        assertBinomial(RATE, draws, dropped[unit], "unit " + unit);
      }
      // Two independent masks agree where both keep or both drop.
      double same = RATE * RATE + (1 - RATE) * (1 - RATE);
      assertBinomial(same, draws * UNITS, repeated, "from step to step");
      double[] untouched = logits(session.inference());
      assertArrayEquals(
          Arrays.stream(untouched).map(x -> 1).toArray(), untouched, 1e-6, "inference");
    }
  }

  /** Within five standard deviations of a binomial count. */
  private static void assertBinomial(double probability, int draws, int count, String what) {
    double allowed = 5 * Math.sqrt(draws * probability * (1 - probability));
    assertEquals(probability * draws, count, allowed, what);
  }

  @ParameterizedTest
  @MethodSource("backends")
  void aResumedRunDropsTheSameUnits(Backends.Named named) {
    OpGraph graph = dropoutNetwork();
    try (Backend backend = named.open().get();
        Session whole = openDropout(graph, backend);
        Session resumed = openDropout(graph, backend)) {
      Masks masks = new Masks(graph, whole.training(), EdgeDrop.NONE, STREAMS);
      Set<String> seen = new HashSet<>();
      for (long step = 0; step < 20; step++) {
        masks.draw(step, 0);
        double[] expected = logits(whole.training());
        new Masks(graph, resumed.training(), EdgeDrop.NONE, STREAMS).draw(step, 0);
        assertArrayEquals(expected, logits(resumed.training()), "step " + step);
        seen.add(Arrays.toString(expected));
      }
      assertEquals(20, seen.size(), "a mask of its own for each step");
    }
  }

  // Drop path: with images of ones, whole examples are dropped at the rate of the epoch.

  private static OpGraph pathNetwork() {
    OpGraph.Builder graph = new OpGraph.Builder(TensorShape.example(UNITS, 2, 2));
    int x = graph.add("path", new DropPath(RATE), graph.input());
    x = graph.add("pool", new GlobalAveragePool(), x);
    graph.add("fc", new Linear(UNITS), x);
    return graph.build();
  }

  @ParameterizedTest
  @MethodSource("backends")
  void dropPathTakesWholeExamplesAtARateThatGrowsWithTheEpochs(Backends.Named named) {
    int steps = 500;
    OpGraph graph = pathNetwork();
    try (Backend backend = named.open().get();
        Session session = openDropout(graph, backend)) {
      Masks masks = new Masks(graph, session.training(), EdgeDrop.NONE, STREAMS);
      for (double progress : new double[] {0, 0.5, 1}) {
        double rate = progress * RATE;
        int dropped = 0;
        for (long step = 0; step < steps; step++) {
          masks.draw(step, progress);
          double[] logits = logits(session.training());
          for (int n = 0; n < BATCH; n++) {
            double first = logits[n * UNITS];
            dropped += first == 0 ? 1 : 0;
            for (int unit = 0; unit < UNITS; unit++) {
              double wanted = first == 0 ? 0 : 1 / (1 - rate);
              assertEquals(wanted, logits[n * UNITS + unit], 1e-6, "step " + step);
            }
          }
        }
        assertBinomial(rate, steps * BATCH, dropped, "at progress " + progress);
      }
      double[] untouched = logits(session.inference());
      assertArrayEquals(
          Arrays.stream(untouched).map(x -> 1).toArray(), untouched, 1e-6, "inference");
    }
  }

  // Edge drop: the gradient of an edge's weight is exactly zero where its mask is.

  /** Five aggregations that do not feed each other, so that one's mask shows in its own only. */
  private static final Map<String, List<String>> EDGES = new LinkedHashMap<>();

  static {
    EDGES.put("stage1.node0.aggregation", List.of("a"));
    EDGES.put("stage1.node1.aggregation", List.of("a", "b"));
    EDGES.put("stage1.node2.aggregation", List.of("c", "a", "d"));
    EDGES.put("stage2.node0.aggregation", List.of("d"));
    EDGES.put("stage2.node1.aggregation", List.of("d", "c", "b", "a"));
  }

  private static OpGraph edgeNetwork() {
    OpGraph.Builder graph = new OpGraph.Builder(TensorShape.example(3, 4, 4));
    Map<String, Integer> sources = new LinkedHashMap<>();
    for (String name : List.of("a", "b", "c", "d")) {
      sources.put(name, graph.add(name, Convolution.pointwise(5), graph.input()));
    }
    List<Integer> sums =
        EDGES.entrySet().stream()
            .map(
                entry ->
                    graph.add(
                        entry.getKey(),
                        new WeightedSum(0.5),
                        entry.getValue().stream().map(sources::get).toList()))
            .toList();
    int x = graph.add("pool", new GlobalAveragePool(), graph.add("mean", new Mean(), sums));
    graph.add("fc", new Linear(3), x);
    return graph.build();
  }

  private static Session openEdges(OpGraph graph, Backend backend) {
    Session session = Session.open(graph, Session.Options.of(2, 0), backend);
    Random random = new Random(8);
    for (var parameter : session.state().parameters()) {
      if (parameter.spec().standardDeviation() > 0) {
        double[] values = new double[(int) parameter.spec().elements()];
        Arrays.setAll(values, i -> random.nextGaussian());
        session.state().set(Section.PARAMETERS, parameter.name(), values);
      }
    }
    float[] images = new float[2 * 16 * session.training().imageChannels()];
    for (int i = 0; i < images.length; i++) {
      boolean padding =
          session.training().channelsLast() && i % session.training().imageChannels() >= 3;
      images[i] = padding ? 0 : (float) random.nextGaussian();
    }
    session.training().setImages(images);
    session.training().setLabels(new int[] {0, 2});
    return session;
  }

  private static Set<EdgeDrop.Edge> droppedEdges(Session session) {
    session.training().run();
    Set<EdgeDrop.Edge> dropped = new HashSet<>();
    for (String target : EDGES.keySet()) {
      double[] gradient = session.state().get(Section.GRADIENTS, target + ".weight");
      for (int i = 0; i < gradient.length; i++) {
        if (gradient[i] == 0) {
          dropped.add(new EdgeDrop.Edge(target, i));
        }
      }
    }
    return dropped;
  }

  static Stream<Arguments> backendsAndScopes() {
    return backends()
        .flatMap(b -> Arrays.stream(EdgeDrop.Scope.values()).map(s -> Arguments.of(b, s)));
  }

  @ParameterizedTest
  @MethodSource("backendsAndScopes")
  void edgesAreDroppedForTheirStepAloneAndNeverTheOnlyOne(
      Backends.Named named, EdgeDrop.Scope scope) {
    EdgeDrop drop = new EdgeDrop(0.4, scope);
    OpGraph graph = edgeNetwork();
    Map<String, Integer> inputs = new LinkedHashMap<>();
    EDGES.forEach((target, sources) -> inputs.put(target, sources.size()));
    try (Backend backend = named.open().get();
        Session session = openEdges(graph, backend);
        Session resumed = openEdges(graph, backend)) {
      assertEquals(Set.of(), droppedEdges(session), "before the first draw");
      Masks masks = new Masks(graph, session.training(), drop, STREAMS);
      Set<EdgeDrop.Edge> everDropped = new HashSet<>();
      int whole = 0;
      for (long step = 0; step < 1000; step++) {
        masks.draw(step, 0);
        Set<EdgeDrop.Edge> dropped = droppedEdges(session);
        // Equality also says that the edges of the step before are back.
        assertEquals(Set.copyOf(drop.draw(inputs, STREAMS, step)), dropped, "step " + step);
        for (String target : EDGES.keySet()) {
          long gone = dropped.stream().filter(edge -> edge.target().equals(target)).count();
          assertTrue(gone < inputs.get(target), target + " lost all inputs in step " + step);
        }
        if (step % 100 == 7) {
          Masks fresh = new Masks(graph, resumed.training(), drop, STREAMS);
          fresh.draw(step, 0);
          assertEquals(dropped, droppedEdges(resumed), "resumed at step " + step);
          fresh.draw(step + 1, 0);
          masks.draw(step + 1, 0);
          assertEquals(droppedEdges(session), droppedEdges(resumed), "and after it");
          resumeWithOnes(resumed);
        }
        everDropped.addAll(dropped);
        whole += dropped.isEmpty() ? 1 : 0;
      }
      assertEquals(9, everDropped.size(), "every edge that may go goes some time");
      assertTrue(whole > 0, "some steps drop nothing");
    }
  }

  /** Masks of a new process are ones. */
  private static void resumeWithOnes(Session session) {
    for (var control : session.training().controls()) {
      double[] ones = new double[(int) control.spec().elements()];
      Arrays.fill(ones, 1);
      session.training().setControl(control.name(), ones);
    }
  }
}
