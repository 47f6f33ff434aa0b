// SPDX-License-Identifier: Apache-2.0
package org.randwire.export;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EventFileTest {

  @TempDir Path folder;

  private List<Path> files() throws Exception {
    try (Stream<Path> files = Files.list(folder)) {
      return files.sorted().toList();
    }
  }

  @Test
  void anotherReaderFindsTheEvents() throws Exception {
    try (EventFile events = EventFile.begin(folder, 0)) {
      for (long step = 1; step <= 300; step++) {
        events.append(step, Map.of("train/loss", 1.0 / step));
      }
      events.append(300, new TreeMap<>(Map.of("test/error", 0.25, "train/error", Double.NaN)));
    }
    assertEquals(1, files().size());
    assertTrue(files().get(0).getFileName().toString().startsWith("events.out.tfevents."));
    List<TfRecords.Event> events = TfRecords.events(files().get(0));
    assertEquals("brain.Event:2", events.get(0).fileVersion());
    assertTrue(events.get(1).isStart());
    assertEquals(303, events.size());
    for (int step = 1; step <= 300; step++) {
      TfRecords.Event event = events.get(step + 1);
      assertEquals(step, event.step());
      assertEquals(Map.of("train/loss", (float) (1.0 / step)), event.scalars());
      assertTrue(Math.abs(event.wallTime() - System.currentTimeMillis() / 1e3) < 600);
    }
    assertEquals(Map.of("test/error", 0.25f, "train/error", Float.NaN), events.get(302).scalars());
  }

  /** As TensorBoard does: a file's start drops what the files before have from its step on. */
  @Test
  void aLaterFileTakesThePlaceOfTheStepsItRepeats() throws Exception {
    long[] first = {0, 6, 4};
    long[] last = {9, 8, 12};
    for (int run = 0; run < first.length; run++) {
      try (EventFile events = EventFile.begin(folder, first[run])) {
        for (long step = first[run]; step <= last[run]; step++) {
          events.append(step, Map.of("train/loss", 100.0 * run + step));
        }
      }
    }
    List<TfRecords.Event> all = new ArrayList<>();
    for (Path file : files()) {
      all.addAll(TfRecords.events(file));
    }
    Map<Long, Float> seen = TfRecords.scalars(all, "train/loss");
    assertEquals(3, files().size(), "names differ within a second");
    assertEquals(13, seen.size());
    seen.forEach(
        (step, value) -> assertEquals(step < 4 ? step : 200 + step, value, "step " + step));
  }

  @Test
  void aFolderThatIsNotThereIsNamed() {
    Path missing = folder.resolve("missing");
    var error = assertThrows(UncheckedIOException.class, () -> EventFile.begin(missing, 0));
    assertTrue(error.getMessage().startsWith(missing.toString()), error.getMessage());
  }
}
