// SPDX-License-Identifier: Apache-2.0
package org.randwire.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MetricsLogTest {
  @TempDir Path folder;
  private Path file;

  @BeforeEach
  void nameTheFile() {
    file = folder.resolve("metrics.jsonl");
  }

  @Test
  void writesOneReadableObjectPerLine() throws IOException {
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("loss", 0.1);
    values.put("rate", 0.1f);
    values.put("split", "test \"a\"\n");
    values.put("epoch", 3);
    values.put("done", true);
    values.put("note", null);
    try (MetricsLog log = MetricsLog.create(file)) {
      log.append(7, values);
    }
    assertEquals(
        "{\"step\":7,\"loss\":0.1,\"rate\":0.10000000149011612,\"split\":\"test \\\"a\\\"\\n\","
            + "\"epoch\":3,\"done\":true,\"note\":null}\n",
        Files.readString(file));
  }

  @Test
  void givesBackEveryDoubleBitForBit() {
    Random random = new Random(2);
    double[] values = random.longs(2_000).mapToDouble(Double::longBitsToDouble).toArray();
    values[0] = Double.NEGATIVE_INFINITY;
    values[1] = -0.0;
    values[2] = Double.MIN_VALUE;
    try (MetricsLog log = MetricsLog.create(file)) {
      for (int i = 0; i < values.length; i++) {
        log.append(i, Map.of("loss", values[i]));
      }
    }
    double[] read =
        MetricsLog.read(file).stream().mapToDouble(line -> (double) line.get("loss")).toArray();
    assertTrue(Arrays.equals(values, read));
  }

  @Test
  void writesNonFiniteValuesAsNullAndNamesThem() throws IOException {
    try (MetricsLog log = MetricsLog.create(file)) {
      log.append(1, Map.of("loss", Double.NaN));
      log.append(2, Map.of("loss", Float.NEGATIVE_INFINITY));
    }
    assertEquals(
        "{\"step\":1,\"loss\":null,\"nonFinite\":{\"loss\":\"NaN\"}}\n"
            + "{\"step\":2,\"loss\":null,\"nonFinite\":{\"loss\":\"-Infinity\"}}\n",
        Files.readString(file));
    assertEquals(Map.of("step", 1L, "loss", Double.NaN), MetricsLog.read(file).get(0));
  }

  @Test
  void resumedFileEqualsThatOfAnUndisturbedRun() throws IOException {
    byte[] undisturbed = record(0, 40, MetricsLog.create(file));
    for (int checkpoint = 0; checkpoint < 40; checkpoint++) {
      Path resumed = folder.resolve("resumed-" + checkpoint + ".jsonl");
      Random random = new Random(checkpoint);
      // The run was killed some time after its checkpoint, with half of a line written.
      int safe = length(undisturbed, checkpoint);
      int killed = safe + random.nextInt(undisturbed.length - safe + 1);
      Files.write(resumed, Arrays.copyOf(undisturbed, killed));
      byte[] continued =
          record(checkpoint + 1, 40, resumed, MetricsLog.resume(resumed, checkpoint, 0));
      assertTrue(Arrays.equals(undisturbed, continued), "checkpoint " + checkpoint);
    }
  }

  @Test
  void keepsAllEarlierRecordsForACutAtEveryByteOfTheLast() throws IOException {
    try (MetricsLog log = MetricsLog.create(file)) {
      log.append(1, Map.of("loss", 0.5));
      log.append(2, Map.of("loss", 1.0 / 3, "text", "x{}".repeat(200)));
    }
    byte[] whole = Files.readAllBytes(file);
    int first = length(whole, 0);
    assertTrue(whole.length - first >= 500, "the last record is too short for this test");
    Path cut = folder.resolve("cut.jsonl");
    for (int length = first; length <= whole.length; length++) {
      Files.write(cut, Arrays.copyOf(whole, length));
      // Without its line end the record is still whole: the brace that closes it is there.
      boolean complete = length >= whole.length - 1;
      assertEquals(complete ? 2 : 1, MetricsLog.read(cut).size(), "cut at " + length);
      MetricsLog.resume(cut, 2, 0).close();
      byte[] kept = complete ? whole : Arrays.copyOf(whole, first);
      assertTrue(Arrays.equals(kept, Files.readAllBytes(cut)), "cut at " + length);
    }
  }

  @Test
  void dropsWhatAPowerLossLeftAfterTheCheckpoint() throws IOException {
    String kept = "{\"step\":1,\"loss\":0.5}\n";
    Files.writeString(file, kept + "\0\0\0\0\n\0\0{\"step\":2}\n{\"step\":3,\"loss\":0.25}\n\0\0");
    try (MetricsLog log = MetricsLog.resume(file, 1, 0)) {
      log.append(2, Map.of());
    }
    assertEquals(kept + "{\"step\":2}\n", Files.readString(file));
  }

  @Test
  void countsTheLinesItDrops() {
    record(0, 9, MetricsLog.create(file));
    try (MetricsLog log = MetricsLog.resume(file, 9, 0)) {
      assertEquals(0, log.truncateAfter(9, 0));
      assertEquals(4, log.truncateAfter(5, 0));
      log.append(5, Map.of("split", "test"));
      assertThrows(IllegalArgumentException.class, () -> log.append(4, Map.of()));
    }
    assertEquals(7, MetricsLog.read(file).size());
  }

  /** A checkpoint may stand between an epoch's last step and the epoch's end. */
  @Test
  void dropsTheEndOfAnEpochThatTheCheckpointHasStillToEnd() throws IOException {
    String first = "{\"step\":3,\"loss\":0.5}\n{\"step\":3,\"epochsDone\":1}\n";
    String second = "{\"step\":6,\"loss\":0.25}\n";
    String end = "{\"step\":6,\"epochsDone\":2}\n";
    Files.writeString(file, first + second + end);
    MetricsLog.resume(file, 6, 2).close();
    assertEquals(first + second + end, Files.readString(file));
    try (MetricsLog log = MetricsLog.resume(file, 6, 1)) {
      assertEquals(first + second, Files.readString(file));
      assertEquals(2, log.truncateAfter(3, 0));
    }
  }

  @Test
  void refusesDamageBeforeALineThatIsToBeKept() throws IOException {
    String content = "{\"step\":1}\nbroken\n{\"step\":2}\n";
    Files.writeString(file, content);
    IllegalStateException e =
        assertThrows(IllegalStateException.class, () -> MetricsLog.resume(file, 2, 0));
    assertTrue(e.getMessage().startsWith(file + ":3: step 2 follows"), e.getMessage());
    assertThrows(IllegalStateException.class, () -> MetricsLog.read(file));
    assertEquals(content, Files.readString(file));
  }

  @Test
  void refusesToStartANewRunInTheFileOfAnother() throws IOException {
    Files.writeString(file, "{\"step\":1}\n");
    UncheckedIOException e =
        assertThrows(UncheckedIOException.class, () -> MetricsLog.create(file));
    assertTrue(e.getMessage().startsWith(file + ": is there already"), e.getMessage());
    assertEquals("{\"step\":1}\n", Files.readString(file));
  }

  @Test
  void startsEmptyWhenARunIsResumedThatNeverLogged() {
    try (MetricsLog log = MetricsLog.resume(file, 0, 0)) {
      log.append(0, Map.of("loss", 1.0));
      log.force();
    }
    assertEquals(1, MetricsLog.read(file).size());
  }

  @Test
  void refusesReservedNamesAndForeignTypes() {
    try (MetricsLog log = MetricsLog.create(file)) {
      assertThrows(IllegalArgumentException.class, () -> log.append(1, Map.of("step", 1)));
      assertThrows(IllegalArgumentException.class, () -> log.append(1, Map.of("nonFinite", 1)));
      assertThrows(IllegalArgumentException.class, () -> log.append(1, Map.of("a", List.of())));
      assertThrows(IllegalArgumentException.class, () -> log.append(-1, Map.of()));
    }
    assertEquals(List.of(), MetricsLog.read(file));
  }

  private byte[] record(int from, int to, MetricsLog log) {
    return record(from, to, file, log);
  }

  private static byte[] record(int from, int to, Path path, MetricsLog log) {
    try (log) {
      for (int step = from; step <= to; step++) {
        log.append(step, Map.of("loss", Math.sin(step)));
      }
      log.force();
      return Files.readAllBytes(path);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The bytes of the first lines up to the one with the given index. */
  private static int length(byte[] lines, int index) {
    int position = 0;
    for (int seen = 0; seen <= index; position++) {
      if (lines[position] == '\n') {
        seen++;
      }
    }
    return position;
  }
}
