// SPDX-License-Identifier: Apache-2.0
package org.randwire.compile;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.randwire.backend.Kernel;
import org.randwire.backend.KernelCatalog;
import org.randwire.op.Instruction;
import org.randwire.op.Mode;
import org.randwire.op.Section;
import org.randwire.op.Value;

/**
 * An optional pass between fusion and schedule that trades time for memory (Chen et al. 2016): the
 * forward pass is cut into segments, what crosses a cut is kept, and everything else that the
 * gradients read is dropped and computed a second time shortly before they read it. The second run
 * of an instruction has the same kernel and the same operands, so the gradients have the same bits;
 * it leaves running and batch statistics alone.
 *
 * <p>Cuts lie between regions. Which ones is found by trying: from the best of the even divisions
 * cuts are added, removed and moved for as long as the planned peak falls.
 */
final class Recomputation {

  /** Even divisions tried as a start. */
  private static final int MOST_SEGMENTS = 24;

  /** How many places a cut may move at once. */
  private static final int FARTHEST_MOVE = 8;

  private record Cost(long peakBytes, int instructions) {}

  private static final Comparator<Cost> BY_COST =
      Comparator.comparingLong(Cost::peakBytes).thenComparingInt(Cost::instructions);

  private final Program program;
  private final KernelCatalog catalog;
  private final Set<Value> pinned;

  /** Forward instructions by the values they write, and the regions in which these are written. */
  private final Map<Value, Instruction> producers = new HashMap<>();

  private final Map<Value, Integer> regionOf = new HashMap<>();

  /** Values that forward instructions write, by the last region in which another reads them. */
  private final Map<Value, Integer> lastForwardRead = new HashMap<>();

  private final List<Instruction> forward;

  /** In the order in which they can start. */
  private final List<Instruction> backward;

  private final int nextValue;
  private final Map<Set<Integer>, Cost> costs = new HashMap<>();
  private final Map<Value, Value> seconds = new HashMap<>();
  private final Map<Value, Kernel> kernels = new HashMap<>();

  private Recomputation(Program program, KernelCatalog catalog, Set<Value> pinned) {
    this.program = program;
    this.catalog = catalog;
    this.pinned = pinned;
    List<Instruction> instructions = program.instructions();
    List<Schedule.Entry> entries = Schedule.of(program, catalog).entries();
    int end = 0;
    while (!instructions.get(end).outputs().contains(program.losses())) {
      end++;
    }
    this.forward = instructions.subList(0, end);
    this.backward =
        entries.subList(end, entries.size()).stream()
            .sorted(Comparator.comparingInt(Schedule.Entry::first))
            .map(Schedule.Entry::instruction)
            .toList();
    for (Schedule.Entry entry : entries.subList(0, end)) {
      Instruction instruction = entry.instruction();
      for (Value input : instruction.inputs()) {
        if (producers.containsKey(input)) {
          lastForwardRead.merge(input, entry.first(), Math::max);
        }
      }
      for (Value output : instruction.outputs()) {
        regionOf.put(output, entry.last());
        producers.put(output, instruction);
      }
    }
    this.nextValue =
        1
            + instructions.stream()
                .flatMap(i -> Stream.concat(i.inputs().stream(), i.outputs().stream()))
                .mapToInt(Value::id)
                .max()
                .orElse(0);
  }

  /** The program with the cuts that need the least memory; as it was if none saves any. */
  static Program apply(Program fused, KernelCatalog catalog, Set<Value> pinned) {
    Program late = fused.withLate(packings(fused));
    if (fused.mode() != Mode.TRAINING) {
      return late;
    }
    Recomputation pass = new Recomputation(late, catalog, pinned);
    return pass.rewrite(pass.search());
  }

  /** What depends on parameters alone could be computed at once, and would wait for its reader. */
  static Map<Value, Set<Value>> packings(Program program) {
    Map<Value, Set<Value>> result = new HashMap<>();
    for (Instruction instruction : program.instructions()) {
      if (instruction.inputs().stream().allMatch(v -> v.section() == Section.PARAMETERS)) {
        result.put(instruction.output(0), Set.of());
      }
    }
    return result;
  }

  // ---- which cuts

  private Set<Integer> search() {
    NavigableSet<Integer> places = new TreeSet<>(regionOf.values());
    if (places.size() < 2) {
      return Set.of();
    }
    places.pollLast();
    List<Integer> all = List.copyOf(places);
    Set<Integer> best = Set.of();
    for (int segments = 2; segments <= Math.min(MOST_SEGMENTS, all.size()); segments++) {
      Set<Integer> even = new TreeSet<>();
      for (int i = 1; i < segments; i++) {
        even.add(all.get(i * all.size() / segments));
      }
      best = better(best, even);
    }
    Set<Integer> before;
    do {
      before = best;
      for (int place : all) {
        best = better(best, toggled(best, place));
      }
      for (int cut : before) {
        best = bestMove(best, cut, all);
      }
    } while (!before.equals(best));
    return best;
  }

