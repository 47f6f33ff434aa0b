// SPDX-License-Identifier: Apache-2.0
package org.randwire.compile;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.randwire.backend.Call;
import org.randwire.backend.Slice;
import org.randwire.compile.FakeKernels.Fake;
import org.randwire.compile.FakeKernels.FakeBackend;
import org.randwire.op.Instruction;
import org.randwire.op.Value;

@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ExecutorTest {

  /** Memory nobody touches. */
  private static final ExecutionPlan.Memory NO_MEMORY =
      new ExecutionPlan.Memory() {
        @Override
        public Slice slice(Value value) {
          throw new AssertionError("fake kernels have no memory");
        }

        @Override
        @SuppressWarnings("NullAway")
        public Slice scratch(MemoryPlan.Block block) {
          return null;
        }

        @Override
        public Slice workerScratch(int worker) {
          throw new AssertionError("fake kernels have no memory");
        }
      };

  /** A plan with the calls of each region side by side. */
  private static ExecutionPlan plan(List<List<Call>> regions, int workers) {
    List<Instruction> instructions = new ArrayList<>();
    List<Value> before = List.of();
    int id = 0;
    for (List<Call> region : regions) {
      List<Value> written = new ArrayList<>();
      for (Call call : region) {
        Value output = FakeKernels.value(id++, 1);
        written.add(output);
        instructions.add(
            FakeKernels.instruction(new Fake(1, 0, 0, number -> call), before, List.of(output)));
      }
      before = written;
    }
    Schedule schedule = Schedule.of(instructions, FakeKernels.CATALOG);
    assertEquals(regions.size(), schedule.regions());
    return ExecutionPlan.bind(schedule, MemoryPlan.of(schedule, Set.of()), NO_MEMORY, workers);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8})
  void runsEveryTaskOnceAndRegionsInOrder(int workers) {
    Random random = new Random(workers);
    List<List<Call>> regions = new ArrayList<>();
    List<AtomicIntegerArray> counts = new ArrayList<>();
    AtomicIntegerArray left = new AtomicIntegerArray(40);
    AtomicReference<String> wrong = new AtomicReference<>("");
    int[] totals = new int[40];
    for (int r = 0; r < 40; r++) {
      List<Call> region = new ArrayList<>();
      for (int c = random.nextInt(3); c >= 0; c--) {
        int tasks = 1 + random.nextInt(20);
        AtomicIntegerArray count = new AtomicIntegerArray(tasks);
        counts.add(count);
        totals[r] += tasks;
        int number = r;
        region.add(
            FakeKernels.call(
                tasks,
                task -> {
                  if (number > 0 && left.get(number - 1) != 0) {
                    wrong.set("region " + number + " began before its forerunner ended");
                  }
                  count.incrementAndGet(task);
                  left.decrementAndGet(number);
                }));
      }
      regions.add(region);
    }
    try (ExecutionPlan plan = plan(regions, workers);
        Executor executor = new Executor(new FakeBackend(workers))) {
      for (int run = 1; run <= 50; run++) {
        for (int r = 0; r < totals.length; r++) {
          left.set(r, totals[r]);
        }
        executor.run(plan, null);
        assertEquals("", wrong.get(), "run " + run);
        for (AtomicIntegerArray count : counts) {
          for (int task = 0; task < count.length(); task++) {
            assertEquals(run, count.get(task), "runs of task " + task);
          }
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 4, 8})
  void throwsWhatATaskThrowsAndWorksAgain(int workers) {
    AtomicBoolean fails = new AtomicBoolean(true);
    AtomicInteger after = new AtomicInteger();
    IllegalArgumentException cause = new IllegalArgumentException("the seventh task");
    Call failing =
        FakeKernels.call(
            16,
            task -> {
              if (task == 7 && fails.get()) {
                throw cause;
              }
            });
    Call next = FakeKernels.call(5, task -> after.incrementAndGet());
    try (ExecutionPlan plan = plan(List.of(List.of(failing), List.of(next)), workers);
        Executor executor = new Executor(new FakeBackend(workers))) {
      for (int i = 0; i < 20; i++) {
        fails.set(true);
        var thrown = assertThrows(IllegalStateException.class, () -> executor.run(plan, null));
        assertSame(cause, thrown.getCause());
        assertTrue(thrown.getMessage().contains("the seventh task"), thrown.getMessage());
        fails.set(false);
        after.set(0);
        executor.run(plan, null);
        assertEquals(5, after.get());
      }
    }
  }

  @Test
  void anErrorOfATaskIsThrownToo() {
    Call failing =
        FakeKernels.call(
            3,
            task -> {
              throw new StackOverflowError("of task " + task);
            });
    try (ExecutionPlan plan = plan(List.of(List.of(failing)), 2);
        Executor executor = new Executor(new FakeBackend(2))) {
      var thrown = assertThrows(IllegalStateException.class, () -> executor.run(plan, null));
      assertTrue(thrown.getCause() instanceof StackOverflowError, String.valueOf(thrown));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3, 8})
  void manyTinyRunsNeverHang(int workers) throws InterruptedException {
    AtomicInteger count = new AtomicInteger();
    Call one = FakeKernels.call(1, task -> count.incrementAndGet());
    Call two = FakeKernels.call(2, task -> count.incrementAndGet());
    try (ExecutionPlan plan = plan(List.of(List.of(one), List.of(two)), workers);
        Executor executor = new Executor(new FakeBackend(workers))) {
      for (int run = 0; run < 5000; run++) {
        executor.run(plan, null);
        if (run % 500 == 0) {
          TimeUnit.MILLISECONDS.sleep(3); // long enough for the workers to go to sleep
        }
      }
    }
    assertEquals(15_000, count.get());
  }

  @Test
  void profilesEveryTask() {
    Call call = FakeKernels.call(4, task -> {});
    try (ExecutionPlan plan = plan(List.of(List.of(call, call), List.of(call)), 2);
        Executor executor = new Executor(new FakeBackend(2))) {
      Profile profile = new Profile(plan);
      executor.run(plan, profile);
      assertEquals(12, profile.events().size());
      for (Profile.Event event : profile.events()) {
        assertTrue(event.endNanos() >= event.startNanos() && event.startNanos() >= 0, "" + event);
        assertEquals("fake", event.kernel());
        assertEquals("n fake", event.instruction());
      }
    }
  }

  @Test
  void closingEndsTheThreads() {
    Set<Thread> before = Thread.getAllStackTraces().keySet();
    Executor executor = new Executor(new FakeBackend(5));
    List<Thread> own =
        Thread.getAllStackTraces().keySet().stream()
            .filter(t -> !before.contains(t) && t.getName().startsWith("randwire-worker"))
            .toList();
    assertEquals(4, own.size());
    executor.close();
    own.forEach(thread -> assertFalse(thread.isAlive(), thread.getName()));
    executor.close();
    try (ExecutionPlan plan = plan(List.of(List.of(FakeKernels.call(1, task -> {}))), 5)) {
      assertThrows(IllegalStateException.class, () -> executor.run(plan, null));
    }
  }
}
