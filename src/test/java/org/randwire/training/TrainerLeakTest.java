// SPDX-License-Identifier: Apache-2.0
package org.randwire.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
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
import org.randwire.data.augment.Augmentation;

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

  @Test
  @Tag("slow")
  @EnabledOnOs(OS.LINUX)
  void theProcessDoesNotGrowInAThousandCycles() throws IOException {
    for (int i = 0; i < 100; i++) {
      cycle();
    }
    long before = residentKilobytes();
    for (int i = 0; i < 900; i++) {
      cycle();
    }
    long after = residentKilobytes();
    assertTrue(after < 1.01 * before, before + " KB after 100 cycles, " + after + " after 1000");
  }

  private static long residentKilobytes() throws IOException {
    System.gc();
    return Files.readAllLines(Path.of("/proc/self/status")).stream()
        .filter(line -> line.startsWith("VmRSS:"))
        .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
        .findFirst()
        .orElseThrow();
  }
}