  private Set<Integer> bestMove(Set<Integer> cuts, int cut, List<Integer> all) {
    Set<Integer> best = cuts;
    int at = all.indexOf(cut);
    int last = Math.min(all.size() - 1, at + FARTHEST_MOVE);
    for (int to = Math.max(0, at - FARTHEST_MOVE); cuts.contains(cut) && to <= last; to++) {
      best = better(best, toggled(toggled(cuts, cut), all.get(to)));
    }
    return best;
  }

  private static Set<Integer> toggled(Set<Integer> cuts, int place) {
    Set<Integer> result = new TreeSet<>(cuts);
    if (!result.remove(place)) {
      result.add(place);
    }
    return result;
  }

  private Set<Integer> better(Set<Integer> best, Set<Integer> candidate) {
    return BY_COST.compare(cost(candidate), cost(best)) < 0 ? candidate : best;
  }

  private Cost cost(Set<Integer> cuts) {
    return costs.computeIfAbsent(
        cuts,
        c -> {
          Program candidate = rewrite(c);
          long peak = MemoryPlan.peakBytes(Schedule.of(candidate, this::kernel), pinned);
          return new Cost(peak, candidate.instructions().size());
        });
  }

  /** Regions and scratch memory of a kernel do not depend on which copies it reads. */
  private Kernel kernel(Instruction instruction) {
    return kernels.computeIfAbsent(
        instruction.output(0), output -> Schedule.kernel(instruction, catalog));
  }

  // ---- the program with given cuts

  private Program rewrite(Set<Integer> cuts) {
    if (cuts.isEmpty()) {
      return program;
    }
    Copies copies = new Copies(cuts);
    backward.forEach(copies::addReader);
    List<Instruction> result = new ArrayList<>(forward);
    result.addAll(copies.result);
    return program.withInstructions(result).withLate(copies.late);
  }

  private Value second(Value value) {
    return new Value(
        nextValue + value.id(),
        value.name(),
        Section.ARENA,
        value.shape(),
        value.layout(),
        value.type(),
        value.elements(),
        -1);
  }

  /** The backward pass with second runs of forward instructions before whoever reads them first. */
  private final class Copies {
    private final int[] cuts;
    private final Map<Value, Value> copies = new HashMap<>();
    private final List<Instruction> result = new ArrayList<>();
    private final Map<Value, Set<Value>> late = new HashMap<>(program.late());

    /** For each segment the last gradient written by a reader of a later one. */
    private final Value @Nullable [] gates;

    Copies(Set<Integer> cuts) {
      this.cuts = cuts.stream().mapToInt(Integer::intValue).sorted().toArray();
      this.gates = new Value[cuts.size() + 1];
    }

    void addReader(Instruction instruction) {
      List<Value> inputs = new ArrayList<>();
      int latest = -1;
      for (Value input : instruction.inputs()) {
        Instruction producer = producers.get(input);
        if (producer == null || program.isLate(producer)) {
          inputs.add(input);
        } else {
          inputs.add(copy(input));
          latest = Math.max(latest, segment(producer));
        }
      }
      result.add(
          new Instruction(
              instruction.node(), instruction.primitive(), inputs, instruction.outputs()));
      for (int earlier = 0; earlier < latest; earlier++) {
        gates[earlier] = instruction.output(0);
      }
    }

    private Value copy(Value value) {
      Instruction producer = producers.get(value);
      if (value.section() != Section.ARENA || producer == null || isKept(producer)) {
        return value;
      }
      if (!copies.containsKey(value)) {
        List<Value> inputs = producer.inputs().stream().map(this::copy).toList();
        List<Value> outputs = producer.outputs().stream().map(this::again).toList();
        Instruction second =
            new Instruction(producer.node(), producer.primitive().repeated(), inputs, outputs);
        Value gate = gates[segment(producer)];
        late.put(second.output(0), gate == null ? Set.of() : Set.of(gate));
        result.add(second);
      }
      return copies.get(value);
    }

    private Value again(Value value) {
      Value second = seconds.computeIfAbsent(value, Recomputation.this::second);
      copies.put(value, second);
      return second;
    }

    private int segment(Instruction producer) {
      int region = regionOf.get(producer.output(0));
      int segment = 0;
      while (segment < cuts.length && cuts[segment] < region) {
        segment++;
      }
      return segment;
    }

    /** Whether any output crosses a cut, or all is needed at once since no cut follows. */
    private boolean isKept(Instruction producer) {
      if (program.isLate(producer)) {
        return false;
      }
      int segment = segment(producer);
      return segment == cuts.length
          || producer.outputs().stream()
              .anyMatch(output -> lastForwardRead.getOrDefault(output, -1) > cuts[segment]);
    }
  }
}
