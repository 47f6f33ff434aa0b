// SPDX-License-Identifier: Apache-2.0
package org.randwire.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.randwire.backend.Backend;
import org.randwire.backend.cpu.CpuBackend;
import org.randwire.backend.reference.ReferenceBackend;
import org.randwire.compile.Backends;
import org.randwire.compile.HoldingBackend;
import org.randwire.data.augment.Augmentation;
import org.randwire.tensor.DataType;

/**
 * The same seed gives the same bits, whatever interrupts the run and however many threads it has.
 */
class TrainerResumeTest {

  @TempDir Path folder;

  static Stream<Backends.Named> backends() {
    return Backends.exact().stream();
  }

  /** What a run told, and the checkpoints among it. */
  private static final class Recording implements TrainingListener {
    final List<String> lines = new ArrayList<>();
    final List<Checkpoint> checkpoints = new ArrayList<>();

    /** How many lines had been told when each checkpoint was taken. */
    final List<Integer> linesBefore = new ArrayList<>();

    @Override
    public void stepDone(Step step) {
      lines.add(step.toString());
    }

    @Override
    public void epochDone(EpochEnd epoch) {
      lines.add(epoch.toString());
    }

    @Override
    public void checkpoint(Checkpoint checkpoint, boolean best) {
      checkpoints.add(checkpoint.loaded());
      linesBefore.add(lines.size());
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void resumingAtAnyStepEndsInTheSameBits(Backends.Named named) {
    SmallRuns run = SmallRuns.withEverything();
    run.preciseStatistics = !named.name().equals("reference f64");
    run.checkpointEverySteps = 1;
    try (Backend backend = named.open().get()) {
      Recording whole = new Recording();
      TrainingResult expected;
      try (Trainer trainer = run.open(backend)) {
        expected = trainer.train(whole);
      }
      assertEquals(4 * SmallRuns.STEPS_PER_EPOCH, expected.steps());
      assertEquals(expected.steps(), whole.checkpoints.size(), "a checkpoint for every step");
      for (int i = 0; i < whole.checkpoints.size(); i++) {
        CheckpointStore store = CheckpointStore.open(folder.resolve(named + "-" + i));
        Path file = store.save(whole.checkpoints.get(i));
        Recording rest = new Recording();
        try (Trainer trainer = run.open(backend)) {
          trainer.restore(CheckpointStore.read(file));
          String message = "resumed after step " + trainer.stepsDone();
          assertEquals(expected, trainer.train(rest), message);
          assertEquals(
              whole.lines.subList(whole.linesBefore.get(i), whole.lines.size()),
              rest.lines,
              message);
        }
      }
    }
  }

  /** Told the same and trained the same, also from checkpoints of the other. */
  @Test
  void aDataSetOnTheDeviceChangesNoBit() {
    SmallRuns run = SmallRuns.withEverything();
    run.augmentation = new Augmentation(1, 0.5, 3);
    run.preciseStatistics = true;
    run.checkpointEverySteps = 4;
    Recording prepared = new Recording();
    TrainingResult expected;
    try (Backend backend = new ReferenceBackend(DataType.FLOAT32);
        Trainer trainer = run.open(backend)) {
      assertFalse(trainer.session().holdsData());
      expected = trainer.train(prepared);
    }
    try (Backend backend = new HoldingBackend(DataType.FLOAT32, Long.MAX_VALUE)) {
      Recording made = new Recording();
      try (Trainer trainer = run.open(backend)) {
        assertTrue(trainer.session().holdsData());
        assertEquals(expected, trainer.train(made));
      }
      assertEquals(prepared.lines, made.lines);
      for (int i = 0; i < prepared.checkpoints.size(); i += 2) {
        try (Trainer trainer = run.open(backend)) {
          trainer.restore(prepared.checkpoints.get(i));
          String message = "resumed after step " + trainer.stepsDone();
          assertEquals(expected, trainer.train(new Recording()), message);
        }
      }
    }
  }

  /** Four of an epoch's six batches make an update, two are left over; or two make one. */
  @ParameterizedTest
  @ValueSource(ints = {2, 4})
  void updatesOfSeveralBatchesResumeInTheSameBits(int accumulate) {
    SmallRuns run = SmallRuns.withEverything();
    run.accumulate = accumulate;
    run.recompute = true;
    run.checkpointEverySteps = 1;
    try (Backend backend = new CpuBackend(DataType.FLOAT32, 2)) {
      Recording whole = new Recording();
      TrainingResult expected;
      try (Trainer trainer = run.open(backend)) {
        assertEquals(SmallRuns.STEPS_PER_EPOCH / accumulate, trainer.stepsPerEpoch());
        expected = trainer.train(whole);
        assertEquals(4 * trainer.stepsPerEpoch(), expected.steps());
      }
      assertEquals(expected.steps(), whole.checkpoints.size(), "a checkpoint for every update");
      for (int i = 0; i < whole.checkpoints.size(); i++) {
        Path file = CheckpointStore.open(folder.resolve("" + i)).save(whole.checkpoints.get(i));
        Recording rest = new Recording();
        try (Trainer trainer = run.open(backend)) {
          trainer.restore(CheckpointStore.read(file));
          String message = "resumed after step " + trainer.stepsDone();
          assertEquals(expected, trainer.train(rest), message);
          assertEquals(
              whole.lines.subList(whole.linesBefore.get(i), whole.lines.size()),
              rest.lines,
              message);
        }
      }
    }
  }

  @Test
  void neitherThreadsNorDataThreadsChangeABit() {
    Set<String> hashes = new HashSet<>();
    for (int threads : new int[] {1, 2, 4}) {
      for (int dataThreads : new int[] {1, 3}) {
        SmallRuns run = SmallRuns.withEverything();
        run.dataThreads = dataThreads;
        try (Backend backend = new CpuBackend(DataType.FLOAT32, threads);
            Trainer trainer = run.open(backend)) {
          hashes.add(trainer.train(new Recording()).weightsHash());
        }
      }
    }
    assertEquals(1, hashes.size(), hashes.toString());
  }

  /** Rates of drop path follow the epochs, so a resumed run must know where it is. */
  @Test
  void cellsWithDropPathResumeInTheSameBitsOnAnyNumberOfThreads() {
    SmallRuns run = SmallRuns.withCells();
    run.checkpointEverySteps = 7;
    Recording whole = new Recording();
    TrainingResult expected;
    try (Backend backend = new CpuBackend(DataType.FLOAT32, 1);
        Trainer trainer = run.open(backend)) {
      expected = trainer.train(whole);
    }
    assertTrue(whole.checkpoints.size() > 4, "checkpoints within epochs and at their ends");
    for (int i = 0; i < whole.checkpoints.size(); i++) {
      Path file = CheckpointStore.open(folder.resolve("" + i)).save(whole.checkpoints.get(i));
      try (Backend backend = new CpuBackend(DataType.FLOAT32, 2 + i % 2);
          Trainer trainer = run.open(backend)) {
        trainer.restore(CheckpointStore.read(file));
        String message = "resumed after step " + trainer.stepsDone();
        assertEquals(expected, trainer.train(new Recording()), message);
      }
    }
  }

  @Test
  void theReferenceIsTheSameForAnyNumberOfThreads() {
    Set<String> hashes = new HashSet<>();
    for (int threads : new int[] {1, 2, 4}) {
      try (Backend backend = new ReferenceBackend(DataType.FLOAT32, threads);
          Trainer trainer = SmallRuns.withEverything().open(backend)) {
        hashes.add(trainer.train(new Recording()).weightsHash());
      }
    }
    assertEquals(1, hashes.size(), hashes.toString());
  }

  @Test
  void stoppingAtAnyStepSavesItAndGoesOnToTheSameBits() {
    SmallRuns run = SmallRuns.withEverything();
    try (Backend backend = Backends.cpu(2).open().get()) {
      String expected;
      try (Trainer trainer = run.open(backend)) {
        expected = trainer.train(new Recording()).weightsHash();
      }
      for (int stop = 0; stop < 24; stop += 1 + stop % 3) {
        Recording stopped = new Recording();
        try (Trainer trainer = run.open(backend)) {
          int at = stop;
          if (at == 0) {
            trainer.requestStop();
          }
          TrainingResult result =
              trainer.train(
                  new TrainingListener() {
                    @Override
                    public void stepDone(Step step) {
                      if (step.step() == at) {
                        trainer.requestStop();
                      }
                    }

                    @Override
                    public void checkpoint(Checkpoint checkpoint, boolean best) {
                      stopped.checkpoint(checkpoint, best);
                    }
                  });
          assertFalse(result.finished());
          assertEquals(at, result.steps());
        }
        Checkpoint last = stopped.checkpoints.get(stopped.checkpoints.size() - 1);
        assertEquals(stop, last.step(), "the checkpoint is that of the stop");
        try (Trainer trainer = run.open(backend)) {
          trainer.restore(last);
          assertEquals(expected, trainer.train(new Recording()).weightsHash(), "stop " + stop);
        }
      }
    }
  }

  /** The end of a run that is cut short by its number of steps has an evaluation to be made up. */
  @Test
  void resumingWhereTheStepsAreUsedUpStillEvaluates() {
    SmallRuns run = new SmallRuns();
    run.maxSteps = 9;
    try (Backend backend = new ReferenceBackend(DataType.FLOAT32)) {
      Recording whole = new Recording();
      TrainingResult expected;
      List<Checkpoint> last = new ArrayList<>();
      try (Trainer trainer = run.open(backend)) {
        expected =
            trainer.train(
                new TrainingListener() {
                  @Override
                  public void stepDone(Step step) {
                    whole.stepDone(step);
                    if (step.step() == 9) {
                      last.add(trainer.checkpoint());
                    }
                  }
                });
      }
      assertEquals(9, expected.steps());
      assertTrue(expected.lastTestError() <= 1, expected.toString());
      try (Trainer trainer = run.open(backend)) {
        trainer.restore(last.get(0));
        assertEquals(expected, trainer.train(new Recording()), "resumed after the last step");
      }
    }
  }

  @Test
  void aFinishedRunHasNothingLeftToDo() {
    try (Backend backend = new ReferenceBackend(DataType.FLOAT32)) {
      Recording whole = new Recording();
      SmallRuns run = new SmallRuns();
      TrainingResult expected;
      try (Trainer trainer = run.open(backend)) {
        expected = trainer.train(whole);
      }
      try (Trainer trainer = run.open(backend)) {
        trainer.restore(whole.checkpoints.get(whole.checkpoints.size() - 1));
        Recording rest = new Recording();
        assertEquals(expected, trainer.train(rest), "resumed at the end");
        assertEquals(List.of(), rest.lines);
      }
    }
  }

  @Test
  void refusesCheckpointsOfAnotherNetworkAndAnotherSeed() {
    try (Backend backend = new ReferenceBackend(DataType.FLOAT32)) {
      SmallRuns run = new SmallRuns();
      SmallRuns other = new SmallRuns();
      other.dropout = 0.5;
      Checkpoint checkpoint;
      try (Trainer trainer = run.open(backend)) {
        checkpoint = trainer.checkpoint();
      }
      try (Trainer trainer = other.open(backend)) {
        var refused = assertThrows(CheckpointException.class, () -> trainer.restore(checkpoint));
        assertTrue(refused.getMessage().contains("small#"), refused.getMessage());
      }
      try (Trainer trainer =
          new Trainer(
              "small",
              run.network(),
              backend,
              SmallRuns.data(),
              run.augmentation,
              run.settings(),
              12)) {
        assertNotEquals(trainer.weights().hash(), hashOf(run, backend));
        var refused = assertThrows(CheckpointException.class, () -> trainer.restore(checkpoint));
        assertTrue(refused.getMessage().contains("seed 11"), refused.getMessage());
      }
    }
  }

  private static String hashOf(SmallRuns run, Backend backend) {
    try (Trainer trainer = run.open(backend)) {
      return trainer.weights().hash();
    }
  }
}
