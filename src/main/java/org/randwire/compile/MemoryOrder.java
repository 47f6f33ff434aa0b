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

  private final List<Instruction> ordered;
  private final Set<Value> pinned;
  private final Map<Value, Integer> producers = new HashMap<>();

  /** For each value of the arena the instructions that read it. */
  private final Map<Value, int[]> readers = new HashMap<>();

  private final int[][] needs;
  private final int[][] enables;

  /**
   * What an instruction takes while it runs besides inputs and outputs: scratch, packed filters.
   */
  private final long[] passing;

  private MemoryOrder(
      List<Instruction> ordered,
      Map<Value, Long> packed,
      KernelCatalog catalog,
      Set<Value> pinned) {
    this.ordered = ordered;
    this.pinned = pinned;
    int count = ordered.size();
    needs = new int[count][];
    enables = new int[count][];
    passing = new long[count];
    Map<Value, List<Integer>> reading = new HashMap<>();
    List<List<Integer>> enabled = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      Instruction instruction = ordered.get(i);
      int at = i;
      enabled.add(new ArrayList<>());
      Kernel kernel = Schedule.kernel(instruction, catalog);
      passing[i] = MemoryPlan.roundUp(kernel.scratchBytes());
      for (Value input : Set.copyOf(instruction.inputs())) {
        passing[i] += packed.getOrDefault(input, 0L);
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
    reading.forEach((value, by) -> readers.put(value, ints(by)));
    Arrays.setAll(enables, i -> ints(enabled.get(i)));
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
    int count = ordered.size();
    int[] first = IntStream.range(0, count).filter(i -> needs[i].length == 0).toArray();
    List<State> states = List.of(new State(new long[(count + 63) / 64], first, 0, 0, -1, null));
    for (int size = 0; size < count; size++) {
      Map<Done, State> next = new HashMap<>();
      for (State state : states) {
        for (State after : successors(state)) {
          next.merge(new Done(after.done()), after, (a, b) -> BEST.compare(b, a) < 0 ? b : a);
        }
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
  private List<State> successors(State state) {
    List<State> all = new ArrayList<>();
    for (int instruction : state.ready()) {
      State after = after(state, instruction);
      if (after.peak() == state.peak() && after.alive() <= state.alive()) {
        return List.of(after);
      }
      all.add(after);
    }
    return all;
  }

  private State after(State state, int instruction) {
    long[] done = state.done().clone();
    done[instruction >> 6] |= 1L << (instruction & 63);
    long during = state.alive() + passing[instruction];
    long alive = state.alive();
    for (Value output : ordered.get(instruction).outputs()) {
      if (output.section() == Section.ARENA) {
        long bytes = MemoryPlan.roundUp(output.sizeBytes());
        during += bytes;
        alive += readers.containsKey(output) || pinned.contains(output) ? bytes : 0;
      }
    }
    return new State(
        done,
        ready(state, instruction),
        alive - freed(state, instruction),
        Math.max(state.peak(), during),
        instruction,
        state);
  }

  private long freed(State state, int instruction) {
    long freed = 0;
    for (Value input : Set.copyOf(ordered.get(instruction).inputs())) {
      if (input.section() == Section.ARENA
          && producers.containsKey(input)
          && !pinned.contains(input)
          && Arrays.stream(readers.get(input)).allMatch(r -> r == instruction || state.has(r))) {
        freed += MemoryPlan.roundUp(input.sizeBytes());
      }
    }
    return freed;
  }

  private int[] ready(State state, int instruction) {
    return IntStream.concat(
            Arrays.stream(state.ready()).filter(i -> i != instruction),
            Arrays.stream(enables[instruction])
                .filter(
                    i -> Arrays.stream(needs[i]).allMatch(n -> n == instruction || state.has(n))))
        .toArray();
  }
}
