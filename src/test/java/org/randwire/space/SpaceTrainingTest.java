// SPDX-License-Identifier: Apache-2.0
package org.randwire.space;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.randwire.backend.Backend;
import org.randwire.backend.cpu.CpuBackend;
import org.randwire.backend.reference.ReferenceBackend;
import org.randwire.compile.Parameter;
import org.randwire.data.DataSplit;
import org.randwire.data.Synthetic;
import org.randwire.data.augment.Augmentation;
import org.randwire.op.OpGraph;
import org.randwire.op.Section;
import org.randwire.random.RandomStreams;
import org.randwire.space.Complexity.Measure;
import org.randwire.tensor.DataType;
import org.randwire.tensor.TensorShape;
import org.randwire.training.EdgeDrop;
import org.randwire.training.LearningRate;
import org.randwire.training.Trainer;
import org.randwire.training.TrainingListener;
import org.randwire.training.TrainingSettings;

/** What is drawn can be trained: forward, backward and update on random members of every space. */
class SpaceTrainingTest {

  private static final int SEED = 5;
  private static final int STEPS = 2;
  private static final int CLASSES = 4;

  /** Its own copy of a space that keeps what is structural, and is narrow. */
  private static DesignSpace narrow(DesignSpace space) {
    if (space instanceof CellSpace s) {
      List<Integer> widths = List.of(4, 6);
      return new CellSpace(
          s.name(), s.description(), s.ops(), s.nodes(), s.output(), widths, List.of(3, 4));
    }
    if (space instanceof StagedSpace s) {
      List<Integer> widths = List.of(16, 32, 64);
      List<Integer> depths = List.of(1, 2);
      boolean grouped = s.family() == StagedSpace.Family.RESNEXT;
      List<Integer> groups = grouped ? List.of(1, 2, 4) : List.of();
      return new StagedSpace(
          s.name(), s.description(), s.family(), 3, depths, widths, s.ratios(), groups);
    }
    if (space instanceof RandWireSpace s) {
      return new RandWireSpace(
          s.name(),
          s.description(),
          s.regime(),
          s.nodeOp(),
          s.wirings(),
          List.of(16),
          List.of(8),
          s.seeds());
    }
    if (space instanceof AnyNetSpace s) {
      // Deep stages of single pixels in batches of 8 are too badly conditioned to compare.
      return new AnyNetSpace(
          s.name(),
          s.description(),
          s.frame(),
          List.of(1, 2),
          ValueSets.range(8, 128, 8),
          s.ratios(),
          s.groupWidths(),
          s.sharesRatio(),
          s.sharesGroupWidth());
    }
    return space;
  }

  static Stream<String> names() {
    return Spaces.names().stream();
  }

  private static Sampler sampler(
      DesignSpace space, int size, long mostParams, long mostMultiplyAdds) {
    Constraint constraint =
        new Constraint(
            List.of(
                new Constraint.Range(Measure.PARAMS, 0, mostParams),
                new Constraint.Range(Measure.MULTIPLY_ADDS, 0, mostMultiplyAdds)),
            false);
    return new Sampler(
        space, SEED, TensorShape.example(3, size, size), CLASSES, constraint, 100_000);
  }

  /** The losses of the steps, after a check of every gradient of the last. */
  private static double[] train(SampledNetwork network, int size, int batch, Backend backend) {
    DataSplit data =
        new Synthetic(new RandomStreams(3), 3, size, size, CLASSES).split(2 * STEPS * batch, 2);
    TrainingSettings settings =
        new TrainingSettings(
            batch,
            batch,
            1,
            STEPS,
            new LearningRate.Constant(0.01, 0),
            0.9,
            true,
            5e-4,
            true,
            0,
            0,
            0,
            EdgeDrop.NONE,
            false,
            0,
            0,
            0,
            1,
            true,
            1,
            false);
    OpGraph graph = network.spec().build();
    double[] losses = new double[STEPS];
    String what = network.space() + " " + network.index() + " " + network.settings();
    try (Trainer trainer =
        new Trainer(
            network.spec().name(), graph, backend, data, Augmentation.NONE, settings, SEED)) {
      trainer.train(
          new TrainingListener() {
            @Override
            public void stepDone(Step step) {
              losses[(int) step.step() - 1] = step.loss();
            }
          });
      int moved = 0;
      for (Parameter parameter : trainer.session().state().parameters()) {
        double[] gradient = trainer.session().state().get(Section.GRADIENTS, parameter.name());
        assertTrue(
            Arrays.stream(gradient).allMatch(Double::isFinite), what + ": " + parameter.name());
        moved += Arrays.stream(gradient).anyMatch(g -> g != 0) ? 1 : 0;
      }
      assertTrue(moved > 0, what + ": no gradient at all");
    }
    return losses;
  }

  private static void trainMembers(Sampler sampler, int members, int size, DataType type) {
    try (Backend backend = new CpuBackend(type, 2)) {
      for (int index = 0; index < members; index++) {
        double[] losses = train(sampler.draw(index), size, 4, backend);
        for (double loss : losses) {
          assertTrue(Double.isFinite(loss) && loss > 0, index + ": " + Arrays.toString(losses));
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("names")
  void narrowMembersTrain(String name) {
    DesignSpace space = narrow(Spaces.find(name).orElseThrow());
    trainMembers(sampler(space, 8, 1_000_000, 100_000_000), 4, 8, DataType.FLOAT32);
  }

  @Tag("slow")
  @ParameterizedTest
  @MethodSource("names")
  void twentyMembersOfEverySpaceTrain(String name) {
    DesignSpace space = Spaces.find(name).orElseThrow();
    trainMembers(sampler(space, 32, 4_000_000, 400_000_000), 20, 32, DataType.FLOAT32);
  }

  /** Unread inputs, zeros and identities: what the ops' gradients may leave out. */
  @ParameterizedTest
  @MethodSource("names")
  void aMemberAgreesWithTheDoubleReference(String name) {
    DesignSpace space = narrow(Spaces.find(name).orElseThrow());
    SampledNetwork network = sampler(space, 8, 300_000, 10_000_000).draw(0);
    double[] expected;
    try (Backend reference = new ReferenceBackend(DataType.FLOAT64, 2)) {
      expected = train(network, 8, 8, reference);
    }
    try (Backend backend = new CpuBackend(DataType.FLOAT32, 2)) {
      double[] got = train(network, 8, 8, backend);
      String what = network.settings() + "";
      assertEquals(expected[0], got[0], 1e-5 * expected[0], "first loss of " + what);
      assertEquals(expected[1], got[1], 5e-4 * expected[1], "second loss of " + what);
    }
  }
}
