// SPDX-License-Identifier: Apache-2.0
package org.randwire.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.randwire.backend.Backend;
import org.randwire.backend.reference.ReferenceBackend;
import org.randwire.tensor.DataType;

/** A run's log is that of an undisturbed run, wherever the run was stopped and then killed. */
class MetricsResumeTest {

  @TempDir Path folder;

  /** Stands for the end of the process. */
  private static final class Killed extends RuntimeException {
    private static final long serialVersionUID = 1;
  }

  /** Writes the lines and checkpoints of a run until it is stopped or killed. */
  private static final class Recorder implements TrainingListener {
    private final MetricsLog log;
    private final CheckpointStore store;
    private final Trainer trainer;
    private final long stopAfter;
    private final long killAt;

    /**
     * @param stopAfter the step after which the run is asked to stop, -1 for none
     * @param killAt the step whose first checkpoint is the last thing that never happens
     */
    Recorder(MetricsLog log, CheckpointStore store, Trainer trainer, long stopAfter, long killAt) {
      this.log = log;
      this.store = store;
      this.trainer = trainer;
      this.stopAfter = stopAfter;
      this.killAt = killAt;
    }

    @Override
    public void stepDone(Step step) {
      log.append(step.step(), Map.of("loss", step.loss()));
      if (step.step() == stopAfter) {
        trainer.requestStop();
      }
    }

    @Override
    public void epochDone(EpochEnd epoch) {
      log.append(epoch.step(), Map.of(MetricsLog.EPOCHS_DONE, epoch.epoch()));
    }

    @Override
    public void checkpoint(Checkpoint checkpoint, boolean best) {
      if (checkpoint.step() == killAt) {
        throw new Killed();
      }
      log.force();
      store.save(checkpoint);
    }
  }

  private TrainingResult run(
      SmallRuns recipe, Backend backend, Path place, long stopAfter, long killAt) {
    Path checkpoints = place.resolve("checkpoints");
    CheckpointStore store = CheckpointStore.open(checkpoints);
    Path file = place.resolve("metrics.jsonl");
    try (Trainer trainer = recipe.open(backend)) {
      CheckpointStore.newest(checkpoints, trainer.fingerprint())
          .ifPresent(restored -> trainer.restore(restored.checkpoint()));
      try (MetricsLog log = MetricsLog.resume(file, trainer.stepsDone(), trainer.epochsDone())) {
        return trainer.train(new Recorder(log, store, trainer, stopAfter, killAt));
      }
    }
  }

  /** Steps 6 and 12 end an epoch of six, step 9 ends the run in mid-epoch where it is the last. */
  @ParameterizedTest
  @CsvSource({"6, 0", "12, 0", "9, 9", "6, 9", "4, 0"})
  void aKillAfterTheStopAtTheEndOfAnEpochRepeatsNoLine(long stop, long maxSteps) throws Exception {
    SmallRuns recipe = new SmallRuns();
    recipe.maxSteps = maxSteps;
    try (Backend backend = new ReferenceBackend(DataType.FLOAT32)) {
      Path undisturbed = Files.createDirectory(folder.resolve("undisturbed"));
      String expected = run(recipe, backend, undisturbed, -1, -1).weightsHash();
      String wanted = Files.readString(undisturbed.resolve("metrics.jsonl"));
      assertEquals(2, wanted.split(MetricsLog.EPOCHS_DONE, -1).length - 1, wanted);

      Path disturbed = Files.createDirectory(folder.resolve("disturbed"));
      long epochEnd = stop == 4 ? 6 : stop;
      assertEquals(stop, run(recipe, backend, disturbed, stop, -1).steps());
      assertThrows(Killed.class, () -> run(recipe, backend, disturbed, -1, epochEnd));
      String killed = Files.readString(disturbed.resolve("metrics.jsonl"));
      assertTrue(killed.contains(MetricsLog.EPOCHS_DONE), "killed behind the epoch's line");
      assertEquals(expected, run(recipe, backend, disturbed, -1, -1).weightsHash());
      assertEquals(wanted, Files.readString(disturbed.resolve("metrics.jsonl")));
    }
  }
}
