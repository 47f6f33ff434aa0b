// SPDX-License-Identifier: Apache-2.0
package org.randwire.compile;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.randwire.backend.Backend;
import org.randwire.op.AuxiliaryLoss;
import org.randwire.op.GlobalAveragePool;
import org.randwire.op.Linear;
import org.randwire.op.OpGraph;
import org.randwire.op.Section;
import org.randwire.tensor.TensorShape;

/** A second classifier learns at its own weight and leaves the first one and its loss alone. */
class AuxiliaryLossTest {

  private static final int BATCH = 3;
  private static final int CHANNELS = 5;
  private static final int CLASSES = 4;
  private static final double WEIGHT = 0.4;
  private static final double SMOOTHING = 0.1;

  static Stream<Backends.Named> backends() {
    return Backends.exact().stream();
  }

  /** Classifiers of the image's channels; both, or one alone. */
  private static OpGraph network(boolean first, boolean second) {
    OpGraph.Builder graph = new OpGraph.Builder(TensorShape.example(CHANNELS, 2, 2));
    int x = graph.add("pool", new GlobalAveragePool(), graph.input());
    int main = first ? graph.add("main", new Linear(CLASSES), x) : -1;
    int auxiliary = second ? graph.add("auxiliary", new Linear(CLASSES), x) : -1;
    if (first && second) {
      graph.add("loss2", new AuxiliaryLoss(WEIGHT, SMOOTHING), main, auxiliary);
    }
    return graph.build();
  }

  private record Step(double[] losses, double[] main, double[] auxiliary) {}

  private static Step step(OpGraph graph, Backend backend, boolean first, boolean second) {
    Session.Options options = Session.Options.of(BATCH, SMOOTHING);
    try (Session session = Session.open(graph, options, backend)) {
      Random random = new Random(4);
      for (String name : new String[] {"main.weight", "auxiliary.weight"}) {
        double[] values = random.doubles(CLASSES * CHANNELS, -1, 1).toArray();
        if (name.startsWith("main") ? first : second) {
          session.state().set(Section.PARAMETERS, name, values);
        }
      }
      CompiledProgram program = session.training();
      float[] images = new float[BATCH * 4 * program.imageChannels()];
      for (int i = 0; i < images.length; i++) {
        boolean padding = program.channelsLast() && i % program.imageChannels() >= CHANNELS;
        images[i] = padding ? 0 : (float) random.nextGaussian();
      }
      program.setImages(images);
      program.setLabels(new int[] {1, 3, 0});
      program.run();
      return new Step(
          program.losses(),
          first ? session.state().get(Section.GRADIENTS, "main.weight") : new double[0],
          second ? session.state().get(Section.GRADIENTS, "auxiliary.weight") : new double[0]);
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void eachClassifierGetsTheGradientOfItsOwnLoss(Backends.Named named) {
    try (Backend backend = named.open().get()) {
      Step both = step(network(true, true), backend, true, true);
      Step main = step(network(true, false), backend, true, false);
      Step auxiliary = step(network(false, true), backend, false, true);
      assertArrayEquals(main.losses(), both.losses(), 1e-6);
      assertArrayEquals(main.main(), both.main(), 1e-6);
      double[] expected = Arrays.stream(auxiliary.auxiliary()).map(g -> WEIGHT * g).toArray();
      assertTrue(Arrays.stream(expected).anyMatch(g -> Math.abs(g) > 0.01), "nothing to compare");
      assertArrayEquals(expected, both.auxiliary(), 1e-6);
    }
  }
}
