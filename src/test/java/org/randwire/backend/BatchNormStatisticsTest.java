// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import java.util.HashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.randwire.op.BatchNorm;
import org.randwire.op.Mode;
import org.randwire.tensor.TensorShape;

/** The statistics of batch normalisation on a batch small enough to do by hand. */
class BatchNormStatisticsTest {
  /** Channel 0 holds 1, 2, 4, 5 with mean 3, variance 2.5 and unbiased variance 10/3. */
  private static final double[] BATCH = {1, 2, -1, -1, 4, 5, -1, -1};

  private static final OpCase CASE =
      OpCase.of(new BatchNorm(1e-5, 0.25), new TensorShape(2, 2, 1, 2));

  static Stream<TestBackend> backends() {
    return TestBackend.all().stream();
  }

  @ParameterizedTest
  @MethodSource("backends")
  void trainingMovesTheRunningStatistics(TestBackend tested) {
    Map<String, double[]> results = run(tested, Mode.TRAINING, 1);
    assertArrayEquals(new double[] {3, -1}, results.get("mean"), 1e-6);
    assertArrayEquals(new double[] {2.5, 0}, results.get("variance"), 1e-6);
    assertArrayEquals(new double[] {0.75, -0.25}, results.get("running_mean"), 1e-6);
    double unbiased = 10.0 / 3;
    assertArrayEquals(
        new double[] {0.75 + 0.25 * unbiased, 0.75}, results.get("running_var"), 1e-6);
  }

  @ParameterizedTest
  @MethodSource("backends")
  void runningStatisticsApproachTheBatchStepByStep(TestBackend tested) {
    double left = Math.pow(0.75, 3);
    Map<String, double[]> results = run(tested, Mode.TRAINING, 3);
    assertArrayEquals(
        new double[] {3 * (1 - left), -(1 - left)}, results.get("running_mean"), 1e-6);
    assertArrayEquals(
        new double[] {left + 10.0 / 3 * (1 - left), left}, results.get("running_var"), 1e-6);
  }

  @ParameterizedTest
  @MethodSource("backends")
  void measuringLeavesTheRunningStatisticsAlone(TestBackend tested) {
    Map<String, double[]> results = run(tested, Mode.STATISTICS, 2);
    assertArrayEquals(new double[] {3, -1}, results.get("mean"), 1e-6);
    assertArrayEquals(new double[] {0, 0}, results.get("running_mean"), 0);
    assertArrayEquals(new double[] {1, 1}, results.get("running_var"), 0);
  }

  @ParameterizedTest
  @MethodSource("backends")
  void inferenceNormalizesByTheRunningStatistics(TestBackend tested) {
    double scale = 1 / Math.sqrt(1 + 1e-5);
    double[] expected = new double[BATCH.length];
    for (int i = 0; i < expected.length; i++) {
      expected[i] = BATCH[i] * scale;
    }
    double[] output = run(tested, Mode.INFERENCE, 1).get("output");
    PrimitiveRunner.assertClose(expected, output, tested.tolerance(), "output");
  }

  private static Map<String, double[]> run(TestBackend tested, Mode mode, int steps) {
    Map<String, double[]> data = new HashMap<>();
    data.put("x0", BATCH);
    data.put("weight", new double[] {1, 1});
    data.put("bias", new double[] {0, 0});
    data.put("running_mean", new double[] {0, 0});
    data.put("running_var", new double[] {1, 1});
    data.put("gradient", new double[BATCH.length]);
    try (Backend backend = tested.create().get();
        OpRun run = new OpRun(CASE, mode, backend, Schedule.PLAIN)) {
      run.set(data);
      for (int step = 0; step < steps; step++) {
        run.runForward();
      }
      return run.results();
    }
  }
}
