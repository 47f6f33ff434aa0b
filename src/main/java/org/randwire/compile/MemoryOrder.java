// SPDX-License-Identifier: Apache-2.0
package org.randwire.compile;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.randwire.backend.Kernel;
import org.randwire.backend.KernelCatalog;
import org.randwire.op.Instruction;
import org.randwire.op.Section;
import org.randwire.op.Value;

/**
 * An optional pass in front of the schedule for programs without gradients: instructions one after
 * the other, in an order that keeps few bytes alive, instead of all that can run side by side. In a
 * random graph the order decides how many nodes wait for a reader.
 *
 * <p>The order is found by dynamic programming over the sets of instructions that are done (Ahn et
 * al. 2020, "Ordering Chaos"): of all ways to a set the one with the lowest peak is kept, and of
 * all sets of one size the best {@value #BREADTH}, so it is the best order of graphs with fewer.
 */
final class MemoryOrder {

  private static final int BREADTH = 100;

  private final int[][] needs;
  private final int[][] enables;

  /**
   * What an instruction takes while it runs, besides its inputs: outputs, scratch, packed filters.
   */
  private final long[] during;

  /** The outputs of an instruction that somebody reads later. */
  private final long[] kept;

  /**
   * A value that dies with its last reader.
   *
   * @param readers the instructions that read it
   */
  private record Passing(long bytes, int[] readers) {}

  /** Those that an instruction reads. */
  private final Passing[][] inputs;

