// SPDX-License-Identifier: Apache-2.0
package org.randwire.compile;

import java.util.ArrayList;
import java.util.List;
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

  private final Rewriting program;
  private final KernelCatalog catalog;

  private NormFusion(List<Instruction> instructions, KernelCatalog catalog) {
    this.program = new Rewriting(instructions);
    this.catalog = catalog;
  }

  static Program fuse(Program lowered, KernelCatalog catalog) {
    NormFusion fusion = new NormFusion(lowered.instructions(), catalog);
    for (Instruction instruction : lowered.instructions()) {
      if (instruction.primitive() instanceof Relu) {
        Match match = fusion.match(instruction);
        if (match != null) {
          fusion.fuseForward(match);
          fusion.fuseBackward(match);
        }
      }
    }
    return lowered.withInstructions(fusion.program.result());
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
    Instruction add = program.producer(before);
    if (add == null
        || !(add.primitive() instanceof Add)
        || add.inputs().size() != 2
        || !program.isOnlyConsumer(before, relu)) {
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
    Instruction producer = program.producer(value);
    boolean isNorm =
        producer != null
            && (producer.primitive() instanceof BatchNorm.Forward
                || producer.primitive() instanceof BatchNorm.Inference);
    return isNorm && program.isOnlyConsumer(value, consumer) ? producer : null;
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
      program.replace(match.relu(), fused);
      program.remove(norm);
      if (match.add() != null) {
        program.remove(match.add());
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
    if (norm == null || match.shortcut() == null && !program.isOnlyConsumer(masked, norm)) {
      return;
    }
    Value dy = mask.input(1);
    Instruction sum = program.producer(dy);
    boolean takesTerms =
        sum != null
            && sum.primitive() instanceof Add
            && sum.inputs().size() == 2
            && program.isOnlyConsumer(dy, mask);
    Instruction fused = takesTerms ? gradient(match, norm, mask, sum.inputs()) : null;
    if (fused != null && catalog.supports(fused)) {
      program.remove(sum);
    } else {
      fused = gradient(match, norm, mask, List.of(dy));
    }
    if (catalog.supports(fused)) {
      program.replace(mask, fused);
      program.remove(norm);
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

  /** The consumer of a kind that reads the value as its operand {@code position}. */
  private @Nullable Instruction consumer(
      Value value, Class<? extends Primitive> primitive, int position) {
    return program.consumers(value).stream()
        .filter(use -> primitive.isInstance(use.primitive()))
        .filter(use -> use.input(position).equals(value))
        .findFirst()
        .orElse(null);
  }

  /** The consumer of a kind whose first operand is {@code first}. */
  private @Nullable Instruction consumer(
      Value value, Class<? extends Primitive> primitive, Value first) {
    return program.consumers(value).stream()
        .filter(use -> primitive.isInstance(use.primitive()))
        .filter(use -> use.input(0).equals(first))
        .findFirst()
        .orElse(null);
  }
}
