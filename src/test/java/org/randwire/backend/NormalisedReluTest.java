// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.randwire.backend.OpCase.Fill;
import org.randwire.op.Add;
import org.randwire.op.BatchNorm;
import org.randwire.op.Instruction;
import org.randwire.op.NormalisedRelu;
import org.randwire.op.Primitive;
import org.randwire.op.Relu;
import org.randwire.op.Section;
import org.randwire.op.Value;
import org.randwire.tensor.DataType;
import org.randwire.tensor.TensorShape;

/** {@link NormalisedRelu} of every backend against the plain ops of the reference in double. */
class NormalisedReluTest {

  private static final double EPSILON = 1e-5;

  /**
   * @param terms of the output's gradient
   */
  record Case(TensorShape shape, boolean shortcut, int terms) {

    Map<String, double[]> data(DataType rounding) {
      Random random = new Random(toString().hashCode());
      int size = Math.toIntExact(shape.elements());
      int channels = shape.channels();
      Map<String, double[]> data = new LinkedHashMap<>();
      data.put("x", OpCase.draw(random, Fill.UNIFORM, size));
      data.put("shortcut", OpCase.draw(random, Fill.UNIFORM, size));
      for (int term = 0; term < terms; term++) {
        data.put("dy" + term, OpCase.draw(random, Fill.UNIFORM, size));
      }
      for (String name : List.of("weight", "bias", "running mean")) {
        data.put(name, OpCase.draw(random, Fill.UNIFORM, channels));
      }
      double[] variance = OpCase.draw(random, Fill.UNIFORM, channels);
      data.put("running variance", Arrays.stream(variance).map(v -> 1 + v / 2).toArray());
      data.values().forEach(values -> OpCase.round(values, rounding));
      return data;
    }
  }

  static Stream<Arguments> casesOfBackends() {
    List<Case> cases = new ArrayList<>();
    for (boolean shortcut : List.of(false, true)) {
      for (int terms = 1; terms <= 2; terms++) {
        cases.add(new Case(new TensorShape(3, 13, 7, 7), shortcut, terms));
        cases.add(new Case(new TensorShape(5, 40, 9, 3), shortcut, terms));
        cases.add(new Case(new TensorShape(2, 16, 32, 33), shortcut, terms));
      }
    }
    return TestBackend.all().stream()
        .flatMap(tested -> cases.stream().map(one -> Arguments.of(tested, one)));
  }

  @ParameterizedTest(name = "{0}: {1}")
  @MethodSource("casesOfBackends")
  void matchesItsPlainPrimitives(TestBackend tested, Case one) {
    Map<String, double[]> actual = runFused(tested, one, Schedule.PLAIN);
    Map<String, double[]> expected;
    try (Backend backend = tested.create().get()) {
      expected = runPlain(one, one.data(backend.activationType()));
    }
    assertEquals(expected.keySet(), actual.keySet());
    double[] kink = expected.get("y");
    expected.forEach(
        (name, values) -> {
          double[] got = actual.get(name);
          if (name.startsWith("dshortcut")) {
            // Within rounding of zero the output may be on either side of the ReLU's kink.
            for (int i = 0; i < got.length; i++) {
              boolean near = Math.abs(kink[i]) < tested.tolerance();
              got[i] = near ? values[i] : got[i];
            }
          }
          PrimitiveRunner.assertClose(values, got, tested.tolerance(), name);
        });
  }

  @ParameterizedTest(name = "{0}: {1}")
  @MethodSource("casesOfBackends")
  void dependsOnNoSchedule(TestBackend tested, Case one) {
    Map<String, double[]> expected = runFused(tested, one, Schedule.PLAIN);
    for (Schedule schedule : Schedule.ALL) {
      Map<String, double[]> actual = runFused(tested, one, schedule);
      expected.forEach(
          (name, values) ->
              PrimitiveRunner.assertSameBits(values, actual.get(name), name + " by " + schedule));
    }
  }

  private static Map<String, double[]> runFused(TestBackend tested, Case one, Schedule schedule) {
    try (Backend backend = tested.create().get();
        PrimitiveRunner runner = new PrimitiveRunner(backend, schedule)) {
      Values values = new Values(runner, one);
      List<Value> operands = new ArrayList<>(values.normOperands());
      operands.addAll(values.shortcuts());
      Instruction forward =
          values.instruction(
              new NormalisedRelu.Forward(new BatchNorm.Forward(EPSILON, 0.1, true)),
              operands,
              List.of(values.y, values.mean, values.variance));
      Instruction inference =
          values.instruction(
              new NormalisedRelu.Inference(EPSILON), operands, List.of(values.inferred));
      List<Value> inputs =
          new ArrayList<>(
              List.of(values.x, values.weight, values.bias, values.mean, values.variance));
      List<Value> outputs = new ArrayList<>(List.of(values.dx, values.dweight, values.dbias));
      if (one.shortcut()) {
        inputs.add(values.y);
        outputs.add(values.dshortcut);
      }
      inputs.addAll(values.terms);
      Instruction gradient =
          values.instruction(new NormalisedRelu.Gradient(EPSILON, one.shortcut()), inputs, outputs);
      for (Instruction instruction : List.of(forward, inference, gradient)) {
        assumeFalse(tested.declines(backend, instruction), "declined by " + tested);
      }
      values.set(one.data(backend.activationType()));
      runner.run(inference);
      runner.run(forward);
      runner.run(gradient);
      return values.results();
    }
  }

