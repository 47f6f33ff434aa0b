// SPDX-License-Identifier: Apache-2.0
package org.randwire.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.randwire.backend.Backend;
import org.randwire.backend.reference.ReferenceBackend;
import org.randwire.compile.Backends;
import org.randwire.compile.Parameter;
import org.randwire.op.ParameterSpec;
import org.randwire.op.Section;
import org.randwire.tensor.DataType;
import org.randwire.tensor.NamedTensor;

/** What each setting of a recipe does to the weights. */
class TrainerRecipeTest {

  static List<Backends.Named> backends() {
    return Backends.exact();
  }

  private static Map<String, double[]> values(Trainer trainer, Section section) {
    Map<String, double[]> values = new TreeMap<>();
    for (Parameter p : trainer.session().state().parameters()) {
      values.put(p.name(), trainer.session().state().get(section, p.name()));
    }
    return values;
  }

  private static SmallRuns oneStep() {
    SmallRuns run = new SmallRuns();
    run.maxSteps = 1;
    run.momentum = 0;
    run.weightDecay = 0;
    run.learningRate = new LearningRate.Constant(0.25, 0);
    return run;
  }

  @ParameterizedTest
  @MethodSource("backends")
  void divergenceNamesTheStepAndLeavesTheParametersBeforeIt(Backends.Named named) {
    SmallRuns run = new SmallRuns();
    run.learningRate = new LearningRate.Constant(1e30, 0);
    try (Backend backend = named.open().get();
        Trainer trainer = run.open(backend)) {
      Map<String, double[]> last = new TreeMap<>();
      long[] steps = new long[1];
      var diverged =
          assertThrows(
              DivergedException.class,
              () ->
                  trainer.train(
                      new TrainingListener() {
                        @Override
                        public void stepDone(Step step) {
                          steps[0] = step.step();
                          last.putAll(values(trainer, Section.PARAMETERS));
                        }
                      }));
      assertEquals(steps[0] + 1, diverged.step());
      assertTrue(diverged.getMessage().contains(diverged.tensor()), diverged.getMessage());
      values(trainer, Section.PARAMETERS)
          .forEach((name, values) -> assertArrayEquals(last.get(name), values, name));
    }
  }

  @Test
  void clippingBoundsTheLengthOfTheStep() {
    for (double clip : new double[] {0, 0.01, 1e9}) {
      SmallRuns run = oneStep();
      run.gradientClip = clip;
      try (Backend backend = new ReferenceBackend(DataType.FLOAT64);
          Trainer trainer = run.open(backend)) {
        Map<String, double[]> before = values(trainer, Section.PARAMETERS);
        double[] norm = new double[1];
        trainer.train(
            new TrainingListener() {
              @Override
              public void stepDone(Step step) {
                norm[0] = step.gradientNorm();
              }
            });
        double squares = 0;
        for (Map.Entry<String, double[]> after : values(trainer, Section.PARAMETERS).entrySet()) {
          for (int i = 0; i < after.getValue().length; i++) {
            double moved = after.getValue()[i] - before.get(after.getKey())[i];
            squares += moved * moved;
          }
        }
        double expected = 0.25 * (clip > 0 ? Math.min(clip, norm[0]) : norm[0]);
        assertEquals(expected, Math.sqrt(squares), 1e-9 * expected, "clip " + clip);
      }
    }
  }

  @Test
  void decayTakesItsShareOfAllOrOfFiltersAlone() {
    Map<String, double[]> plain = afterOneStep(0, true);
    for (boolean all : new boolean[] {false, true}) {
      Map<String, double[]> decayed = afterOneStep(0.5, all);
      try (Backend backend = new ReferenceBackend(DataType.FLOAT64);
          Trainer trainer = oneStep().open(backend)) {
        Map<String, double[]> before = values(trainer, Section.PARAMETERS);
        for (Parameter p : trainer.session().state().parameters()) {
          boolean decays = all || p.spec().kind() == ParameterSpec.Kind.FILTER;
          for (int i = 0; i < p.spec().elements(); i++) {
            double share = decays ? 0.25 * 0.5 * before.get(p.name())[i] : 0;
            assertEquals(plain.get(p.name())[i] - share, decayed.get(p.name())[i], 1e-12, p.name());
          }
        }
      }
    }
  }

  private static Map<String, double[]> afterOneStep(double decay, boolean all) {
    SmallRuns run = oneStep();
    run.weightDecay = decay;
    run.decaysAll = all;
    try (Backend backend = new ReferenceBackend(DataType.FLOAT64);
        Trainer trainer = run.open(backend)) {
      trainer.train(new TrainingListener() {});
      return values(trainer, Section.PARAMETERS);
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void theAverageFollowsItsFormula(Backends.Named named) {
    SmallRuns run = new SmallRuns();
    run.averageDecay = 0.75;
    try (Backend backend = named.open().get();
        Trainer trainer = run.open(backend)) {
      Map<String, double[]> average = values(trainer, Section.PARAMETERS);
      trainer.train(
          new TrainingListener() {
            @Override
            public void stepDone(Step step) {
              Map<String, double[]> weights = values(trainer, Section.PARAMETERS);
              Map<String, double[]> kept = values(trainer, Section.AVERAGE);
              average.forEach(
                  (name, values) -> {
                    Arrays.setAll(values, i -> 0.75 * values[i] + 0.25 * weights.get(name)[i]);
                    assertArrayEquals(values, kept.get(name), 1e-5, name);
                  });
            }
          });
    }
  }

  @Test
  void namesTheTensorThatDoesNotFit() {
    try (Backend backend = new ReferenceBackend(DataType.FLOAT32);
        Trainer trainer = new SmallRuns().open(backend)) {
      String before = trainer.weights().hash();
      NamedTensor stranger = new NamedTensor("nobody.weight", List.of(1), new float[1]);
      NamedTensor wide = new NamedTensor("fc.bias", List.of(6), new float[6]);
      for (NamedTensor wrong : List.of(stranger, wide)) {
        var refused =
            assertThrows(
                IllegalArgumentException.class,
                () -> trainer.weights().set(Map.of(wrong.name(), wrong)));
        assertTrue(refused.getMessage().contains(wrong.name()), refused.getMessage());
      }
      assertEquals(before, trainer.weights().hash());
      NamedTensor bias = new NamedTensor("fc.bias", List.of(5), new float[] {1, 2, 3, 4, 5});
      trainer.weights().set(Map.of("fc.bias", bias));
      assertArrayEquals(bias.values(), trainer.weights().tensors().get("fc.bias").values());
    }
  }
}
