// SPDX-License-Identifier: Apache-2.0
package org.randwire.compile;

import java.util.ArrayList;
import java.util.List;
import org.randwire.backend.KernelCatalog;
import org.randwire.op.Add;
import org.randwire.op.Convolution;
import org.randwire.op.Instruction;
import org.randwire.op.NodeTransform;
import org.randwire.op.Relu;
import org.randwire.op.Value;
import org.randwire.op.WeightedSum;

/**
 * Second pass: replaces chains of instructions by fused primitives wherever the backend has a
 * kernel for them. Op by op a node moves each of its tensors through memory many times; fused, the
 * weighted sum, its ReLU and all their gradients never reach memory at all.
 */
final class Fusion {

  private final Rewriting program;
  private final KernelCatalog catalog;

  private Fusion(List<Instruction> instructions, KernelCatalog catalog) {
    this.program = new Rewriting(instructions);
    this.catalog = catalog;
  }

  static Program fuse(Program lowered, KernelCatalog catalog) {
    Program nodes =
        lowered.withInstructions(new Fusion(lowered.instructions(), catalog).fuseNodes());
    Program sums =
        nodes.withInstructions(new Fusion(nodes.instructions(), catalog).fuseGradientSums());
    return NormFusion.fuse(NodeFusion.fuse(sums, catalog), catalog);
  }

  private List<Instruction> fuseNodes() {
    for (Instruction instruction : program.instructions()) {
      if (instruction.primitive() instanceof Convolution convolution
          && convolution.isDepthwise(instruction.input(0).shape())) {
        fuseNode(instruction, convolution);
      }
    }
    return program.result();
  }

  /** Weighted sum, ReLU, depthwise convolution; in training together with their gradients. */
  private void fuseNode(Instruction depthwise, Convolution convolution) {
    Value rectified = depthwise.input(0);
    Instruction relu = program.producer(rectified, Relu.class);
    Instruction sum = relu == null ? null : program.producer(relu.input(0), WeightedSum.class);
    if (relu == null || sum == null || !program.isOnlyConsumer(relu.input(0), relu)) {
      return;
    }
    Value filter = depthwise.input(1);
    Instruction forward =
        new Instruction(
            depthwise.node(),
            new NodeTransform.Forward(convolution),
            append(sum.inputs(), filter),
            depthwise.outputs());
    if (!catalog.supports(forward)) {
      return;
    }
    if (program.consumers(rectified).size() > 1 && !fuseNodeBackward(depthwise, sum, convolution)) {
      return;
    }
    program.replace(depthwise, forward);
    program.remove(relu);
    program.remove(sum);
  }

  private boolean fuseNodeBackward(
      Instruction depthwise, Instruction sum, Convolution convolution) {
    Value rectified = depthwise.input(0);
    Instruction reluGradient = program.consumer(rectified, Relu.Gradient.class);
    Instruction filterGradient = program.consumer(rectified, Convolution.FilterGradient.class);
    if (program.consumers(rectified).size() != 3
        || reluGradient == null
        || filterGradient == null) {
      return false;
    }
    Instruction inputGradient =
        program.producer(reluGradient.input(1), Convolution.InputGradient.class);
    Value sumGradient = reluGradient.output(0);
    Instruction weightGradient = program.consumer(sumGradient, WeightedSum.WeightGradient.class);
    if (inputGradient == null
        || weightGradient == null
        || !program.isOnlyConsumer(reluGradient.input(1), reluGradient)) {
      return false;
    }
    List<Value> operands = append(sum.inputs(), depthwise.input(1));
    operands.add(inputGradient.input(0));
    Instruction backward =
        new Instruction(
            depthwise.node(),
            new NodeTransform.Backward(convolution),
            operands,
            List.of(sumGradient, weightGradient.output(0), filterGradient.output(0)));
    if (!catalog.supports(backward)) {
      return false;
    }
    program.replace(reluGradient, backward);
    program.remove(inputGradient);
    program.remove(filterGradient);
    program.remove(weightGradient);
    return true;
  }

  /** Sums of gradients that were scaled copies: the copies are read at their source instead. */
  private List<Instruction> fuseGradientSums() {
    for (Instruction instruction : program.instructions()) {
      if (instruction.primitive() instanceof Add) {
        fuseGradientSum(instruction);
      }
    }
    return program.result();
  }

  private void fuseGradientSum(Instruction add) {
    List<Value> terms = new ArrayList<>();
    List<Value> scales = new ArrayList<>();
    List<Integer> edges = new ArrayList<>();
    List<Instruction> copies = new ArrayList<>();
    for (Value value : add.inputs()) {
      Instruction copy = program.producer(value, WeightedSum.InputGradient.class);
      if (copy != null && program.isOnlyConsumer(value, add)) {
        copies.add(copy);
        terms.add(copy.input(0));
        edges.add(((WeightedSum.InputGradient) copy.primitive()).edge());
        scales.addAll(List.of(copy.input(1), copy.input(2)));
      } else {
        terms.add(value);
        edges.add(NodeTransform.GradientSum.UNSCALED);
      }
    }
    terms.addAll(scales);
    Instruction fused =
        new Instruction(add.node(), new NodeTransform.GradientSum(edges), terms, add.outputs());
    if (!copies.isEmpty() && catalog.supports(fused)) {
      program.replace(add, fused);
      copies.forEach(program::remove);
    }
  }

  private static List<Value> append(List<Value> values, Value last) {
    List<Value> result = new ArrayList<>(values);
    result.add(last);
    return result;
  }
}
