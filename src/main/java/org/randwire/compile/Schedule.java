// SPDX-License-Identifier: Apache-2.0
package org.randwire.compile;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.randwire.backend.Kernel;
import org.randwire.backend.KernelCatalog;
import org.randwire.op.Instruction;
import org.randwire.op.Value;

/**
 * Third pass: a kernel for every instruction and the region in which it starts. An instruction
 * starts in the first region after all it reads is written, so independent nodes of the random
 * graph share regions, and the number of barriers is that of the longest path, not of the nodes.
 *
 * @param regions the number of regions; a barrier stands between one and the next
 */
record Schedule(List<Entry> entries, int regions) {

  /** An instruction occupies the regions {@code first .. first + kernel.regions() - 1}. */
  record Entry(Instruction instruction, Kernel kernel, int first) {
    int last() {
      return first + kernel.regions() - 1;
    }
  }

  Schedule {
    entries = List.copyOf(entries);
  }

  /** Throws {@link UnsupportedOperationException} naming an instruction without a kernel. */
  static Schedule of(Program program, KernelCatalog catalog) {
    return of(program, instruction -> kernel(instruction, catalog));
  }

  /** With other ways to find a kernel than asking a catalog. */
  static Schedule of(Program program, Function<Instruction, Kernel> kernels) {
    Schedule early = early(program.instructions(), program.late(), kernels);
    return program.late().isEmpty() ? early : early.postponed(program);
  }

  /** Throws {@link UnsupportedOperationException} naming an instruction without a kernel. */
  static Schedule of(List<Instruction> instructions, KernelCatalog catalog) {
    return early(instructions, Map.of(), instruction -> kernel(instruction, catalog));
  }

  static Kernel kernel(Instruction instruction, KernelCatalog catalog) {
    return catalog
        .choose(instruction)
        .orElseThrow(
            () ->
                new UnsupportedOperationException(
                    "no kernel for "
                        + instruction.label()
                        + " of "
                        + instruction.inputs()
                        + " on this device"));
  }

  private static Schedule early(
      List<Instruction> instructions,
      Map<Value, Set<Value>> awaited,
      Function<Instruction, Kernel> kernels) {
    Map<Value, Integer> written = new HashMap<>();
    List<Entry> entries = new ArrayList<>();
    int regions = 0;
    for (Instruction instruction : instructions) {
      int first = 0;
      for (Value input : instruction.inputs()) {
        first = Math.max(first, written.getOrDefault(input, -1) + 1);
      }
      for (Value before : awaited.getOrDefault(instruction.output(0), Set.of())) {
        first = Math.max(first, written.getOrDefault(before, -1) + 1);
      }
      Entry entry = new Entry(instruction, kernels.apply(instruction), first);
      entries.add(entry);
      instruction.outputs().forEach(output -> written.put(output, entry.last()));
      regions = Math.max(regions, entry.last() + 1);
    }
    return new Schedule(entries, regions);
  }

  /** Late instructions moved to just before their first reader, which adds no region. */
  private Schedule postponed(Program program) {
    Entry[] moved = entries.toArray(new Entry[0]);
    Map<Value, Integer> read = new HashMap<>();
    for (int i = moved.length - 1; i >= 0; i--) {
      Instruction instruction = moved[i].instruction();
      if (program.isLate(instruction)) {
        int firstRead =
            instruction.outputs().stream()
                .mapToInt(output -> read.getOrDefault(output, regions))
                .min()
                .orElse(regions);
        Kernel kernel = moved[i].kernel();
        moved[i] = new Entry(instruction, kernel, firstRead - kernel.regions());
      }
      for (Value input : instruction.inputs()) {
        read.merge(input, moved[i].first(), Math::min);
      }
      for (Value before : program.late().getOrDefault(instruction.output(0), Set.of())) {
        read.merge(before, moved[i].first(), Math::min);
      }
    }
    return new Schedule(List.of(moved), regions);
  }
}
