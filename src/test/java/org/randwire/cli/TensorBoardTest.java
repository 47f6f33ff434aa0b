// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.randwire.export.TfRecords;
import org.randwire.training.CheckpointStore;
import org.randwire.training.MetricsLog;

/** The event files of a run say what its metrics say. */
class TensorBoardTest {

  @TempDir Path folder;

  private static List<TfRecords.Event> events(Path run) throws Exception {
    List<TfRecords.Event> events = new ArrayList<>();
    for (Path file : files(run, "events.out.tfevents.")) {
      events.addAll(TfRecords.events(file));
    }
    return events;
  }

  private static List<Path> files(Path run, String prefix) throws Exception {
    try (Stream<Path> files = Files.list(run)) {
      return files.filter(f -> f.getFileName().toString().startsWith(prefix)).sorted().toList();
    }
  }

  private static Map<Long, Float> metrics(Path run, String name) {
    Map<Long, Float> values = new TreeMap<>();
    for (var line : MetricsLog.read(run.resolve("metrics.jsonl"))) {
      if (line.get(name) instanceof Double value) {
        values.put((Long) line.get("step"), value.floatValue());
      }
    }
    return values;
  }

  private static void assertSame(Path run, int steps, int epochs) throws Exception {
    List<TfRecords.Event> events = events(run);
    assertEquals(metrics(run, "loss"), TfRecords.scalars(events, "train/loss"));
    assertEquals(metrics(run, "learningRate"), TfRecords.scalars(events, "train/learning_rate"));
    assertEquals(metrics(run, "trainError"), TfRecords.scalars(events, "train/error"));
    assertEquals(metrics(run, "testError"), TfRecords.scalars(events, "test/error"));
    assertEquals(steps, TfRecords.scalars(events, "train/loss").size());
    assertEquals(epochs, TfRecords.scalars(events, "test/error").size());
  }

  /** Back from step 8 to step 6 in mid-epoch, or to step 4 at the end of one. */
  @ParameterizedTest
  @ValueSource(ints = {3, 0})
  void aRunThatGoesOnFromAnEarlierStepRepeatsNone(int checkpointEverySteps) throws Exception {
    Path run = folder.resolve("run");
    CommandRun.train(
        "reference",
        run,
        "training.tensorboard=true",
        "training.checkpointEverySteps=" + checkpointEverySteps);
    assertSame(run, 8, 2);
    assertEquals(1, files(run, "events.").size());
    assertTrue(TfRecords.scalars(events(run), "train/images_per_second").get(8L) > 0);
    // As if the process had been killed before its last checkpoint was whole.
    Files.delete(CheckpointStore.newest(run.resolve("checkpoints")).orElseThrow().file());
    CommandRun resumed = CommandRun.of("train", "--resume", run.toString());
    assertEquals(0, resumed.status(), resumed.err());
    assertEquals(2, files(run, "events.").size());
    assertSame(run, 8, 2);
  }

  @Test
  void nobodyWhoDidNotAskGetsEventFiles() throws Exception {
    Path run = folder.resolve("run");
    CommandRun.train("reference", run);
    assertEquals(List.of(), files(run, "events."));
  }
}
