// SPDX-License-Identifier: Apache-2.0
package org.randwire.population.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.randwire.population.SweepFolder;

/**
 * A sweep by Spark's own local cluster, whose executors are processes; one of them is killed on the
 * way.
 */
class SparkSweepTest {

  private static final String SWEEP =
      """
      name: cluster
      seed: 7
      spaces:
        - {space: randwire, label: ws, count: 8, generator: ["ws(2, 0.75)"], nodes: [4], channels: [4]}
        - {space: resnet, count: 8, depth: [1], width: [4, 8]}
      recipe:
        data: {name: synthetic, batch: 16, evaluationBatch: 16, size: 8, classes: 4, examples: 256}
        precision: fp32
        training: {epochs: 6, schedule: {name: cosine, base: 0.1}, statistics: running, checkpointEverySteps: 8}
      workers: {processes: 2, checkpointSeconds: 0}
      """;

  private static final int RUNS = 16;
  private static final int LONGEST_SECONDS = 240;

  @TempDir Path folder;

  @Test
  void aClusterThatLosesAnExecutorGivesTheSameTable() throws Exception {
    Path file = Files.writeString(folder.resolve("sweep.yaml"), SWEEP);
    SweepFolder here = new SweepFolder(folder.resolve("here"));
    SweepFolder there = new SweepFolder(folder.resolve("there"));
    randwire("sweep", "run", file.toString(), "--output", here.path().toString());
    randwire("sweep", "run", file.toString(), "--draw", "--output", there.path().toString());

    Path log = folder.resolve("driver.log");
    Process driver = driver(there.path(), log);
    try {
      while (driver.isAlive() && (records(there) < 3 || executors(driver).size() < 2)) {
        TimeUnit.MILLISECONDS.sleep(50);
      }
      List<ProcessHandle> executors = executors(driver);
      assertEquals(2, executors.size(), () -> text(log));
      executors.get(0).destroyForcibly();
      int recorded = records(there);
      assertTrue(recorded < RUNS, "all " + recorded + " were done before the kill");
      assertTrue(driver.waitFor(LONGEST_SECONDS, TimeUnit.SECONDS), () -> text(log));
      assertEquals(0, driver.exitValue(), () -> text(log));
    } finally {
      driver.descendants().forEach(ProcessHandle::destroyForcibly);
      driver.destroyForcibly();
    }
    assertTrue(text(log).contains("Lost executor"), () -> text(log));
    assertEquals(Files.readString(here.table()), Files.readString(there.table()));
    assertEquals(RUNS, records(there));
  }

  private void randwire(String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(java("org.randwire.cli.Main", classPath()));
    command.addAll(List.of(arguments));
    Path log = folder.resolve("randwire.log");
    Process process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
    assertEquals(0, process.waitFor(), () -> text(log));
  }

  private Process driver(Path sweep, Path log) throws IOException {
    Path jars = Files.createDirectories(folder.resolve("spark").resolve("jars"));
    for (String entry : classPath().split(File.pathSeparator)) {
      Path jar = Path.of(entry);
      if (Files.isRegularFile(jar) && !Files.exists(jars.resolve(jar.getFileName()))) {
        Files.createSymbolicLink(jars.resolve(jar.getFileName()), jar);
      }
    }
    List<String> command =
        new ArrayList<>(java("org.randwire.population.spark.SparkSweep", classPath()));
    command.addAll(
        1,
        List.of(
            "-Dspark.master=local-cluster[2,1,1024]",
            "-Dspark.ui.enabled=false",
            "-Dspark.executor.extraClassPath=" + classPath(),
            "-D" + SparkSweep.CLASS_PATH + "=" + classPath()));
    command.add(sweep.toString());
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
    builder.environment().put("SPARK_HOME", folder.resolve("spark").toString());
    builder.environment().put("SPARK_SCALA_VERSION", "2.13");
    builder.environment().put("SPARK_LOCAL_IP", "127.0.0.1");
    return builder.directory(folder.toFile()).start();
  }

  private static List<String> java(String main, String classPath) {
    return List.of(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "-Xmx512m",
        "-cp",
        classPath,
        main);
  }

  /** With absolute entries: the processes start elsewhere. */
  private static String classPath() {
    return Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
        .map(entry -> Path.of(entry).toAbsolutePath().toString())
        .collect(Collectors.joining(File.pathSeparator));
  }

  private static List<ProcessHandle> executors(Process driver) {
    return driver
        .children()
        .filter(
            child ->
                text(Path.of("/proc", Long.toString(child.pid()), "cmdline"))
                    .contains("CoarseGrainedExecutorBackend"))
        .toList();
  }

  /** Members that have their record. */
  private static int records(SweepFolder sweep) throws IOException {
    if (!Files.isDirectory(sweep.store())) {
      return 0;
    }
    try (Stream<Path> journals = Files.list(sweep.store())) {
      return journals
          .mapToInt(journal -> (int) text(journal).lines().filter(SparkSweepTest::isRun).count())
          .sum();
    }
  }

  private static boolean isRun(String line) {
    return line.contains("\"kind\":\"run\"");
  }

  private static String text(Path file) {
    try {
      return Files.readString(file, StandardCharsets.UTF_8);
    } catch (IOException e) {
      return "";
    }
  }
}