  private static Map<String, double[]> runPlain(Case one, Map<String, double[]> data) {
    try (Backend backend = TestBackend.ORACLE.create().get();
        PrimitiveRunner runner = new PrimitiveRunner(backend, Schedule.PLAIN)) {
      Values values = new Values(runner, one);
      values.set(data);
      Value norm = runner.activation("norm", one.shape());
      Value dy = runner.activation("dy", one.shape());
      List<Value> operands = values.normOperands();
      values.run(new BatchNorm.Inference(EPSILON), operands, norm);
      values.rectify(norm, values.inferred);
      values.run(
          new BatchNorm.Forward(EPSILON, 0.1, true), operands, norm, values.mean, values.variance);
      values.rectify(norm, values.y);
      values.run(new Add(), values.terms, dy);
      values.run(new Relu.Gradient(), List.of(values.y, dy), values.dshortcut);
      values.run(
          new BatchNorm.Gradient(EPSILON),
          List.of(values.x, values.dshortcut, values.weight, values.mean, values.variance),
          values.dx,
          values.dweight,
          values.dbias);
      return values.results();
    }
  }

  /** The values that both ways share. */
  private static final class Values {
    private final PrimitiveRunner runner;
    private final Case one;
    private final List<Value> terms = new ArrayList<>();
    private final Value x;
    private final Value shortcut;
    private final Value weight;
    private final Value bias;
    private final Value runningMean;
    private final Value runningVariance;
    private final Value mean;
    private final Value variance;
    private final Value y;
    private final Value inferred;
    private final Value dx;
    private final Value dweight;
    private final Value dbias;
    private final Value dshortcut;

    Values(PrimitiveRunner runner, Case one) {
      this.runner = runner;
      this.one = one;
      int channels = one.shape().channels();
      x = runner.activation("x", one.shape());
      shortcut = runner.activation("shortcut", one.shape());
      for (int term = 0; term < one.terms(); term++) {
        terms.add(runner.activation("dy" + term, one.shape()));
      }
      weight = runner.channels("weight", Section.PARAMETERS, channels);
      bias = runner.channels("bias", Section.PARAMETERS, channels);
      runningMean = runner.channels("running mean", Section.STATE, channels);
      runningVariance = runner.channels("running variance", Section.STATE, channels);
      mean = runner.channels("mean", Section.STATISTICS, channels);
      variance = runner.channels("variance", Section.STATISTICS, channels);
      y = runner.activation("y", one.shape());
      inferred = runner.activation("inferred", one.shape());
      dx = runner.activation("dx", one.shape());
      dweight = runner.channels("dweight", Section.GRADIENTS, channels);
      dbias = runner.channels("dbias", Section.GRADIENTS, channels);
      dshortcut = runner.activation("dshortcut", one.shape());
    }

    void set(Map<String, double[]> data) {
      List<Value> given =
          new ArrayList<>(List.of(x, shortcut, weight, bias, runningMean, runningVariance));
      given.addAll(terms);
      given.forEach(value -> runner.set(value, data.get(value.name())));
    }

    List<Value> normOperands() {
      return List.of(x, weight, bias, runningMean, runningVariance);
    }

    List<Value> shortcuts() {
      return one.shortcut() ? List.of(shortcut) : List.of();
    }

    Instruction instruction(Primitive primitive, List<Value> operands, List<Value> outputs) {
      return new Instruction("block", primitive, operands, outputs);
    }

    void run(Primitive primitive, List<Value> operands, Value... outputs) {
      runner.run(instruction(primitive, operands, List.of(outputs)));
    }

    void rectify(Value norm, Value target) {
      if (!one.shortcut()) {
        run(new Relu(), List.of(norm), target);
        return;
      }
      Value sum = runner.activation("sum", one.shape());
      run(new Add(), List.of(norm, shortcut), sum);
      run(new Relu(), List.of(sum), target);
    }

    Map<String, double[]> results() {
      List<Value> values =
          new ArrayList<>(
              List.of(
                  y, inferred, mean, variance, runningMean, runningVariance, dx, dweight, dbias));
      if (one.shortcut()) {
        values.add(dshortcut);
      }
      Map<String, double[]> results = new LinkedHashMap<>();
      values.forEach(value -> results.put(value.name(), runner.get(value)));
      return results;
    }
  }
}
