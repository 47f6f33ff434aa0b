// SPDX-License-Identifier: Apache-2.0
package org.randwire.training;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.randwire.backend.Backend;
import org.randwire.compile.Backends;
import org.randwire.compile.CompiledProgram;
import org.randwire.compile.Session;
import org.randwire.op.GlobalAveragePool;
import org.randwire.op.Linear;
import org.randwire.op.OpGraph;
import org.randwire.op.Section;
import org.randwire.tensor.DataType;
import org.randwire.tensor.TensorShape;

/** The smoothed loss and its gradient, written out (Szegedy et al. 2016, section 7). */
class LabelSmoothingTest {

  private static final int CLASSES = 7;
  private static final int BATCH = 5;

  static Stream<Arguments> cases() {
    return Backends.exact().stream()
        .flatMap(b -> Stream.of(0.0, 0.1, 0.5).map(s -> Arguments.of(b, s)));
  }

  private static OpGraph network() {
    OpGraph.Builder graph = new OpGraph.Builder(TensorShape.example(3, 2, 2));
    graph.add("fc", new Linear(CLASSES), graph.add("pool", new GlobalAveragePool(), 0));
    return graph.build();
  }

  @ParameterizedTest
  @MethodSource("cases")
  void lossAndGradientAreThoseOfTheFormula(Backends.Named named, double smoothing) {
    try (Backend backend = named.open().get();
        Session session = Session.open(network(), Session.Options.of(BATCH, smoothing), backend)) {
      Random random = new Random(3);
      double[] weight = new double[CLASSES * 3];
      Arrays.setAll(weight, i -> 3 * random.nextGaussian());
      session.state().set(Section.PARAMETERS, "fc.weight", weight);
      int[] labels = {0, 6, 3, 3, 1};
      // Evaluation knows no smoothing.
      checkLosses(session.inference(), labels, 0, backend);
      checkLosses(session.training(), labels, smoothing, backend);
      double[] wanted = biasGradient(session.training().logits(), labels, smoothing);
      double[] got = session.state().get(Section.GRADIENTS, "fc.bias");
      for (int k = 0; k < CLASSES; k++) {
        assertEquals(wanted[k], got[k], tolerance(backend), "gradient of bias " + k);
      }
    }
  }

  private static double tolerance(Backend backend) {
    return backend.parameterType() == DataType.FLOAT64 ? 1e-13 : 1e-5;
  }

  private static void checkLosses(
      CompiledProgram program, int[] labels, double smoothing, Backend backend) {
    Random random = new Random(4);
    float[] images = new float[BATCH * 4 * program.imageChannels()];
    for (int i = 0; i < images.length; i++) {
      boolean padding = program.channelsLast() && i % program.imageChannels() >= 3;
      images[i] = padding ? 0 : (float) random.nextGaussian();
    }
    program.setImages(images);
    program.setLabels(labels);
    program.run();
    double[] logits = program.logits();
    double[] losses = program.losses();
    for (int n = 0; n < BATCH; n++) {
      double loss = 0;
      for (int k = 0; k < CLASSES; k++) {
        loss -= target(labels[n], k, smoothing) * Math.log(softmax(logits, n, k));
      }
      assertEquals(loss, losses[n], tolerance(backend) * Math.max(1, loss), "example " + n);
    }
  }

  private static double target(int label, int k, double smoothing) {
    return (k == label ? 1 - smoothing : 0) + smoothing / CLASSES;
  }

  private static double softmax(double[] logits, int n, int k) {
    double sum = 0;
    for (int j = 0; j < CLASSES; j++) {
      sum += Math.exp(logits[n * CLASSES + j]);
    }
    return Math.exp(logits[n * CLASSES + k]) / sum;
  }

  /** The bias adds to the logits, so its gradient is that of the logits summed over examples. */
  private static double[] biasGradient(double[] logits, int[] labels, double smoothing) {
    double[] gradient = new double[CLASSES];
    for (int n = 0; n < BATCH; n++) {
      for (int k = 0; k < CLASSES; k++) {
        gradient[k] += (softmax(logits, n, k) - target(labels[n], k, smoothing)) / BATCH;
      }
    }
    return gradient;
  }
}
