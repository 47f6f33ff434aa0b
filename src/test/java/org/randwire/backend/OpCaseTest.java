// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.randwire.op.Input;
import org.randwire.op.Instruction;
import org.randwire.op.Mode;
import org.randwire.op.Op;

/** Every op on every backend against the reference in double. */
class OpCaseTest {

  static Stream<OpCase> cases() {
    return OpCases.all().stream();
  }

  static Stream<TestBackend> backends() {
    return TestBackend.all().stream();
  }

  static Stream<Arguments> casesOfBackends() {
    return backends().flatMap(tested -> cases().map(opCase -> Arguments.of(tested, opCase)));
  }

  @Test
  void everyOpHasACase() {
    Set<Class<?>> covered = new HashSet<>();
    cases().forEach(opCase -> covered.add(opCase.op().getClass()));
    assertEquals(Set.of(Op.class.getPermittedSubclasses()), covered);
  }

  @Test
  void casesHaveDifferentNames() {
    List<String> names = cases().map(OpCase::name).toList();
    assertEquals(names.size(), new HashSet<>(names).size());
  }

  @ParameterizedTest
  @MethodSource("backends")
  void everyInstructionIsServedOrDeclined(TestBackend tested) {
    for (OpCase opCase : OpCases.all()) {
      for (Mode mode : Mode.values()) {
        try (Backend backend = tested.create().get();
            OpRun run = new OpRun(opCase, mode, backend, Schedule.PLAIN)) {
          for (Instruction instruction : run.instructions()) {
            assertTrue(
                backend.catalog().supports(instruction) || tested.declines(backend, instruction),
                () -> tested + " does not serve " + instruction.primitive() + " of " + opCase);
          }
        }
      }
    }
  }

  @Test
  void imagesNeedNoInstructions() {
    OpCase opCase = cases().filter(each -> each.op() instanceof Input).findFirst().orElseThrow();
    try (Backend backend = TestBackend.ORACLE.create().get();
        OpRun run = new OpRun(opCase, Mode.TRAINING, backend, Schedule.PLAIN)) {
      assertTrue(run.instructions().isEmpty());
    }
  }

  @ParameterizedTest(name = "{0}: {1}")
  @MethodSource("casesOfBackends")
  void resultsAndGradientsMatchTheReference(TestBackend tested, OpCase opCase) {
    for (Mode mode : Mode.values()) {
      Map<String, double[]> expected =
          run(TestBackend.ORACLE, tested, opCase, mode, Schedule.PLAIN);
      Map<String, double[]> actual = run(tested, tested, opCase, mode, Schedule.PLAIN);
      assertEquals(expected.keySet(), actual.keySet());
      expected.forEach(
          (name, values) ->
              PrimitiveRunner.assertClose(
                  values, actual.get(name), tested.tolerance(), mode + " " + name));
    }
  }

  @ParameterizedTest(name = "{0}: {1}")
  @MethodSource("casesOfBackends")
  void resultsDependOnNoSchedule(TestBackend tested, OpCase opCase) {
    Map<String, double[]> expected = run(tested, tested, opCase, Mode.TRAINING, Schedule.PLAIN);
    for (Schedule schedule : Schedule.ALL) {
      Map<String, double[]> actual = run(tested, tested, opCase, Mode.TRAINING, schedule);
      expected.forEach(
          (name, values) ->
              PrimitiveRunner.assertSameBits(values, actual.get(name), name + " by " + schedule));
    }
  }

  /** Runs a case on data rounded to what {@code rounding}'s activations can store. */
  private static Map<String, double[]> run(
      TestBackend tested, TestBackend rounding, OpCase opCase, Mode mode, Schedule schedule) {
    Map<String, double[]> data;
    try (Backend backend = rounding.create().get()) {
      data = opCase.data(backend.activationType());
    }
    try (Backend backend = tested.create().get();
        OpRun run = new OpRun(opCase, mode, backend, schedule)) {
      assumeFalse(
          run.instructions().stream().anyMatch(each -> tested.declines(backend, each)),
          "declined by " + tested);
      run.set(data).runForward().runBackward();
      Map<String, double[]> all = new HashMap<>(run.results());
      run.gradients().forEach((name, values) -> all.put("gradient of " + name, values));
      return all;
    }
  }
}
