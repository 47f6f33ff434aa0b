// SPDX-License-Identifier: Apache-2.0
package org.randwire.population;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class JournalTest {

  @TempDir Path folder;

  private static StoredRun run(int member) {
    SweepMember drawn = new SweepMember(member, "r", member, 40 + member, 100, 200, 300);
    double error = 0.1 + member / 100.0;
    MemberTraining.Result result =
        new MemberTraining.Result(
            RunState.DONE,
            null,
            null,
            List.of(
                new EpochRecord(1, 2.5, 0.5, Double.NaN, Double.NaN),
                new EpochRecord(2, 1.5, 0.25, 1.25, error)),
            20,
            error,
            error,
            "abc\u00e9\n\"",
            1.5,
            null,
            List.of("a mark"),
            Map.of("device", "cpu"));
    return StoredRun.of(drawn, result, 0, List.of());
  }

  private byte[] journal(int runs) throws IOException {
    try (Journal journal = new Journal(folder, "w")) {
      for (int i = 0; i < runs; i++) {
        journal.append(StoredRun.KIND, run(i).toJson());
      }
    }
    return Files.readAllBytes(folder.resolve("w.jsonl"));
  }

  @Test
  void givesBackWhatWasWritten() throws IOException {
    journal(3);
    Map<Integer, StoredRun> runs = new RunStore(folder, 0).runs();
    assertEquals(List.of(run(0), run(1), run(2)), List.copyOf(runs.values()));
  }

  @Test
  void aLineIsJsonWhoseLastMemberIsTheChecksum() throws IOException {
    String line = new String(journal(1), StandardCharsets.UTF_8).strip();
    JsonNode node = JsonMapper.shared().readTree(line);
    String plain = line.replaceFirst(",\"crc\":\"[0-9a-f]{8}\"}$", "}");
    assertEquals("%08x".formatted(Checksum.of(plain)), node.get("crc").asString());
    assertEquals("DONE", node.get("state").asString());
    assertTrue(node.get("testError").get(0).isNull(), "NaN has no JSON");
  }

  @Test
  void cutAtEveryByteOfTheLastRecordAllEarlierOnesAreRead() throws IOException {
    byte[] whole = journal(3);
    int last = lastLine(whole);
    assertTrue(whole.length - last > 500, "the record is long enough to mean something");
    for (int cut = last; cut < whole.length; cut++) {
      Files.write(folder.resolve("w.jsonl"), Arrays.copyOf(whole, cut));
      RunStore store = new RunStore(folder, 0);
      store.refresh();
      assertEquals(2, store.finishedCount(), "cut at " + cut);
      assertEquals(2, store.runs().size(), "cut at " + cut);
      assertTrue(store.damages().isEmpty(), "a torn end is no damage, cut at " + cut);
      // Whoever goes on has a file of its own: the torn end stays torn and hides nothing.
      try (Journal next = new Journal(folder, "next")) {
        next.append(StoredRun.KIND, run(2).toJson());
      }
      store.refresh();
      assertEquals(3, store.finishedCount(), "cut at " + cut);
      Files.delete(folder.resolve("next.jsonl"));
    }
  }

  private static int lastLine(byte[] bytes) {
    int last = bytes.length - 2;
    while (bytes[last] != '\n') {
      last--;
    }
    return last + 1;
  }

  @Test
  void everyFlippedBitOfALineIsSeenAndCostsThatLineOnly() throws IOException {
    byte[] whole = journal(3);
    int start = new String(whole, StandardCharsets.ISO_8859_1).indexOf('\n') + 1;
    int end = lastLine(whole);
    for (int at = start; at < end - 1; at++) {
      byte[] damaged = whole.clone();
      damaged[at] ^= (byte) (1 << at % 8);
      if (damaged[at] == '\n') {
        continue; // cuts the line in two, both damaged; counted below
      }
      Files.write(folder.resolve("w.jsonl"), damaged);
      RunStore store = new RunStore(folder, 0);
      store.refresh();
      assertEquals(2, store.finishedCount(), "flipped at " + at);
      assertEquals(1, store.damages().size(), "flipped at " + at);
      assertEquals(start, store.damages().iterator().next().offset());
    }
  }

  @Test
  void aStoreReadsOnWhereItWas() throws IOException {
    try (Journal journal = new Journal(folder, "w")) {
      RunStore store = new RunStore(folder, 1);
      for (int i = 0; i < 50; i++) {
        journal.append(StoredRun.KIND, run(i).toJson());
        store.refresh();
        assertEquals(i + 1, store.finishedCount());
      }
      assertEquals(List.of(run(0)), store.pilotRuns());
    }
  }

  @Test
  void aLineLongerThanTheReadersBlockIsRead() throws IOException {
    String long_ = "x".repeat(3 << 20);
    try (Journal journal = new Journal(folder, "w")) {
      journal.append("other", Map.of("text", long_));
      journal.append(StoredRun.KIND, run(4).toJson());
    }
    assertEquals(1, new RunStore(folder, 0).runs().size());
  }

  @Test
  void ofTwoRecordsOfOneMemberTheFirstJournalsStands() throws IOException {
    StoredRun first = run(0);
    try (Journal a = new Journal(folder, "a");
        Journal b = new Journal(folder, "b")) {
      b.append(StoredRun.KIND, run(0).toJson());
      Map<String, Object> other = first.toJson();
      other.put("seconds", 9.0);
      a.append(StoredRun.KIND, other);
    }
    RunStore store = new RunStore(folder, 0);
    store.refresh();
    assertEquals(1, store.finishedCount());
    assertEquals(9.0, store.runs().get(0).seconds());
  }

  @Test
  void aNewerFormatIsRefused() throws IOException {
    byte[] line = JournalLine.encode("run", Map.of("member", 1));
    String newer =
        new String(line, StandardCharsets.UTF_8)
            .strip()
            .replace("\"format\":1", "\"format\":2")
            .replaceFirst(",\"crc\":\"[0-9a-f]{8}\"}$", "}");
    String whole =
        newer.substring(0, newer.length() - 1)
            + ",\"crc\":\"%08x\"}%n".formatted(Checksum.of(newer));
    Files.writeString(folder.resolve("w.jsonl"), whole);
    PopulationException refused =
        assertThrows(PopulationException.class, () -> new RunStore(folder, 0).refresh());
    assertTrue(refused.getMessage().contains("newer version"), refused.getMessage());
  }

  @Test
  void halfALineIsNoLine() {
    byte[] line = JournalLine.encode("run", Map.of("member", 1));
    for (int to = 0; to < line.length - 1; to++) {
      assertNull(JournalLine.decode(line, 0, to));
    }
    assertEquals(1, JournalLine.decode(line, 0, line.length - 1).path("member").asInt());
  }
}
