// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.randwire.backend.OpCase.Fill;
import org.randwire.op.Instruction;
import org.randwire.op.Optimizer;
import org.randwire.op.Primitive;
import org.randwire.op.Section;
import org.randwire.op.Value;
import org.randwire.tensor.DataType;

/** The parameter update of every backend against its formula, several steps in a row. */
class OptimizerPrimitiveTest {
  private static final double RATE = 0.1;
  private static final double MOMENTUM = 0.9;
  private static final double DECAY = 0.01;
  private static final double SCALE = 0.5;
  private static final double AVERAGE_DECAY = 0.75;
  private static final int STEPS = 5;

  static Stream<Arguments> sizesOfBackends() {
    return TestBackend.all().stream()
        .flatMap(
            tested -> Stream.of(1, 7, 16, 1000, 70_001).map(size -> Arguments.of(tested, size)));
  }

  static Stream<Arguments> updatesOfBackends() {
    return sizesOfBackends()
        .flatMap(
            each ->
                Stream.of(
                        new Optimizer.Sgd(false, false),
                        new Optimizer.Sgd(false, true),
                        new Optimizer.Sgd(true, false),
                        new Optimizer.Sgd(true, true))
                    .map(sgd -> Arguments.of(each.get()[0], each.get()[1], sgd)));
  }

  @ParameterizedTest(name = "{0}: {1}, {2}")
  @MethodSource("updatesOfBackends")
  void sgdFollowsItsFormula(TestBackend tested, int size, Optimizer.Sgd sgd) {
    Random random = new Random(size);
    double[] parameters = OpCase.draw(random, Fill.UNIFORM, size);
    double[] momenta = new double[size];
    for (Schedule schedule : List.of(Schedule.PLAIN, new Schedule(3, true))) {
      double[] expected = OpCase.round(parameters.clone(), DataType.FLOAT32);
      double[] velocity = momenta.clone();
      try (Backend backend = tested.create().get();
          PrimitiveRunner runner = new PrimitiveRunner(backend, schedule)) {
        Value gradients = runner.flat("gradients", Section.GRADIENTS, size);
        Value updated = runner.flat("parameters", Section.PARAMETERS, size);
        Value momentum = runner.flat("momentum", Section.MOMENTUM, size);
        Value hyperparameters = hyperparameters(runner);
        runner.set(updated, expected);
        runner.set(momentum, velocity);
        for (int step = 0; step < STEPS; step++) {
          double[] gradient =
              OpCase.round(OpCase.draw(random, Fill.UNIFORM, size), DataType.FLOAT32);
          runner.set(gradients, gradient);
          run(runner, sgd, List.of(gradients, hyperparameters), List.of(updated, momentum));
          for (int i = 0; i < size; i++) {
            double g = SCALE * gradient[i] + (sgd.decays() ? DECAY * expected[i] : 0);
            velocity[i] = MOMENTUM * velocity[i] + g;
            expected[i] -= RATE * (sgd.nesterov() ? g + MOMENTUM * velocity[i] : velocity[i]);
          }
        }
        assertClose(expected, runner.get(updated), backend, "parameters");
        assertClose(velocity, runner.get(momentum), backend, "momentum");
      }
    }
  }

  @ParameterizedTest(name = "{0}: {1}")
  @MethodSource("sizesOfBackends")
  void averageMovesTowardsTheParameters(TestBackend tested, int size) {
    Random random = new Random(size);
    double[] expected = OpCase.round(OpCase.draw(random, Fill.UNIFORM, size), DataType.FLOAT32);
    try (Backend backend = tested.create().get();
        PrimitiveRunner runner = new PrimitiveRunner(backend, new Schedule(2, true))) {
      Value parameters = runner.flat("parameters", Section.PARAMETERS, size);
      Value average = runner.set(runner.flat("average", Section.AVERAGE, size), expected);
      Value hyperparameters = hyperparameters(runner);
      for (int step = 0; step < STEPS; step++) {
        double[] drawn = OpCase.round(OpCase.draw(random, Fill.UNIFORM, size), DataType.FLOAT32);
        runner.set(parameters, drawn);
        run(
            runner,
            new Optimizer.MovingAverage(),
            List.of(parameters, hyperparameters),
            List.of(average));
        for (int i = 0; i < size; i++) {
          expected[i] = AVERAGE_DECAY * expected[i] + (1 - AVERAGE_DECAY) * drawn[i];
        }
      }
      assertClose(expected, runner.get(average), backend, "average");
    }
  }

  @ParameterizedTest(name = "{0}: {1}")
  @MethodSource("sizesOfBackends")
  void squaredNormIsTheSumOfSquaresInDouble(TestBackend tested, int size) {
    double[] values =
        OpCase.round(OpCase.draw(new Random(size), Fill.UNIFORM, size), DataType.FLOAT32);
    double expected = 0;
    for (double value : values) {
      expected += value * value;
    }
    double first = squaredNorm(tested, values, Schedule.PLAIN);
    assertEquals(expected, first, 1e-12 * expected);
    for (Schedule schedule : Schedule.ALL) {
      assertEquals(first, squaredNorm(tested, values, schedule), 0.0, schedule.toString());
    }
  }

