// SPDX-License-Identifier: Apache-2.0
package org.randwire.compile;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.randwire.backend.KernelCatalog;
import org.randwire.op.Add;
import org.randwire.op.BatchNorm;
import org.randwire.op.Instruction;
import org.randwire.op.NormalisedRelu;
import org.randwire.op.Primitive;
import org.randwire.op.Relu;
import org.randwire.op.Value;

/**
 * A part of {@link Fusion}: batch normalisation and ReLU, with the sum between them at the end of a
 * residual block, become {@link NormalisedRelu}; so do their gradients, with the sum of the
 * gradients of the ReLU's two readers. Forward and backward are fused apart, since neither needs a
 * value that the other no longer writes.
 */
final class NormFusion {

  private final Program program;
  private final KernelCatalog catalog;
  private final Map<Value, Instruction> producers = new HashMap<>();
  private final Map<Value, List<Instruction>> consumers = new HashMap<>();
  private final Map<Instruction, Instruction> replaced = new IdentityHashMap<>();
  private final Set<Instruction> removed = Collections.newSetFromMap(new IdentityHashMap<>());

  private NormFusion(Program program, KernelCatalog catalog) {
    this.program = program;
    this.catalog = catalog;
    for (Instruction instruction : program.instructions()) {
      instruction.outputs().forEach(value -> producers.put(value, instruction));
      for (Value value : new HashSet<>(instruction.inputs())) {
        consumers.computeIfAbsent(value, v -> new ArrayList<>()).add(instruction);
      }
    }
  }

  static Program fuse(Program program, KernelCatalog catalog) {
    NormFusion fusion = new NormFusion(program, catalog);
    for (Instruction instruction : program.instructions()) {
      if (instruction.primitive() instanceof Relu) {
        Match match = fusion.match(instruction);
        if (match != null) {
          fusion.fuseForward(match);
          fusion.fuseBackward(match);
        }
      }
    }
    return program.withInstructions(fusion.result());
  }

  /**
   * @param add what lies between the normalisation and the ReLU; none without a shortcut
   */
  private record Match(
      Instruction norm, @Nullable Instruction add, @Nullable Value shortcut, Instruction relu) {}

  private @Nullable Match match(Instruction relu) {
    Value before = relu.input(0);
    Instruction norm = norm(before, relu);
    if (norm != null) {
      return new Match(norm, null, null, relu);
    }
    Instruction add = producers.get(before);
    if (add == null
        || !(add.primitive() instanceof Add)
        || add.inputs().size() != 2
        || !isOnlyConsumer(before, relu)) {
      return null;
    }
    for (int i = 0; i < 2; i++) {
      norm = norm(add.input(i), add);
      if (norm != null && !add.input(0).equals(add.input(1))) {
        return new Match(norm, add, add.input(1 - i), relu);
      }
    }
    return null;
  }

  /** The normalisation that writes a value for this consumer alone. */
  private @Nullable Instruction norm(Value value, Instruction consumer) {
    Instruction producer = producers.get(value);
    boolean isNorm =
        producer != null
            && (producer.primitive() instanceof BatchNorm.Forward
                || producer.primitive() instanceof BatchNorm.Inference);
    return isNorm && isOnlyConsumer(value, consumer) ? producer : null;
  }

  private void fuseForward(Match match) {
    Instruction norm = match.norm();
    List<Value> operands = new ArrayList<>(norm.inputs());
    if (match.shortcut() != null) {
      operands.add(match.shortcut());
    }
    List<Value> outputs = new ArrayList<>(norm.outputs());
    outputs.set(0, match.relu().output(0));
    Primitive primitive =
        norm.primitive() instanceof BatchNorm.Forward forward
            ? new NormalisedRelu.Forward(forward)
            : new NormalisedRelu.Inference(((BatchNorm.Inference) norm.primitive()).epsilon());
    Instruction fused = new Instruction(norm.node(), primitive, operands, outputs);
    if (catalog.supports(fused)) {
      replaced.put(match.relu(), fused);
      removed.add(norm);
      if (match.add() != null) {
        removed.add(match.add());
      }
    }
  }

  private void fuseBackward(Match match) {
    Value y = match.relu().output(0);
    Instruction mask = consumer(y, Relu.Gradient.class, 0);
    if (mask == null) {
      return;
    }
    Value masked = mask.output(0);
    Instruction norm = consumer(masked, BatchNorm.Gradient.class, match.norm().input(0));
    if (norm == null || match.shortcut() == null && !isOnlyConsumer(masked, norm)) {
      return;
    }
    Value dy = mask.input(1);
    Instruction sum = producers.get(dy);
    boolean takesTerms =
        sum != null
            && sum.primitive() instanceof Add
            && sum.inputs().size() == 2
            && isOnlyConsumer(dy, mask);
    Instruction fused = takesTerms ? gradient(match, norm, mask, sum.inputs()) : null;
    if (fused != null && catalog.supports(fused)) {
      removed.add(sum);
    } else {
      fused = gradient(match, norm, mask, List.of(dy));
    }
    if (catalog.supports(fused)) {
      replaced.put(mask, fused);
      removed.add(norm);
    }
  }

  private static Instruction gradient(
      Match match, Instruction norm, Instruction mask, List<Value> terms) {
    boolean isAdded = match.shortcut() != null;
    List<Value> operands = new ArrayList<>();
    operands.addAll(List.of(norm.input(0), norm.input(2), match.norm().input(2)));
    operands.addAll(List.of(norm.input(3), norm.input(4)));
    List<Value> outputs = new ArrayList<>(norm.outputs());
    if (isAdded) {
      operands.add(match.relu().output(0));
      outputs.add(mask.output(0));
    }
    operands.addAll(terms);
    double epsilon = ((BatchNorm.Gradient) norm.primitive()).epsilon();
    return new Instruction(
        norm.node(), new NormalisedRelu.Gradient(epsilon, isAdded), operands, outputs);
  }

  private List<Instruction> result() {
    List<Instruction> result = new ArrayList<>();
    for (Instruction instruction : program.instructions()) {
      if (!removed.contains(instruction)) {
        result.add(replaced.getOrDefault(instruction, instruction));
      }
    }
    return result;
  }

  private boolean isOnlyConsumer(Value value, Instruction consumer) {
    List<Instruction> uses = consumers.getOrDefault(value, List.of());
    return uses.size() == 1 && uses.get(0) == consumer;
  }

  /** The consumer of a kind that reads the value as its operand {@code position}. */
  private @Nullable Instruction consumer(
      Value value, Class<? extends Primitive> primitive, int position) {
    return consumers.getOrDefault(value, List.of()).stream()
        .filter(use -> primitive.isInstance(use.primitive()))
        .filter(use -> use.input(position).equals(value))
        .findFirst()
        .orElse(null);
  }

  /** The consumer of a kind whose first operand is {@code first}. */
  private @Nullable Instruction consumer(
      Value value, Class<? extends Primitive> primitive, Value first) {
    return consumers.getOrDefault(value, List.of()).stream()
        .filter(use -> primitive.isInstance(use.primitive()))
        .filter(use -> use.input(0).equals(first))
        .findFirst()
        .orElse(null);
  }
}
