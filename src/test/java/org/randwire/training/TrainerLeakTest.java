// SPDX-License-Identifier: Apache-2.0
package org.randwire.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.randwire.backend.Backend;
import org.randwire.backend.cpu.NativeBuffer;
import org.randwire.compile.Backends;
import org.randwire.data.DataSplit;
import org.randwire.data.Dataset;
import org.randwire.data.Synthetic;
import org.randwire.data.augment.Augmentation;
import org.randwire.graph.Dag;
import org.randwire.graph.WattsStrogatz;
import org.randwire.network.randwire.NodeOp;
import org.randwire.network.randwire.RandWireSpec;
import org.randwire.network.randwire.Regime;
import org.randwire.network.randwire.StageGraphs;
import org.randwire.op.OpGraph;
import org.randwire.random.RandomStreams;

/** Opens, trains and closes again and again in one process. */
class TrainerLeakTest {

  private static void cycle() {
    SmallRuns run = SmallRuns.withEverything();
    run.maxSteps = 2;
    try (Backend backend = Backends.cpu(2).open().get();
        Trainer trainer = run.open(backend)) {
      trainer.train(new TrainingListener() {});
    }
  }

  private static Set<String> ownThreads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith("randwire"))
        .map(thread -> thread.getName() + "@" + thread.getId())
        .collect(Collectors.toCollection(TreeSet::new));
  }

  @Test
  void sixtyCyclesLeaveNeitherMemoryNorThreads() {
    Set<String> threads = ownThreads();
    long bytes = NativeBuffer.allocatedBytes();
    for (int i = 0; i < 60; i++) {
      cycle();
      assertEquals(bytes, NativeBuffer.allocatedBytes(), "after cycle " + i);
    }
    assertEquals(threads, ownThreads());
  }

  @Test
  void aTrainerThatCannotBeOpenedLeavesNeitherMemoryNorThreads() {
    Set<String> threads = ownThreads();
    long bytes = NativeBuffer.allocatedBytes();
    SmallRuns run = new SmallRuns();
    DataSplit good = SmallRuns.data();
    // Refused only after the loader of the training data has its threads.
    Dataset empty =
        (Dataset)
            Proxy.newProxyInstance(
                Dataset.class.getClassLoader(),
                new Class<?>[] {Dataset.class},
                (proxy, method, arguments) ->
                    method.getName().equals("size") ? 0 : method.invoke(good.test(), arguments));
    DataSplit split = new DataSplit(good.train(), empty, Augmentation.NONE);
    try (Backend backend = Backends.cpu(2).open().get()) {
      for (int i = 0; i < 5; i++) {
        assertThrows(
            IllegalArgumentException.class,
            () ->
                new Trainer(
                    "small", run.network(), backend, split, run.augmentation, run.settings(), 1));
      }
    }
    assertEquals(bytes, NativeBuffer.allocatedBytes());
    assertEquals(threads, ownThreads());
  }

  /**
   * A thousand networks of the launcher's default size in one process whose Java heap is of fixed
   * size, so that the resident memory is what the native side and the JVM's own tables take.
   */
  @Test
  @Tag("slow")
  @EnabledOnOs(OS.LINUX)
  void theProcessDoesNotGrowInAThousandCycles() throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    if (Runtime.version().feature() >= 24) {
      command.add("--enable-native-access=ALL-UNNAMED");
    }
    command.addAll(
        List.of(
            "-Xms512m",
            "-Xmx512m",
            "-XX:+AlwaysPreTouch",
            "-XX:+UseSerialGC",
            "-Dorg.bytedeco.javacpp.maxBytes=0",
            "-Dorg.bytedeco.javacpp.maxPhysicalBytes=0",
            "-cp",
            System.getProperty("java.class.path"),
            Cycles.class.getName()));
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
    // As the launcher does: glibc's heaps per thread fluctuate by more than what is looked for.
    builder.environment().put("MALLOC_ARENA_MAX", "1");
    Process process = builder.start();
    List<Long> resident = process.inputReader().lines().map(Long::valueOf).toList();
    assertEquals(0, process.waitFor());
    assertEquals(10, resident.size(), "a line per 100 cycles");
    long before = resident.get(0);
    long after = resident.get(9);
    assertTrue(after < 1.01 * before, "kB after each 100 cycles: " + resident);
  }

  /** The process of the test above: prints its resident kilobytes after every 100 cycles. */
  static final class Cycles {

    public static void main(String[] arguments) throws Exception {
      DataSplit data = new Synthetic(new RandomStreams(5), 1, 28, 28, 10).split(128, 64);
      for (int i = 1; i <= 1000; i++) {
        cycle(data, i % 7);
        if (NativeBuffer.allocatedBytes() != 0) {
          throw new IllegalStateException(
              NativeBuffer.allocatedBytes() + " native bytes are left after cycle " + i);
        }
        if (i % 100 == 0) {
          System.out.println(residentKilobytes());
        }
      }
    }

    private static void cycle(DataSplit data, long graphSeed) {
      List<Dag> graphs =
          StageGraphs.draw(Regime.MNIST, 8, nodes -> new WattsStrogatz(nodes, 4, 0.75), graphSeed);
      OpGraph graph =
          new RandWireSpec(
                  "leak",
                  Regime.MNIST,
                  Regime.MNIST.defaultInput(),
                  10,
                  16,
                  graphs,
                  NodeOp.SEPARABLE,
                  0,
                  0.2)
              .build();
      SmallRuns run = SmallRuns.withEverything();
      // A batch that takes some time, so that the JVM has compiled what it will by cycle 100.
      TrainingSettings settings =
          new TrainingSettings(
              64,
              64,
              1,
              2,
              run.learningRate,
              run.momentum,
              false,
              run.weightDecay,
              true,
              0.1,
              1,
              0.9,
              run.edgeDrop,
              false,
              1,
              0,
              0,
              1,
              true,
              1,
              false);
      try (Backend backend = Backends.cpu(2).open().get();
          Trainer trainer =
              new Trainer("leak", graph, backend, data, run.augmentation, settings, graphSeed)) {
        trainer.train(new TrainingListener() {});
      }
    }

    private static long residentKilobytes() throws Exception {
      // Twice, with time in between for what the first one hands to reference queues.
      System.gc();
      Thread.sleep(100);
      System.gc();
      return Files.readAllLines(Path.of("/proc/self/status")).stream()
          .filter(line -> line.startsWith("VmRSS:"))
          .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
          .findFirst()
          .orElseThrow();
    }
  }
}
