// SPDX-License-Identifier: Apache-2.0
package org.randwire.compile;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.randwire.compile.FakeKernels.Fake;
import org.randwire.op.Instruction;
import org.randwire.op.Value;

class MemoryPlanTest {

  /** A block with the lifetime that this test computed itself. */
  private record Alive(String name, long offset, long bytes, int first, int last) {}

  private static long roundUp(long bytes) {
    return (bytes + 63) / 64 * 64;
  }

  private static Schedule randomSchedule(Random random) {
    List<Value> values = new ArrayList<>();
    List<Instruction> instructions = new ArrayList<>();
    int count = 1 + random.nextInt(40);
    for (int i = 0; i < count; i++) {
      Set<Value> inputs = new HashSet<>();
      for (int k = random.nextInt(4); k > 0 && !values.isEmpty(); k--) {
        inputs.add(values.get(random.nextInt(values.size())));
      }
      List<Value> outputs = new ArrayList<>();
      for (int k = 1 + random.nextInt(2); k > 0; k--) {
        outputs.add(FakeKernels.value(values.size(), 1 + random.nextInt(400)));
        values.add(outputs.get(outputs.size() - 1));
      }
      Fake fake =
          Fake.idle(
              1 + random.nextInt(3),
              random.nextBoolean() ? 0 : random.nextInt(3000),
              random.nextInt(500));
      instructions.add(FakeKernels.instruction(fake, List.copyOf(inputs), outputs));
    }
    return Schedule.of(instructions, FakeKernels.CATALOG);
  }

  /**
   * Lifetimes from the schedule alone: from the first write to the last use, or to the very end.
   */
  private static List<Alive> alive(Schedule schedule, MemoryPlan plan, Set<Value> pinned) {
    Map<Value, int[]> spans = new HashMap<>();
    List<Alive> alive = new ArrayList<>();
    for (int i = 0; i < schedule.entries().size(); i++) {
      Schedule.Entry entry = schedule.entries().get(i);
      for (Value output : entry.instruction().outputs()) {
        spans.put(output, new int[] {entry.first(), entry.last()});
      }
      for (Value input : entry.instruction().inputs()) {
        spans.get(input)[1] = Math.max(spans.get(input)[1], entry.last());
      }
      alive.add(
          new Alive(
              "scratch " + i,
              plan.scratch().get(i).offset(),
              entry.kernel().scratchBytes(),
              entry.first(),
              entry.last()));
    }
    spans.forEach(
        (value, span) ->
            alive.add(
                new Alive(
                    value.name(),
                    plan.values().get(value).offset(),
                    value.sizeBytes(),
                    span[0],
                    pinned.contains(value) ? Integer.MAX_VALUE : span[1])));
    return alive;
  }

  @Test
  void blocksAliveTogetherNeverShareBytes() {
    for (long seed = 0; seed < 500; seed++) {
      Random random = new Random(seed);
      Schedule schedule = randomSchedule(random);
      Set<Value> pinned = new HashSet<>();
      schedule.entries().stream()
          .filter(entry -> random.nextInt(5) == 0)
          .forEach(entry -> pinned.add(entry.instruction().output(0)));
      MemoryPlan plan = MemoryPlan.of(schedule, pinned);
      List<Alive> blocks = alive(schedule, plan, pinned);
      for (int i = 0; i < blocks.size(); i++) {
        Alive a = blocks.get(i);
        String message = "seed " + seed + ": " + a;
        assertEquals(0, a.offset() % 64, message);
        assertTrue(a.offset() >= 0 && a.offset() + a.bytes() <= plan.arenaBytes(), message);
        for (Alive b : blocks.subList(0, i)) {
          boolean sameTime = a.first() <= b.last() && b.first() <= a.last();
          boolean sameBytes =
              a.offset() < b.offset() + b.bytes() && b.offset() < a.offset() + a.bytes();
          assertTrue(!(sameTime && sameBytes), message + " and " + b);
        }
      }
    }
  }

  @Test
  void theArenaLiesBetweenThePeakOfLiveBytesAndTheirSum() {
    for (long seed = 0; seed < 500; seed++) {
      Schedule schedule = randomSchedule(new Random(seed));
      MemoryPlan plan = MemoryPlan.of(schedule, Set.of());
      List<Alive> blocks = alive(schedule, plan, Set.of());
      long sum = blocks.stream().mapToLong(b -> roundUp(b.bytes())).sum();
      long peak = 0;
      for (int region = 0; region < schedule.regions(); region++) {
        int now = region;
        long live =
            blocks.stream()
                .filter(b -> b.first() <= now && now <= b.last())
                .mapToLong(Alive::bytes)
                .sum();
        peak = Math.max(peak, live);
      }
      assertTrue(plan.arenaBytes() <= sum, "seed " + seed + ": more than without sharing");
      assertTrue(plan.arenaBytes() >= peak, "seed " + seed + ": less than is alive at once");
    }
  }

  @Test
  void aChainTakesTheRoomOfTwoTensors() {
    List<Instruction> chain = new ArrayList<>();
    Value last = null;
    for (int i = 0; i < 50; i++) {
      Value next = FakeKernels.value(i, 1000);
      chain.add(
          FakeKernels.instruction(
              Fake.idle(1, 0, 0), last == null ? List.of() : List.of(last), List.of(next)));
      last = next;
    }
    Schedule schedule = Schedule.of(chain, FakeKernels.CATALOG);
    assertEquals(2 * roundUp(4000), MemoryPlan.of(schedule, Set.of()).arenaBytes());
  }

  @Test
  void aPinnedValueKeepsItsRoomToTheEnd() {
    List<Instruction> chain = new ArrayList<>();
    List<Value> values = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      values.add(FakeKernels.value(i, 1000));
      chain.add(
          FakeKernels.instruction(
              Fake.idle(1, 0, 0),
              i == 0 ? List.of() : List.of(values.get(i - 1)),
              List.of(values.get(i))));
    }
    Schedule schedule = Schedule.of(chain, FakeKernels.CATALOG);
    MemoryPlan plan = MemoryPlan.of(schedule, Set.of(values.get(0)));
    assertEquals(3 * roundUp(4000), plan.arenaBytes());
    assertEquals(schedule.regions(), plan.values().get(values.get(0)).last());
  }

  @Test
  void workerScratchIsTheLargestAsked() {
    List<Instruction> instructions = new ArrayList<>();
    for (int bytes : new int[] {10, 1000, 200}) {
      instructions.add(
          FakeKernels.instruction(
              Fake.idle(1, 0, bytes), List.of(), List.of(FakeKernels.value(bytes, 1))));
    }
    Schedule schedule = Schedule.of(instructions, FakeKernels.CATALOG);
    assertEquals(1024, MemoryPlan.of(schedule, Set.of()).workerScratchBytes());
  }
}
