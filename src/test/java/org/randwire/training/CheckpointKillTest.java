// SPDX-License-Identifier: Apache-2.0
package org.randwire.training;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Kills a process that saves checkpoints without a pause; run after run on the same folder. */
class CheckpointKillTest {
  private static final int VALUES = 1 << 18;

  @TempDir Path folder;

  @Test
  void losesNoAcknowledgedCheckpointInTwentyKills() throws Exception {
    killRepeatedly(20);
  }

  @Test
  @Tag("slow")
  void losesNoAcknowledgedCheckpointInTwoHundredKills() throws Exception {
    killRepeatedly(200);
  }

  private void killRepeatedly(int kills) throws Exception {
    long first = 0;
    for (int kill = 0; kill < kills; kill++) {
      long acknowledged = runAndKill(new Random(kill).nextInt(60));
      CheckpointStore.Restored newest = CheckpointStore.newest(folder).orElseThrow();
      String message = "kill " + kill + ", acknowledged " + acknowledged + ", " + newest.skipped();
      assertTrue(newest.skipped().isEmpty(), message);
      assertTrue(newest.checkpoint().step() >= acknowledged, message);
      assertTrue(acknowledged > first, message);
      CheckpointStoreTest.assertSame(
          CheckpointStoreTest.checkpoint(newest.checkpoint().step(), VALUES), newest.checkpoint());
      first = newest.checkpoint().step();
    }
  }

  /** Lets a child acknowledge one save, kills it some time later; returns its last acknowledged. */
  private long runAndKill(int delayMillis) throws IOException, InterruptedException {
    Process child =
        new ProcessBuilder(
                List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-Xshare:auto",
                    "-XX:TieredStopAtLevel=1",
                    "-Xmx256m",
                    "-cp",
                    System.getProperty("java.class.path"),
                    Writer.class.getName(),
                    folder.toString()))
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try (BufferedReader lines = child.inputReader()) {
      String acknowledged = lines.readLine();
      assertTrue(acknowledged != null, "the writer ended before its first save");
      Thread.sleep(delayMillis);
      child.toHandle().destroyForcibly(); // unlike Process, a handle leaves the output readable
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        acknowledged = line;
      }
      assertTrue(child.waitFor(60, TimeUnit.SECONDS), "the writer outlived its kill");
      return Long.parseLong(acknowledged);
    } finally {
      child.destroyForcibly();
    }
  }

  /** The process that is killed: continues from the newest checkpoint, prints each saved step. */
  static final class Writer {
    private Writer() {}

    public static void main(String[] args) {
      Path folder = Path.of(args[0]);
      CheckpointStore store = CheckpointStore.open(folder);
      long step =
          CheckpointStore.newest(folder).map(newest -> newest.checkpoint().step()).orElse(0L);
      while (true) {
        store.save(CheckpointStoreTest.checkpoint(++step, VALUES));
        // One write per line, so that a kill cannot leave half a number.
        byte[] line = (step + "\n").getBytes(StandardCharsets.US_ASCII);
        System.out.write(line, 0, line.length);
        System.out.flush();
      }
    }
  }
}
