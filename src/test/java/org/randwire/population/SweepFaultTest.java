// SPDX-License-Identifier: Apache-2.0
package org.randwire.population;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.randwire.population.FaultyWorker.Kind;

/** Workers that really die, under the real coordinator. */
class SweepFaultTest {

  private static final double LEASE_SECONDS = 4;
  private static final double HANG_SECONDS = 4;

  @TempDir Path path;

  private static final Map<Kind, Cause> CAUSES =
      Map.of(
          Kind.SEGV, Cause.SIGNAL,
          Kind.ABORT, Cause.ABORT,
          Kind.HALT, Cause.EXIT,
          Kind.HEAP, Cause.HEAP,
          Kind.NATIVE, Cause.DEVICE_MEMORY,
          Kind.MEMORY, Cause.MEMORY_KILL,
          Kind.HANG, Cause.HANG,
          Kind.FREEZE, Cause.HANG,
          Kind.KILL, Cause.KILLED,
          Kind.EXCEPTION, Cause.EXCEPTION);

  @Test
  void recordsWhatARunDiesOfEveryTime() throws Exception {
    injectEveryTime(
        1,
        Arrays.stream(Kind.values())
            .filter(kind -> kind != Kind.MEMORY || MemoryGroup.canBeMade())
            .toArray(Kind[]::new));
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  @Tag("slow")
  void recordsTwentyOfEach(Kind kind) throws Exception {
    Assumptions.assumeTrue(
        kind != Kind.MEMORY || MemoryGroup.canBeMade(), "no control group can be made here");
    injectEveryTime(20, kind);
  }

  /** The first members fail three times, the last four never; every one has its record. */
  private void injectEveryTime(int times, Kind... kinds) throws Exception {
    StringBuilder faults = new StringBuilder();
    int faulty = times * kinds.length;
    for (int i = 0; i < faulty; i++) {
      Kind kind = kinds[i / times];
      faults.append("%d %s %d%n".formatted(i, kind, failures(kind)));
    }
    SweepFolder folder = FaultyWorker.folder(path.resolve("s"), faulty + 4, faults.toString());
    assertEquals(LocalRunner.Ending.FINISHED, run(folder, 2, 1));
    MemoryGroup.removeEmpty();
    Map<Integer, StoredRun> runs = new RunStore(folder.store(), 0).runs();
    assertEquals(faulty + 4, runs.size());
    for (int i = 0; i < faulty + 4; i++) {
      StoredRun run = runs.get(i);
      Kind kind = i < faulty ? kinds[i / times] : null;
      if (kind == null || kind == Kind.KILL) {
        // A kill from outside is not the run's fault: it is simply gone on with.
        assertEquals(RunState.DONE, run.state(), run.name() + ": " + run.cause());
        assertNull(run.causeKind());
      } else {
        String what = kind + ": " + run.cause();
        assertEquals(CAUSES.get(kind).state(), run.state(), what);
        assertEquals(CAUSES.get(kind).name(), run.causeKind(), what);
      }
      assertEquals(kind == null ? 0 : failures(kind), run.attempts(), run.name());
    }
  }

  private static int failures(Kind kind) {
    return kind == Kind.KILL ? 2 : 3;
  }

  @ParameterizedTest
  @EnumSource(
      value = Kind.class,
      names = {"SEGV", "HEAP", "NATIVE"})
  void aPackedProcessThatDiesCostsOnlyTheGuilty(Kind kind) throws Exception {
    SweepFolder folder = FaultyWorker.folder(path.resolve("s"), 9, "4 " + kind + " 100\n");
    assertEquals(LocalRunner.Ending.FINISHED, run(folder, 1, 3));
    Map<Integer, StoredRun> runs = new RunStore(folder.store(), 0).runs();
    for (int i = 0; i < 9; i++) {
      RunState expected = i == 4 ? CAUSES.get(kind).state() : RunState.DONE;
      assertEquals(expected, runs.get(i).state(), runs.get(i).name());
    }
    List<Attempt> alone = new ArrayList<>();
    RunStore store = new RunStore(folder.store(), 0);
    store.refresh();
    store.attempts(4).stream().filter(Attempt::alone).forEach(alone::add);
    assertEquals(3, alone.size(), "only deaths that it died alone count");
  }

  @Test
  void faultsThatPassLeaveTheTableAsItWouldBe() throws Exception {
    SweepFolder plain = FaultyWorker.folder(path.resolve("plain"), 12, null);
    run(plain, 2, 1);
    SweepFolder faulty =
        FaultyWorker.folder(
            path.resolve("faulty"),
            12,
            "0 SEGV 1\n2 ABORT 2\n3 HEAP 1\n5 NATIVE 2\n6 HALT 1\n8 KILL 3\n11 EXCEPTION 1\n");
    run(faulty, 2, 2);
    SweepTable.write(plain);
    SweepTable.write(faulty);
    assertEquals(Files.readString(plain.table()), Files.readString(faulty.table()));
    assertTrue(empty(faulty.claims()), "leases are left");
    assertTrue(empty(faulty.runs()), "run folders are left");
  }

  @Test
  void aFullDiskPausesTheSweepAndLosesNothing() throws Exception {
    Path disk = Files.createDirectories(path.resolve("disk"));
    List<String> mount = List.of("mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", disk.toString());
    boolean mounted =
        Files.isExecutable(Path.of("/bin/mount"))
            && new ProcessBuilder(mount).start().waitFor() == 0;
    Assumptions.assumeTrue(mounted, "a small file system can be mounted by root only");
    try {
      SweepFolder folder = FaultyWorker.folder(disk.resolve("s"), 60, null);
      List<String> notes = Collections.synchronizedList(new ArrayList<>());
      LocalRunner.View view =
          new LocalRunner.View() {
            private boolean filled;

            @Override
            public void show(SweepStatus status) {
              if (status.finished() > 5 && !filled) {
                filled = true;
                fill(disk.resolve("filler"));
                new Thread(() -> emptyOncePaused(disk.resolve("filler"), notes)).start();
              }
            }

            @Override
            public void note(String line) {
              notes.add(line);
            }
          };
      try (LocalRunner runner = runner(folder, 2, 1, view)) {
        assertEquals(LocalRunner.Ending.FINISHED, runner.run());
      }
      assertTrue(notes.stream().anyMatch(line -> line.contains("paused: no space")), "" + notes);
      assertTrue(notes.stream().anyMatch(line -> line.contains("going on")), "" + notes);
      assertTrue(notes.size() < 20, "a line per pause, not per try: " + notes);
      Map<Integer, StoredRun> runs = new RunStore(folder.store(), 0).runs();
      assertEquals(60, runs.size());
      runs.values().forEach(run -> assertEquals(0, run.attempts(), run.name()));
      SweepFolder plain = FaultyWorker.folder(path.resolve("plain"), 60, null);
      run(plain, 2, 1);
      SweepTable.write(plain);
      SweepTable.write(folder);
      assertEquals(Files.readString(plain.table()), Files.readString(folder.table()));
    } finally {
      new ProcessBuilder("umount", "-l", disk.toString()).start().waitFor();
    }
  }

  private static void fill(Path filler) {
    try (var out = Files.newOutputStream(filler)) {
      byte[] block = new byte[4096];
      while (true) {
        out.write(block);
      }
    } catch (IOException e) {
      // full
    }
  }

  private static void emptyOncePaused(Path filler, List<String> notes) {
    try {
      for (int i = 0; i < 200 && notes.stream().noneMatch(n -> n.contains("paused")); i++) {
        Thread.sleep(100);
      }
      Thread.sleep(1500);
      Files.delete(filler);
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void aSecondCoordinatorIsRefused() throws Exception {
    SweepFolder folder = FaultyWorker.folder(path.resolve("s"), 2, null);
    try (LocalRunner first = runner(folder, 1, 1)) {
      assertTrue(
          LocalRunner.open(
                  folder, folder.members(), settings(1), 1, (n, report) -> List.of(), view())
              .isEmpty());
    }
    try (LocalRunner next = runner(folder, 1, 1)) {
      assertEquals(LocalRunner.Ending.FINISHED, next.run());
    }
  }

  @Test
  void workersThatCannotStartEndTheSweepWithTheirLastLine() throws Exception {
    SweepFolder folder = FaultyWorker.folder(path.resolve("s"), 2, null);
    LocalRunner.Launch broken =
        (n, report) -> List.of("sh", "-c", "echo 'data/x.bin: no such file' >&2; exit 3");
    try (LocalRunner runner =
        LocalRunner.open(folder, folder.members(), settings(1), 1, broken, view()).orElseThrow()) {
      LocalRunner.WorkerException refused =
          org.junit.jupiter.api.Assertions.assertThrows(
              LocalRunner.WorkerException.class, runner::run);
      assertEquals("data/x.bin: no such file", refused.getMessage());
      assertEquals(3, refused.status());
    }
  }

  private static boolean empty(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return true;
    }
    try (var files = Files.list(folder)) {
      return files.findAny().isEmpty();
    }
  }

  private static SweepSettings settings(int pack) {
    return FaultyWorker.settings(pack, LEASE_SECONDS, HANG_SECONDS);
  }

  private static LocalRunner.View view() {
    return new LocalRunner.View() {
      @Override
      public void show(SweepStatus status) {}

      @Override
      public void note(String line) {}
    };
  }

  private static LocalRunner runner(SweepFolder folder, int workers, int pack) throws IOException {
    return runner(folder, workers, pack, view());
  }

  private static LocalRunner runner(
      SweepFolder folder, int workers, int pack, LocalRunner.View view) throws IOException {
    return LocalRunner.open(
            folder,
            folder.members(),
            settings(pack),
            workers,
            (n, report) ->
                FaultyWorker.command(folder, pack, 20, LEASE_SECONDS, HANG_SECONDS, report),
            view)
        .orElseThrow();
  }

  private static LocalRunner.Ending run(SweepFolder folder, int workers, int pack)
      throws Exception {
    try (LocalRunner runner = runner(folder, workers, pack)) {
      return runner.run();
    }
  }
}
