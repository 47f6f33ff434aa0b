// SPDX-License-Identifier: Apache-2.0
package org.randwire.compile;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.randwire.backend.Backend;
import org.randwire.backend.reference.ReferenceBackend;
import org.randwire.network.randwire.SmallNetworks;
import org.randwire.op.Convolution;
import org.randwire.op.GlobalAveragePool;
import org.randwire.op.Linear;
import org.randwire.op.OpGraph;
import org.randwire.op.Relu;
import org.randwire.op.Section;
import org.randwire.op.Window;
import org.randwire.tensor.DataType;
import org.randwire.tensor.TensorShape;

class AccumulationTest {

  private static final TensorShape IMAGE = SmallNetworks.IMAGE;
  private static final int WHOLE = 12;

  static Stream<Backends.Named> backends() {
    return Backends.exact().stream();
  }

  /** A network whose loss is a mean over examples: nothing in it looks at the batch. */
  private static OpGraph withoutBatchNorm() {
    OpGraph.Builder graph = new OpGraph.Builder(IMAGE);
    int first = graph.add("first", new Convolution(8, Window.square(3, 1), 1), graph.input());
    int hidden = graph.add("relu", new Relu(), first);
    int second = graph.add("second", new Convolution(12, Window.square(3, 2), 1), hidden);
    int pooled = graph.add("pool", new GlobalAveragePool(), graph.add("relu2", new Relu(), second));
    graph.add("fc", new Linear(SmallNetworks.CLASSES), pooled);
    return graph.build();
  }

  /** Three updates from batches of {@code WHOLE / parts}; the parameters and the norms. */
  private static Map<String, double[]> train(Backend backend, int parts) {
    Session.Options options = Session.Options.of(WHOLE / parts, 0.1).withAccumulate(parts);
    try (Session session = Session.open(withoutBatchNorm(), options, backend)) {
      for (Parameter p : session.state().parameters()) {
        Random random = new Random(p.name().hashCode());
        double[] values = new double[Math.toIntExact(p.spec().elements())];
        Arrays.setAll(values, i -> (float) (0.2 * random.nextGaussian()));
        session.state().set(Section.PARAMETERS, p.name(), values);
      }
      double[] norms = new double[3];
      double[] losses = new double[3];
      for (int update = 0; update < 3; update++) {
        for (int part = 0; part < parts; part++) {
          fill(session.training(), update, part * (WHOLE / parts));
          if (part < parts - 1) {
            session.accumulate();
          } else {
            session.step(0.2, 0.9, 1e-3, 0.5, 0);
          }
          losses[update] += Arrays.stream(session.training().losses()).sum() / WHOLE;
        }
        norms[update] = session.gradientNorm();
      }
      Map<String, double[]> left = new LinkedHashMap<>();
      for (Parameter p : session.state().parameters()) {
        left.put(p.name(), session.state().get(Section.PARAMETERS, p.name()));
      }
      left.put("norms", norms);
      left.put("losses", losses);
      return left;
    }
  }

  private static void fill(CompiledProgram program, int update, int firstExample) {
    int stored = program.imageChannels();
    float[] images = new float[program.batch() * IMAGE.pixels() * stored];
    int[] labels = new int[program.batch()];
    for (int n = 0; n < program.batch(); n++) {
      int example = update * WHOLE + firstExample + n;
      Random random = new Random(example);
      labels[n] = example % SmallNetworks.CLASSES;
      for (int c = 0; c < IMAGE.channels(); c++) {
        for (int p = 0; p < IMAGE.pixels(); p++) {
          int at =
              program.channelsLast()
                  ? (n * IMAGE.pixels() + p) * stored + c
                  : (n * stored + c) * IMAGE.pixels() + p;
          images[at] = (float) random.nextGaussian();
        }
      }
    }
    program.setImages(images);
    program.setLabels(labels);
  }

  @ParameterizedTest
  @MethodSource("backends")
  void partsOfABatchMakeTheUpdateOfTheWhole(Backends.Named named) {
    try (Backend backend = named.open().get()) {
      Map<String, double[]> whole = train(backend, 1);
      for (int parts : new int[] {2, 3, 12}) {
        Map<String, double[]> accumulated = train(backend, parts);
        whole.forEach(
            (name, values) -> {
              for (int i = 0; i < values.length; i++) {
                double expected = values[i];
                assertEquals(
                    expected,
                    accumulated.get(name)[i],
                    1e-6 * Math.max(1, Math.abs(expected)),
                    name + " at " + i + " in " + parts + " parts");
              }
            });
      }
    }
  }

  @Test
  void anUpdateNeedsAllItsBatchesAndNoMore() {
    try (Backend backend = new ReferenceBackend(DataType.FLOAT32);
        Session session =
            Session.open(withoutBatchNorm(), Session.Options.of(2, 0).withAccumulate(2), backend)) {
      fill(session.training(), 0, 0);
      assertThrows(IllegalStateException.class, () -> session.step(0.1, 0, 0, 0, 0));
      assertThrows(IllegalStateException.class, () -> session.update(0.1, 0, 0, 0, 0));
      session.accumulate();
      assertThrows(IllegalStateException.class, session::accumulate);
      session.step(0.1, 0, 0, 0, 0);
      session.accumulate();
    }
    try (Backend backend = new ReferenceBackend(DataType.FLOAT32);
        Session session = Session.open(withoutBatchNorm(), Session.Options.of(2, 0), backend)) {
      assertThrows(IllegalStateException.class, session::accumulate);
    }
  }

  /** A batch that is not finite spoils its update, even if the last one is finite again. */
  @ParameterizedTest
  @MethodSource("backends")
  void aNonFiniteBatchChangesNothing(Backends.Named named) {
    try (Backend backend = named.open().get();
        Session session =
            Session.open(withoutBatchNorm(), Session.Options.of(2, 0).withAccumulate(2), backend)) {
      CompiledProgram program = session.training();
      fill(program, 0, 0);
      float[] images = new float[2 * IMAGE.pixels() * program.imageChannels()];
      images[0] = Float.NaN;
      program.setImages(images);
      session.accumulate();
      fill(program, 0, 2);
      session.step(0.1, 0.9, 0, 0, 0);
      assertTrue(Double.isNaN(session.gradientNorm()));
      for (Parameter p : session.state().parameters()) {
        double[] values = session.state().get(Section.PARAMETERS, p.name());
        assertTrue(Arrays.stream(values).allMatch(Double::isFinite), p.name());
      }
    }
  }
}
