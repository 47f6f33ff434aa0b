// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.randwire.population.SweepFolder;

/** The tasks of a batch system's array, started by its script; one is killed. */
class SweepArrayTest {

  private static final String SWEEP =
      """
      name: array
      seed: 9
      spaces:
        - {space: resnet, count: 9, depth: [1], width: [4, 8]}
      recipe:
        data: {name: synthetic, batch: 16, evaluationBatch: 16, size: 8, classes: 4, examples: 256}
        precision: fp32
        training: {epochs: 4, schedule: {name: cosine, base: 0.1}, statistics: running, checkpointEverySteps: 8}
      workers: {processes: 2, checkpointSeconds: 0}
      """;

  private static final int TASKS = 3;
  private static final int LONGEST_SECONDS = 120;

  @TempDir Path folder;

  @Test
  void tasksOfAnArrayGiveTheSameTableThoughOneIsKilled() throws Exception {
    Path file = Files.writeString(folder.resolve("sweep.yaml"), SWEEP);
    SweepFolder here = new SweepFolder(folder.resolve("here"));
    SweepFolder shared = new SweepFolder(folder.resolve("shared"));
    randwire("sweep", "run", file.toString(), "--output", here.path().toString());
    randwire("sweep", "run", file.toString(), "--draw", "--output", shared.path().toString());

    Path launcher = launcher();
    List<Process> tasks = new ArrayList<>();
    try {
      for (int task = 0; task < TASKS; task++) {
        tasks.add(task(task, launcher, shared));
      }
      while (tasks.get(0).isAlive() && !Files.isDirectory(shared.store())) {
        TimeUnit.MILLISECONDS.sleep(20);
      }
      tasks.get(0).destroyForcibly();
      for (Process task : tasks) {
        assertTrue(task.waitFor(LONGEST_SECONDS, TimeUnit.SECONDS), "a task hangs");
      }
      assertEquals(137, tasks.get(0).exitValue());
      for (Process task : tasks.subList(1, TASKS)) {
        assertEquals(0, task.exitValue());
      }
    } finally {
      tasks.forEach(Process::destroyForcibly);
    }
    randwire("sweep", "resume", shared.path().toString());
    assertEquals(Files.readString(here.table()), Files.readString(shared.table()));
  }

  private void randwire(String... arguments) throws IOException, InterruptedException {
    Launcher.Ended ended = Launcher.start(folder, List.of(arguments)).await();
    assertEquals(0, ended.status(), ended.err());
  }

  /** A program of the test's class path in place of the launcher, which wants a built jar. */
  private Path launcher() throws IOException {
    String script =
        "#!/usr/bin/env bash\nexec '%s' -XX:TieredStopAtLevel=1 -Xmx512m -cp '%s' %s \"$@\"\n"
            .formatted(
                Path.of(System.getProperty("java.home"), "bin", "java"),
                System.getProperty("java.class.path"),
                Main.class.getName());
    Path file = Files.writeString(folder.resolve("randwire"), script);
    return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  private Process task(int task, Path launcher, SweepFolder sweep) throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder("bash", "examples/sweep-slurm.sbatch", sweep.path().toString())
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("task-" + task + ".log").toFile());
    builder.environment().put("RANDWIRE", launcher.toString());
    builder.environment().put("SLURM_ARRAY_TASK_ID", Integer.toString(task));
    return builder.start();
  }
}
