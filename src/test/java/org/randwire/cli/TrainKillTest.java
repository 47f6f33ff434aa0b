// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.randwire.training.CheckpointStore;
import tools.jackson.databind.json.JsonMapper;

/** Ends training processes in the middle; what is resumed must end as if nothing had happened. */
class TrainKillTest {

  @TempDir Path folder;
  private Path data;

  @BeforeEach
  void writeData() throws IOException {
    data = Launcher.smallMnist(folder);
  }

  @Test
  void sixKillsChangeNothing() throws Exception {
    killAndCompare(6, 1);
  }

  @Test
  @Tag("slow")
  void fortyKillsChangeNothing() throws Exception {
    killAndCompare(40, 2);
  }

  @Test
  void terminatingLeavesACheckpointAndChangesNothing() throws Exception {
    terminateAndCompare(2);
  }

  @Test
  @Tag("slow")
  void terminatingTwentyTimesChangesNothing() throws Exception {
    terminateAndCompare(20);
  }

  private void killAndCompare(int kills, long seed) throws Exception {
    Path undisturbed = undisturbed();
    Random random = new Random(seed);
    int done = 0;
    for (int number = 0; done < kills; number++) {
      Path run = folder.resolve("killed" + number);
      boolean finished = false;
      while (!finished) {
        Launcher.Running child = startOrResume(run);
        if (done < kills && killSometime(child, run, random)) {
          done++;
        } else {
          Launcher.Ended ended = child.await();
          assertEquals(0, ended.status(), ended.err());
          finished = true;
        }
      }
      assertSame(undisturbed, run, "after " + done + " kills, seed " + seed);
    }
  }

  private Launcher.Running startOrResume(Path run) throws IOException {
    return Launcher.start(
        folder,
        Files.exists(run.resolve("config.yaml"))
            ? Launcher.resume(run)
            : Launcher.train(run, data));
  }

  private Path undisturbed() throws Exception {
    Path run = folder.resolve("undisturbed");
    Launcher.Ended ended = Launcher.start(folder, Launcher.train(run, data)).await();
    assertEquals(0, ended.status(), ended.err());
    return run;
  }

  /** Kills soon after a step, or one time in four anywhere, the start included. */
  private static boolean killSometime(Launcher.Running child, Path run, Random random)
      throws Exception {
    if (random.nextInt(4) == 0) {
      TimeUnit.MILLISECONDS.sleep(random.nextInt(1500));
    } else {
      awaitProgress(child, run);
      TimeUnit.MILLISECONDS.sleep(random.nextInt(200));
    }
    child.process().destroyForcibly();
    assertTrue(child.process().waitFor(60, TimeUnit.SECONDS), "the process outlived its kill");
    return child.process().exitValue() == 137;
  }

  /** Waits for a line of metrics more than there are, or for the end. */
  private static void awaitProgress(Launcher.Running child, Path run) throws Exception {
    Path metrics = run.resolve("metrics.jsonl");
    long before = size(metrics);
    while (child.process().isAlive() && size(metrics) <= before) {
      before = Math.min(before, size(metrics)); // resuming cuts the file back first
      TimeUnit.MILLISECONDS.sleep(2);
    }
  }

  private static long size(Path file) throws IOException {
    return Files.exists(file) ? Files.size(file) : 0;
  }

  private void terminateAndCompare(int times) throws Exception {
    Path undisturbed = undisturbed();
    Random random = new Random(times);
    Path run = folder.resolve("terminated");
    int done = 0;
    for (int number = 0; done < times; number++) {
      Launcher.Running child = startOrResume(run);
      awaitProgress(child, run);
      TimeUnit.MILLISECONDS.sleep(random.nextInt(30));
      child.process().destroy();
      Launcher.Ended ended = child.await();
      if (ended.status() == 0) {
        assertSame(undisturbed, run, done + " ends");
        run = folder.resolve("terminated" + number);
        continue;
      }
      done++;
      assertEquals(143, ended.status(), ended.err());
      long step =
          CheckpointStore.newest(run.resolve("checkpoints")).orElseThrow().checkpoint().step();
      assertTrue(
          lastLine(run.resolve("metrics.jsonl")).contains("\"step\":" + step),
          "the checkpoint is of step "
              + step
              + ", the last one of "
              + lastLine(run.resolve("metrics.jsonl")));
    }
    if (Files.exists(run.resolve("config.yaml"))) {
      Launcher.Ended ended = Launcher.start(folder, Launcher.resume(run)).await();
      assertEquals(0, ended.status(), ended.err());
      assertSame(undisturbed, run, done + " ends");
    }
  }

  private static String lastLine(Path file) throws IOException {
    var lines = Files.readAllLines(file);
    return lines.get(lines.size() - 1);
  }

  private static void assertSame(Path expected, Path run, String message) throws IOException {
    assertEquals(result(expected), result(run), message);
    assertArrayEquals(
        Files.readAllBytes(expected.resolve("metrics.jsonl")),
        Files.readAllBytes(run.resolve("metrics.jsonl")),
        message + ": metrics.jsonl");
  }

  private static String result(Path run) throws IOException {
    var result = JsonMapper.shared().readTree(Files.readString(run.resolve("result.json")));
    return result.get("weightsHash").asString()
        + " "
        + result.get("lastTestLoss")
        + " "
        + result.get("steps");
  }
}
