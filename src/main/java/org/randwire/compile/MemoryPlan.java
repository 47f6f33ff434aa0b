// SPDX-License-Identifier: Apache-2.0
package org.randwire.compile;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.randwire.op.Section;
import org.randwire.op.Value;

/**
 * Fourth pass: where in the arena each activation and each kernel's scratch memory lies. A pure
 * function of lifetimes: two blocks share bytes only if no region sees both alive.
 *
 * @param arenaBytes size of the arena
 * @param workerScratchBytes scratch of one worker, the largest any kernel asks for
 */
record MemoryPlan(
    Map<Value, Block> values, List<Block> scratch, long arenaBytes, long workerScratchBytes) {

  /** Cache line; also what vector loads and oneDNN like. */
  static final int ALIGNMENT = 64;

  /**
   * A range of the arena, alive from the region {@code first} to {@code last}, both included.
   *
   * @param offset in bytes
   */
  record Block(String name, long offset, long sizeBytes, int first, int last) {

    boolean overlapsInTime(Block other) {
      return first <= other.last && other.first <= last;
    }

    private Block at(long place) {
      return new Block(name, place, sizeBytes, first, last);
    }
  }

  /** Plans the arena; the {@code pinned} values stay readable after the last region. */
  static MemoryPlan of(Schedule schedule, Set<Value> pinned) {
    Map<Value, Block> lifetimes = lifetimes(schedule, pinned);
    List<Block> scratch = new ArrayList<>();
    long workerScratch = 0;
    for (Schedule.Entry entry : schedule.entries()) {
      scratch.add(
          new Block(
              scratch.size() + " " + entry.instruction().label() + " scratch",
              0,
              entry.kernel().scratchBytes(),
              entry.first(),
              entry.last()));
      workerScratch = Math.max(workerScratch, entry.kernel().workerScratchBytes());
    }
    List<Block> all = new ArrayList<>(lifetimes.values());
    all.addAll(scratch);
    Map<Block, Block> placed = place(all);
    Map<Value, Block> values = new HashMap<>();
    lifetimes.forEach((value, block) -> values.put(value, placed.get(block)));
    long arena =
        placed.values().stream()
            .mapToLong(b -> b.offset() + roundUp(b.sizeBytes()))
            .max()
            .orElse(0);
    return new MemoryPlan(
        Map.copyOf(values),
        scratch.stream().map(placed::get).toList(),
        arena,
        roundUp(workerScratch));
  }

  /** The most bytes alive in a region: what an arena takes at least. */
  static long peakBytes(Schedule schedule, Set<Value> pinned) {
    long[] change = new long[schedule.regions() + 2];
    spans(schedule, pinned)
        .forEach(
            (value, span) -> {
              change[span[0]] += roundUp(value.sizeBytes());
              change[span[1] + 1] -= roundUp(value.sizeBytes());
            });
    for (Schedule.Entry entry : schedule.entries()) {
      change[entry.first()] += roundUp(entry.kernel().scratchBytes());
      change[entry.last() + 1] -= roundUp(entry.kernel().scratchBytes());
    }
    long alive = 0;
    long peak = 0;
    for (long bytes : change) {
      alive += bytes;
      peak = Math.max(peak, alive);
    }
    return peak;
  }

  private static Map<Value, Block> lifetimes(Schedule schedule, Set<Value> pinned) {
    Map<Value, Block> lifetimes = new LinkedHashMap<>();
    spans(schedule, pinned)
        .forEach(
            (value, span) -> {
              String name = value.id() + " " + value.name();
              lifetimes.put(value, new Block(name, 0, value.sizeBytes(), span[0], span[1]));
            });
    return lifetimes;
  }

  /** First and last region of each value of the arena. */
  private static Map<Value, int[]> spans(Schedule schedule, Set<Value> pinned) {
    Map<Value, int[]> spans = new LinkedHashMap<>();
    for (Schedule.Entry entry : schedule.entries()) {
      for (Value output : entry.instruction().outputs()) {
        if (output.section() == Section.ARENA) {
          int last = pinned.contains(output) ? schedule.regions() : entry.last();
          spans.put(output, new int[] {entry.first(), last});
        }
      }
      for (Value input : entry.instruction().inputs()) {
        int[] span = spans.get(input);
        if (span != null) {
          span[1] = Math.max(span[1], entry.last());
        }
      }
    }
    return spans;
  }

  /** Largest first, each at the lowest offset where it fits among those alive at the same time. */
  private static Map<Block, Block> place(List<Block> blocks) {
    List<Block> order = new ArrayList<>(blocks);
    order.sort(
        Comparator.comparingLong(Block::sizeBytes)
            .reversed()
            .thenComparingInt(Block::first)
            .thenComparing(Block::name));
    List<Block> placed = new ArrayList<>(); // by offset
    Map<Block, Block> result = new IdentityHashMap<>();
    for (Block block : order) {
      Block at = block.at(block.sizeBytes() == 0 ? 0 : lowestOffset(block, placed));
      if (block.sizeBytes() > 0) {
        insert(placed, at);
      }
      result.put(block, at);
    }
    return result;
  }

  private static long lowestOffset(Block block, List<Block> placed) {
    long offset = 0;
    for (Block other : placed) {
      if (offset + block.sizeBytes() <= other.offset()) {
        break;
      }
      if (block.overlapsInTime(other)) {
        offset = Math.max(offset, other.offset() + roundUp(other.sizeBytes()));
      }
    }
    return offset;
  }

  /** Keeps the blocks in the order of their offsets. */
  private static void insert(List<Block> placed, Block block) {
    int low = 0;
    int high = placed.size();
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (placed.get(middle).offset() < block.offset()) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    placed.add(low, block);
  }

  static long roundUp(long bytes) {
    return Math.floorDiv(bytes + ALIGNMENT - 1, (long) ALIGNMENT) * ALIGNMENT;
  }
}