  private MemoryOrder(
      List<Instruction> ordered,
      Map<Value, Long> packed,
      KernelCatalog catalog,
      Set<Value> pinned) {
    int count = ordered.size();
    Map<Value, Integer> producers = new HashMap<>();
    needs = new int[count][];
    enables = new int[count][];
    during = new long[count];
    kept = new long[count];
    inputs = new Passing[count][];
    Map<Value, List<Integer>> reading = new HashMap<>();
    List<List<Integer>> enabled = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      Instruction instruction = ordered.get(i);
      int at = i;
      enabled.add(new ArrayList<>());
      Kernel kernel = Schedule.kernel(instruction, catalog);
      during[i] = MemoryPlan.roundUp(kernel.scratchBytes());
      for (Value input : Set.copyOf(instruction.inputs())) {
        during[i] += packed.getOrDefault(input, 0L);
        reading.computeIfAbsent(input, v -> new ArrayList<>()).add(i);
      }
      needs[i] =
          instruction.inputs().stream()
              .filter(producers::containsKey)
              .mapToInt(producers::get)
              .distinct()
              .toArray();
      Arrays.stream(needs[i]).forEach(before -> enabled.get(before).add(at));
      instruction.outputs().forEach(output -> producers.put(output, at));
    }
    Arrays.setAll(enables, i -> ints(enabled.get(i)));
    Map<Value, Passing> dying = new HashMap<>();
    for (Value value : producers.keySet()) {
      if (value.section() == Section.ARENA) {
        long bytes = MemoryPlan.roundUp(value.sizeBytes());
        List<Integer> by = reading.getOrDefault(value, List.of());
        during[producers.get(value)] += bytes;
        kept[producers.get(value)] += by.isEmpty() && !pinned.contains(value) ? 0 : bytes;
        if (!pinned.contains(value)) {
          dying.put(value, new Passing(bytes, ints(by)));
        }
      }
    }
    Arrays.setAll(
        inputs,
        i ->
            Set.copyOf(ordered.get(i).inputs()).stream()
                .filter(dying::containsKey)
                .map(dying::get)
                .toArray(Passing[]::new));
  }

  private static int[] ints(Collection<Integer> values) {
    return values.stream().mapToInt(Integer::intValue).toArray();
  }

  /** The program in that order, what it packs of parameters just before it is read. */
  static Program apply(Program program, KernelCatalog catalog, Set<Value> pinned) {
    Map<Value, Set<Value>> late = new HashMap<>(Recomputation.packings(program));
    List<Instruction> result = new ArrayList<>();
    List<Instruction> others = new ArrayList<>();
    Map<Value, Long> packed = new HashMap<>();
    for (Instruction instruction : program.instructions()) {
      if (late.containsKey(instruction.output(0))) {
        result.add(instruction);
        instruction.outputs().forEach(v -> packed.put(v, MemoryPlan.roundUp(v.sizeBytes())));
      } else {
        others.add(instruction);
      }
    }
    Value before = null;
    for (Instruction instruction : order(others, packed, catalog, pinned)) {
      late.put(instruction.output(0), before == null ? Set.of() : Set.of(before));
      result.add(instruction);
      before = instruction.output(0);
    }
    return program.withInstructions(result).withLate(late);
  }

  static List<Instruction> order(
      List<Instruction> instructions, KernelCatalog catalog, Set<Value> pinned) {
    return order(instructions, Map.of(), catalog, pinned);
  }

  private static List<Instruction> order(
      List<Instruction> instructions,
      Map<Value, Long> packed,
      KernelCatalog catalog,
      Set<Value> pinned) {
    int[] order = new MemoryOrder(instructions, packed, catalog, pinned).search();
    return Arrays.stream(order).mapToObj(instructions::get).toList();
  }

  /** A set of done instructions, the way there, and what could be done next. */
  private record State(
      long[] done, int[] ready, long alive, long peak, int last, @Nullable State before) {

    boolean has(int instruction) {
      return (done[instruction >> 6] >> (instruction & 63) & 1) != 0;
    }
  }

  private record Done(long[] bits) {
    @Override
    public boolean equals(Object other) {
      return other instanceof Done done && Arrays.equals(bits, done.bits);
    }

    @Override
    public int hashCode() {
      return Arrays.hashCode(bits);
    }
  }

  private static final Comparator<State> BEST =
      Comparator.comparingLong(State::peak).thenComparingLong(State::alive);

  private int[] search() {
    int count = needs.length;
    int[] first = IntStream.range(0, count).filter(i -> needs[i].length == 0).toArray();
    List<State> states = List.of(new State(new long[(count + 63) / 64], first, 0, 0, -1, null));
    for (int size = 0; size < count; size++) {
      Map<Done, State> next = new HashMap<>();
      for (State state : states) {
        addSuccessors(state, next);
      }
      states = next.values().stream().sorted(BEST.thenComparing(STABLE)).limit(BREADTH).toList();
    }
    int[] order = new int[count];
    State state = states.get(0);
    for (int i = count - 1; i >= 0; i--) {
      order[i] = state.last();
      state = state.before();
    }
    return order;
  }

  /** Among equals the one with the earliest instructions done, so that the order is one only. */
  private static final Comparator<State> STABLE =
      (a, b) -> -Arrays.compareUnsigned(a.done(), b.done());

  /** One for each instruction that is ready; that one alone which frees memory without a peak. */
  private void addSuccessors(State state, Map<Done, State> next) {
    for (int instruction : state.ready()) {
      if (state.alive() + during[instruction] <= state.peak()
          && kept[instruction] <= freed(state, instruction)) {
        add(state, instruction, next);
        return;
      }
    }
    for (int instruction : state.ready()) {
      add(state, instruction, next);
    }
  }

  /** The state behind an instruction, unless a better way to the same set is known. */
  private void add(State state, int instruction, Map<Done, State> next) {
    long[] done = state.done().clone();
    done[instruction >> 6] |= 1L << (instruction & 63);
    Done key = new Done(done);
    State known = next.get(key);
    long alive = state.alive() + kept[instruction] - freed(state, instruction);
    long peak = Math.max(state.peak(), state.alive() + during[instruction]);
    if (known == null || peak < known.peak() || (peak == known.peak() && alive < known.alive())) {
      int[] ready = ready(state, instruction);
      next.put(key, new State(done, ready, alive, peak, instruction, state));
    }
  }

  private long freed(State state, int instruction) {
    long freed = 0;
    for (Passing input : inputs[instruction]) {
      if (areDone(input.readers(), state, instruction)) {
        freed += input.bytes();
      }
    }
    return freed;
  }

  private int[] ready(State state, int instruction) {
    int[] before = state.ready();
    int[] ready = new int[before.length + enables[instruction].length];
    int count = 0;
    for (int other : before) {
      if (other != instruction) {
        ready[count++] = other;
      }
    }
    for (int other : enables[instruction]) {
      if (areDone(needs[other], state, instruction)) {
        ready[count++] = other;
      }
    }
    return Arrays.copyOf(ready, count);
  }

  /** Whether all of them are, once {@code instruction} is. */
  private static boolean areDone(int[] all, State state, int instruction) {
    for (int one : all) {
      if (one != instruction && !state.has(one)) {
        return false;
      }
    }
    return true;
  }
}
