// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.randwire.op.AuxiliaryLoss;
import org.randwire.op.Input;
import org.randwire.op.Mode;
import org.randwire.op.SoftmaxCrossEntropy;
import org.randwire.tensor.DataType;

/**
 * Gradients of the reference in double against central differences of the loss {@code <gradient,
 * y>}, or of the mean loss where the op is one.
 */
class GradientTest {
  /** With a stencil of fourth order its error and the rounding are both about 1e-12. */
  private static final double STEP = 1e-3;

  private static final double TOLERANCE = 1e-6;

  /** Tensors up to this size are checked element by element as well. */
  private static final int SMALL = 48;

  private static final int DIRECTIONS = 3;

  static Stream<OpCase> cases() {
    // What an auxiliary loss adds to the gradient is in no output: AuxiliaryLossTest.
    return OpCases.all().stream()
        .filter(each -> !(each.op() instanceof Input || each.op() instanceof AuxiliaryLoss));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void gradientsMatchCentralDifferences(OpCase opCase) {
    Map<String, double[]> data = opCase.data(DataType.FLOAT64);
    try (Backend backend = TestBackend.ORACLE.create().get();
        OpRun training = new OpRun(opCase, Mode.TRAINING, backend, Schedule.PLAIN);
        OpRun forward = new OpRun(opCase, Mode.STATISTICS, backend, Schedule.PLAIN)) {
      training.set(data).runForward().runBackward();
      forward.set(data);
      Map<String, double[]> gradients = training.gradients();
      int trained = opCase.op().parameters(opCase.inputs()).size();
      int inputs = opCase.readsImage() ? 0 : opCase.inputs().size();
      assertEquals(inputs + trained, gradients.size(), "gradients");
      gradients.forEach(
          (name, gradient) -> new Probe(opCase, forward, data, name, gradient).check());
    }
  }

  /** One tensor, moved to and fro. */
  private record Probe(
      OpCase opCase, OpRun run, Map<String, double[]> data, String name, double[] gradient) {

    void check() {
      Random random = new Random(name.hashCode() + 31L * opCase.name().hashCode());
      double norm = Math.sqrt(dot(gradient, gradient));
      double[] direction = new double[gradient.length];
      for (int i = 0; i < DIRECTIONS; i++) {
        Arrays.setAll(direction, j -> random.nextBoolean() ? 1 : -1);
        check(direction, norm, "along a random direction");
      }
      if (gradient.length <= SMALL) {
        double largest = Arrays.stream(gradient).map(Math::abs).max().orElseThrow();
        for (int i = 0; i < gradient.length; i++) {
          Arrays.fill(direction, 0);
          direction[i] = 1;
          check(direction, largest, "at element " + i);
        }
      }
    }

    private void check(double[] direction, double scale, String where) {
      double expected = slope(direction);
      double actual = dot(gradient, direction);
      double error = Math.abs(expected - actual) / Math.max(scale, 1e-3);
      assertTrue(
          error <= TOLERANCE,
          () ->
              "gradient of "
                  + name
                  + " "
                  + where
                  + " is "
                  + actual
                  + ", differences give "
                  + expected);
    }

    private double slope(double[] direction) {
      double near = loss(direction, STEP) - loss(direction, -STEP);
      double far = loss(direction, 2 * STEP) - loss(direction, -2 * STEP);
      run.set(name, data.get(name));
      return (8 * near - far) / (12 * STEP);
    }

    private double loss(double[] direction, double step) {
      double[] moved = data.get(name).clone();
      for (int i = 0; i < moved.length; i++) {
        moved[i] += step * direction[i];
      }
      run.set(name, moved);
      double[] output = run.runForward().output();
      return opCase.op() instanceof SoftmaxCrossEntropy
          ? Arrays.stream(output).average().orElseThrow()
          : dot(data.get("gradient"), output);
    }

    private static double dot(double[] a, double[] b) {
      double sum = 0;
      for (int i = 0; i < a.length; i++) {
        sum += a[i] * b[i];
      }
      return sum;
    }
  }
}