  @ParameterizedTest(name = "{0}: {1}")
  @MethodSource("sizesOfBackends")
  void squaredNormShowsThatAnElementIsNotFinite(TestBackend tested, int size) {
    for (double bad : new double[] {Double.NaN, Double.POSITIVE_INFINITY}) {
      double[] values = new double[size];
      values[size - 1] = bad;
      assertFalse(Double.isFinite(squaredNorm(tested, values, Schedule.PLAIN)));
    }
  }

  /** Clip, squared norm, last loss: scale. */
  static Stream<Arguments> scalesOfBackends() {
    return TestBackend.all().stream()
        .flatMap(
            tested ->
                Stream.of(
                    Arguments.of(tested, 0, 16, 2, 1),
                    Arguments.of(tested, 5, 16, 2, 1),
                    Arguments.of(tested, 3, 16, 2, 0.75),
                    Arguments.of(tested, 3, Double.POSITIVE_INFINITY, 2, Double.NaN),
                    Arguments.of(tested, 0, Double.NaN, 2, Double.NaN),
                    Arguments.of(tested, 0, 16, Double.NaN, Double.NaN),
                    Arguments.of(tested, 3, 16, Double.POSITIVE_INFINITY, Double.NaN)));
  }

  @ParameterizedTest(name = "{0}: clip {1}, squared norm {2}, loss {3}: {4}")
  @MethodSource("scalesOfBackends")
  void gradientsAreScaledToTheClipAndNotUsedUnlessAllIsFinite(
      TestBackend tested, double clip, double squaredNorm, double loss, double scale) {
    try (Backend backend = tested.create().get();
        PrimitiveRunner runner = new PrimitiveRunner(backend, Schedule.PLAIN)) {
      Value norm =
          runner.set(
              runner.flat("norm", Section.ARENA, 1, DataType.FLOAT64), new double[] {squaredNorm});
      Value losses =
          runner.set(runner.flat("losses", Section.LABELS, 3), new double[] {1, 2, loss});
      Value hyperparameters = hyperparameters(runner);
      double[] values = runner.get(hyperparameters);
      values[Optimizer.GRADIENT_CLIP] = clip;
      runner.set(hyperparameters, values);
      run(runner, new Optimizer.GradientScale(), List.of(norm, losses), List.of(hyperparameters));
      assertEquals(scale, runner.get(hyperparameters)[Optimizer.GRADIENT_SCALE], 0.0);
    }
  }

  @ParameterizedTest
  @MethodSource("org.randwire.backend.TestBackend#all")
  void aScaleThatIsNoNumberChangesNothing(TestBackend tested) {
    double[] values = new double[70];
    Arrays.setAll(values, i -> i);
    try (Backend backend = tested.create().get();
        PrimitiveRunner runner = new PrimitiveRunner(backend, Schedule.PLAIN)) {
      Value gradients = runner.flat("gradients", Section.GRADIENTS, values.length);
      double[] bad = values.clone();
      bad[3] = Double.NaN;
      runner.set(gradients, bad);
      Value parameters = runner.set(runner.flat("p", Section.PARAMETERS, values.length), values);
      Value momentum = runner.set(runner.flat("v", Section.MOMENTUM, values.length), values);
      Value average = runner.set(runner.flat("a", Section.AVERAGE, values.length), values);
      Value hyperparameters = hyperparameters(runner);
      double[] settings = runner.get(hyperparameters);
      settings[Optimizer.GRADIENT_SCALE] = Double.NaN;
      runner.set(hyperparameters, settings);
      run(
          runner,
          new Optimizer.Sgd(false, true),
          List.of(gradients, hyperparameters),
          List.of(parameters, momentum));
      run(
          runner,
          new Optimizer.MovingAverage(),
          List.of(gradients, hyperparameters),
          List.of(average));
      for (Value value : List.of(parameters, momentum, average)) {
        assertArrayEquals(values, runner.get(value), value.toString());
      }
    }
  }

  private static double squaredNorm(TestBackend tested, double[] values, Schedule schedule) {
    try (Backend backend = tested.create().get();
        PrimitiveRunner runner = new PrimitiveRunner(backend, schedule)) {
      Value x = runner.set(runner.flat("x", Section.GRADIENTS, values.length), values);
      Value sum = runner.flat("sum", Section.ARENA, 1, DataType.FLOAT64);
      run(runner, new Optimizer.SquaredNorm(), List.of(x), List.of(sum));
      return runner.get(sum)[0];
    }
  }

  private static Value hyperparameters(PrimitiveRunner runner) {
    double[] values = new double[Optimizer.HYPERPARAMETERS];
    values[Optimizer.LEARNING_RATE] = RATE;
    values[Optimizer.MOMENTUM] = MOMENTUM;
    values[Optimizer.WEIGHT_DECAY] = DECAY;
    values[Optimizer.GRADIENT_SCALE] = SCALE;
    values[Optimizer.AVERAGE_DECAY] = AVERAGE_DECAY;
    Value value = runner.flat("hyperparameters", Section.CONTROLS, values.length);
    return runner.set(value, values);
  }

  private static void run(
      PrimitiveRunner runner, Primitive primitive, List<Value> inputs, List<Value> outputs) {
    runner.run(new Instruction("update", primitive, inputs, outputs));
  }

  /** Parameters are float32 or float64 whatever activations are. */
  private static void assertClose(
      double[] expected, double[] actual, Backend backend, String what) {
    double tolerance = backend.parameterType() == DataType.FLOAT64 ? 1e-12 : 1e-6;
    PrimitiveRunner.assertClose(expected, actual, tolerance, what);
  }
}
