// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.randwire.population.SweepFolder;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Ends coordinators and workers of sweeps by kill -9 at random points; nothing may be lost, done
 * twice or different.
 */
class SweepKillTest {

  private static final String SWEEP =
      """
      name: killed
      seed: 5
      spaces:
        - {space: randwire, label: ws, count: %1$d, generator: ["ws(2, 0.75)"], nodes: [4], channels: [4]}
        - {space: resnet, count: %1$d, depth: [1], width: [4, 8]}
      recipe:
        data: {name: synthetic, batch: 16, evaluationBatch: 16, size: 8, classes: 4, examples: 256}
        precision: fp32
        training: {epochs: 6, schedule: {name: cosine, base: 0.1}, statistics: running, checkpointEverySteps: 8}
      workers: {processes: 2, checkpointSeconds: 0}
      """;

  @TempDir Path folder;

  private int coordinatorKills;
  private int workerKills;

  @Test
  void eightKillsOfASmallSweepChangeNothing() throws Exception {
    killAndCompare(4, 8, 1);
  }

  @Test
  @Tag("slow")
  void twoHundredKillsOf64RunsChangeNothing() throws Exception {
    killAndCompare(32, 200, 2);
    System.out.printf(
        "kill -9: %d of coordinators, %d of workers%n", coordinatorKills, workerKills);
  }

  /** Sweeps one after the other, each killed on, until there were so many kills. */
  private void killAndCompare(int perSpace, int kills, long seed) throws Exception {
    Path file = Files.writeString(folder.resolve("sweep.yaml"), SWEEP.formatted(perSpace));
    SweepFolder undisturbed = new SweepFolder(folder.resolve("undisturbed"));
    Launcher.Ended ended = Launcher.start(folder, run(file, undisturbed)).await();
    assertEquals(0, ended.status(), ended.err());
    Random random = new Random(seed);
    for (int number = 0; coordinatorKills + workerKills < kills; number++) {
      SweepFolder sweep = new SweepFolder(folder.resolve("sweep-" + number));
      killOn(file, sweep, kills, random);
      String message = "seed " + seed + ", sweep " + number;
      assertEquals(Files.readString(undisturbed.table()), Files.readString(sweep.table()), message);
      assertRecordedOnce(sweep, 2 * perSpace, message);
    }
  }

  private static List<String> run(Path file, SweepFolder sweep) {
    return List.of("sweep", "run", file.toString(), "--output", sweep.path().toString());
  }

  private void killOn(Path file, SweepFolder sweep, int kills, Random random) throws Exception {
    boolean finished = false;
    Launcher.Running coordinator = null;
    while (!finished) {
      if (coordinator == null || !coordinator.process().isAlive()) {
        boolean begun = SweepFolder.isSweep(sweep.path());
        coordinator =
            Launcher.start(
                folder,
                begun ? List.of("sweep", "resume", sweep.path().toString()) : run(file, sweep));
      }
      if (coordinatorKills + workerKills < kills) {
        if (random.nextInt(4) > 0) {
          awaitRecord(coordinator.process(), sweep);
        }
        TimeUnit.MILLISECONDS.sleep(random.nextInt(600));
        kill(coordinator.process(), random);
      }
      boolean last = coordinatorKills + workerKills >= kills;
      if (last && coordinator.process().isAlive() || isDone(coordinator)) {
        coordinator.process().waitFor(30, TimeUnit.MINUTES); // one machine may be busy
        Launcher.Ended ended = coordinator.await();
        if (ended.status() != 137) {
          assertEquals(0, ended.status(), ended.err());
          finished = true;
        }
      }
    }
  }

  /** Waits until something is recorded, or for as long as the start of the processes takes. */
  private static void awaitRecord(Process coordinator, SweepFolder sweep) throws Exception {
    long before = size(sweep.store());
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (coordinator.isAlive() && size(sweep.store()) <= before && System.nanoTime() < deadline) {
      TimeUnit.MILLISECONDS.sleep(2);
    }
  }

  private static long size(Path store) throws IOException {
    long size = 0;
    if (Files.isDirectory(store)) {
      try (var files = Files.list(store)) {
        for (Path file : files.toList()) {
          size += Files.size(file);
        }
      }
    }
    return size;
  }

  private static boolean isDone(Launcher.Running running) {
    return !running.process().isAlive() && running.process().exitValue() != 137;
  }

  private void kill(Process coordinator, Random random) throws InterruptedException {
    List<ProcessHandle> workers = coordinator.children().toList();
    if (random.nextInt(3) == 0 || workers.isEmpty()) {
      if (coordinator.isAlive()) {
        coordinator.destroyForcibly();
        coordinator.waitFor(30, TimeUnit.SECONDS);
        coordinatorKills += coordinator.exitValue() == 137 ? 1 : 0;
      }
    } else if (workers.get(random.nextInt(workers.size())).destroyForcibly()) {
      workerKills++;
    }
  }

  /** Every member has one record, and no attempt was begun behind it. */
  private static void assertRecordedOnce(SweepFolder sweep, int members, String message)
      throws IOException {
    Map<Integer, Integer> records = new HashMap<>();
    List<Path> journals = new ArrayList<>();
    try (var files = Files.list(sweep.store())) {
      files.forEach(journals::add);
    }
    for (Path journal : journals) {
      for (String line : Files.readAllLines(journal)) {
        JsonNode node = JsonMapper.shared().readTree(line);
        if (node.get("kind").asString().equals("run")) {
          records.merge(node.get("member").asInt(), 1, Integer::sum);
        }
      }
    }
    assertEquals(members, records.size(), message + ": lost");
    assertTrue(records.values().stream().allMatch(count -> count == 1), message + ": " + records);
  }
}
