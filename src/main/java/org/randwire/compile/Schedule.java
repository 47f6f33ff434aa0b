// SPDX-License-Identifier: Apache-2.0
package org.randwire.compile;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
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
  static Schedule of(List<Instruction> instructions, KernelCatalog catalog) {
    Map<Value, Integer> written = new HashMap<>();
    List<Entry> entries = new ArrayList<>();
    int regions = 0;
    for (Instruction instruction : instructions) {
      Kernel kernel =
          catalog
              .choose(instruction)
              .orElseThrow(
                  () ->
                      new UnsupportedOperationException(
                          "no kernel for "
                              + instruction.label()
                              + " of "
                              + instruction.inputs()
                              + " on this device"));
      int first = 0;
      for (Value input : instruction.inputs()) {
        first = Math.max(first, written.getOrDefault(input, -1) + 1);
      }
      Entry entry = new Entry(instruction, kernel, first);
      entries.add(entry);
      instruction.outputs().forEach(output -> written.put(output, entry.last()));
      regions = Math.max(regions, entry.last() + 1);
    }
    return new Schedule(entries, regions);
  }
}
