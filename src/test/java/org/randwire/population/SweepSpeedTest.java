// SPDX-License-Identifier: Apache-2.0
package org.randwire.population;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a run costs besides its training; the figures are printed, only their form is tested. */
@Tag("slow")
class SweepSpeedTest {

  private static final int RUNS = 10_000;
  private static final int ROWS = 100_000;

  @TempDir Path path;

  @Test
  void recordsTenThousandRunsOfNoWork() throws Exception {
    SweepFolder folder = FaultyWorker.folder(path.resolve("s"), RUNS, null);
    List<Long> heap = new ArrayList<>();
    LocalRunner.View view =
        new LocalRunner.View() {
          @Override
          public void show(SweepStatus status) {
            System.gc();
            Runtime runtime = Runtime.getRuntime();
            heap.add(runtime.totalMemory() - runtime.freeMemory());
          }

          @Override
          public void note(String line) {
            System.out.println(line);
          }
        };
    long started = System.nanoTime();
    try (LocalRunner runner =
        LocalRunner.open(
                folder,
                folder.members(),
                FaultyWorker.settings(1, 60, 60),
                2,
                (n, report) -> FaultyWorker.command(folder, 1, 0, 60, 60, report),
                view)
            .orElseThrow()) {
      assertEquals(LocalRunner.Ending.FINISHED, runner.run());
    }
    double seconds = (System.nanoTime() - started) / 1e9;
    assertEquals(RUNS, new RunStore(folder.store(), 0).runs().size());
    System.out.println(heap.stream().map(bytes -> bytes >> 10).toList());
    long least = heap.stream().skip(1).mapToLong(Long::longValue).min().orElse(0);
    long most = heap.stream().skip(1).mapToLong(Long::longValue).max().orElse(0);
    System.out.printf(
        Locale.ROOT,
        "%d runs of no work by 2 workers: %.0f runs/s, heap of the coordinator %.1f to %.1f MiB%n",
        RUNS,
        RUNS / seconds,
        least / 1048576.0,
        most / 1048576.0);
    assertTrue(most - least < 16 << 20, "the coordinator's heap grows");
  }

  @Test
  void statusOfAHundredThousandRows() throws Exception {
    SweepFolder folder = FaultyWorker.folder(path.resolve("s"), ROWS, null);
    List<SweepMember> members = folder.members();
    Files.createDirectories(folder.store());
    try (var out = Files.newOutputStream(folder.store().resolve("many.jsonl"))) {
      for (SweepMember member : members) {
        List<EpochRecord> epochs = new ArrayList<>();
        for (int epoch = 1; epoch <= 20; epoch++) {
          epochs.add(new EpochRecord(epoch, 1.0 / epoch, 0.5, 0.75, 0.25 + 1.0 / epoch));
        }
        MemberTraining.Result result =
            new MemberTraining.Result(
                RunState.DONE,
                null,
                null,
                epochs,
                20,
                0.3,
                0.3,
                "h",
                60,
                null,
                List.of(),
                Map.of());
        out.write(
            JournalLine.encode(
                StoredRun.KIND, StoredRun.of(member, result, 0, List.of()).toJson()));
      }
    }
    double without = status(folder);
    try (StoreIndex index = StoreIndex.open(folder, members)) {
      index.update(new RunStore(folder.store(), 0));
    }
    double with = status(folder);
    System.out.printf(
        Locale.ROOT,
        "status of %d rows, whole process: %.2f s with the index, %.2f s from the journals (%d MiB)%n",
        ROWS,
        with,
        without,
        Files.size(folder.store().resolve("many.jsonl")) >> 20);
  }

  /** Of the command as a user starts it. */
  private static double status(SweepFolder folder) throws Exception {
    long started = System.nanoTime();
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                "org.randwire.cli.Main",
                "sweep",
                "status",
                folder.path().toString())
            .redirectErrorStream(true)
            .start();
    String out;
    try (Stream<String> lines = process.inputReader().lines()) {
      out = String.join("\n", lines.toList());
    }
    assertEquals(0, process.waitFor(), out);
    assertTrue(out.contains(ROWS + "/" + ROWS + " done"), out);
    return (System.nanoTime() - started) / 1e9;
  }
}
