// SPDX-License-Identifier: Apache-2.0
package org.randwire.compile;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.randwire.op.Instruction;
import org.randwire.op.Mode;
import org.randwire.op.Section;
import org.randwire.op.Value;

/**
 * A network written out as instructions in topological order.
 *
 * @param parameters trained parameters; filters first, so that decay restricted to weights is one
 *     range of the flat buffer
 * @param decayedElements stored elements of the filters: the range [0, decayedElements)
 * @param sectionElements stored elements of each persistent section
 * @param losses one loss per example; absent from programs without labels
 * @param late instructions, by their first output, that start as late as their readers allow, to
 *     save memory, with the values that must be written before; all others start as early as they
 *     can
 */
record Program(
    Mode mode,
    int batch,
    List<Instruction> instructions,
    List<Parameter> parameters,
    List<Parameter> states,
    List<Parameter> controls,
    List<Value> statistics,
    long decayedElements,
    Map<Section, Long> sectionElements,
    Value input,
    Value labels,
    Value logits,
    Value losses,
    Map<Value, Set<Value>> late) {

  Program {
    late = Map.copyOf(late);
    instructions = List.copyOf(instructions);
    parameters = List.copyOf(parameters);
    states = List.copyOf(states);
    controls = List.copyOf(controls);
    statistics = List.copyOf(statistics);
    sectionElements = new EnumMap<>(sectionElements);
  }

  boolean isLate(Instruction instruction) {
    return late.containsKey(instruction.output(0));
  }

  Program withInstructions(List<Instruction> newInstructions) {
    return with(newInstructions, late);
  }

  Program withLate(Map<Value, Set<Value>> newLate) {
    return with(instructions, newLate);
  }

  private Program with(List<Instruction> newInstructions, Map<Value, Set<Value>> newLate) {
    return new Program(
        mode,
        batch,
        newInstructions,
        parameters,
        states,
        controls,
        statistics,
        decayedElements,
        sectionElements,
        input,
        labels,
        logits,
        losses,
        newLate);
  }
}
