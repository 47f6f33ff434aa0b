// SPDX-License-Identifier: Apache-2.0
package org.randwire.compile;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.randwire.op.Instruction;
import org.randwire.op.Primitive;
import org.randwire.op.Value;

/** Who writes and reads each value of a list of instructions, and what is to become of the list. */
final class Rewriting {

  private final List<Instruction> instructions;
  private final Map<Value, Instruction> producers = new HashMap<>();
  private final Map<Value, List<Instruction>> consumers = new HashMap<>();
  private final Map<Instruction, List<Instruction>> replaced = new IdentityHashMap<>();
  private final Set<Instruction> removed = Collections.newSetFromMap(new IdentityHashMap<>());

  Rewriting(List<Instruction> instructions) {
    this.instructions = instructions;
    for (Instruction instruction : instructions) {
      for (Value value : instruction.outputs()) {
        producers.put(value, instruction);
      }
      for (Value value : instruction.inputs()) {
        List<Instruction> uses = consumers.computeIfAbsent(value, v -> new ArrayList<>(2));
        if (uses.isEmpty() || uses.get(uses.size() - 1) != instruction) {
          uses.add(instruction);
        }
      }
    }
  }

  List<Instruction> instructions() {
    return instructions;
  }

  @Nullable Instruction producer(Value value) {
    return producers.get(value);
  }

  /** The producer of a value if it is of a kind. */
  @Nullable Instruction producer(Value value, Class<? extends Primitive> primitive) {
    Instruction producer = producers.get(value);
    return producer != null && primitive.isInstance(producer.primitive()) ? producer : null;
  }

  /** The instructions that read a value, each once. */
  List<Instruction> consumers(Value value) {
    return consumers.getOrDefault(value, List.of());
  }

  /** The first consumer of a kind. */
  @Nullable Instruction consumer(Value value, Class<? extends Primitive> primitive) {
    return consumers(value).stream()
        .filter(use -> primitive.isInstance(use.primitive()))
        .findFirst()
        .orElse(null);
  }

  boolean isOnlyConsumer(Value value, Instruction consumer) {
    List<Instruction> uses = consumers(value);
    return uses.size() == 1 && uses.get(0) == consumer;
  }

  /** Puts others into the place of an instruction. */
  void replace(Instruction instruction, Instruction... others) {
    replaced.put(instruction, List.of(others));
  }

  void remove(Instruction instruction) {
    removed.add(instruction);
  }

  /** The list after all replacements and removals. */
  List<Instruction> result() {
    List<Instruction> result = new ArrayList<>();
    for (Instruction instruction : instructions) {
      if (!removed.contains(instruction)) {
        result.addAll(replaced.getOrDefault(instruction, List.of(instruction)));
      }
    }
    return result;
  }
}
