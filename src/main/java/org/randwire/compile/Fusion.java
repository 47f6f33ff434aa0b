// SPDX-License-Identifier: Apache-2.0
package org.randwire.compile;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.randwire.backend.KernelCatalog;
import org.randwire.op.Add;
import org.randwire.op.Convolution;
import org.randwire.op.Instruction;
import org.randwire.op.NodeTransform;
import org.randwire.op.Primitive;
import org.randwire.op.Relu;
import org.randwire.op.Value;
import org.randwire.op.WeightedSum;

/**
 * Second pass: replaces chains of instructions by fused primitives wherever the backend has a
 * kernel for them. Op by op a node moves each of its tensors through memory many times; fused, the
 * weighted sum, its ReLU and all their gradients never reach memory at all.
 */
final class Fusion {

  private final List<Instruction> instructions;
  private final KernelCatalog catalog;
  private final Map<Value, Instruction> producers = new HashMap<>();
  private final Map<Value, List<Instruction>> consumers = new HashMap<>();
  private final Map<Instruction, Instruction> replaced = new IdentityHashMap<>();
  private final Set<Instruction> removed =
      java.util.Collections.newSetFromMap(new IdentityHashMap<>());

  private Fusion(List<Instruction> instructions, KernelCatalog catalog) {
    this.instructions = instructions;
    this.catalog = catalog;
    for (Instruction instruction : instructions) {
      instruction.outputs().forEach(value -> producers.put(value, instruction));
      for (Value value : new HashSet<>(instruction.inputs())) {
        consumers.computeIfAbsent(value, v -> new ArrayList<>()).add(instruction);
      }
    }
  }

  static Program fuse(Program program, KernelCatalog catalog) {
    Program nodes =
        program.withInstructions(new Fusion(program.instructions(), catalog).fuseNodes());
    Program sums =
        nodes.withInstructions(new Fusion(nodes.instructions(), catalog).fuseGradientSums());
    return NormFusion.fuse(NodeFusion.fuse(sums, catalog), catalog);
  }

  private List<Instruction> fuseNodes() {
    for (Instruction instruction : instructions) {
      if (instruction.primitive() instanceof Convolution convolution
          && convolution.isDepthwise(instruction.input(0).shape())) {
        fuseNode(instruction, convolution);
      }
    }
    return result();
  }

  /** Weighted sum, ReLU, depthwise convolution; in training together with their gradients. */
  private void fuseNode(Instruction depthwise, Convolution convolution) {
    Value rectified = depthwise.input(0);
    Instruction relu = producer(rectified, Relu.class);
    Instruction sum = relu == null ? null : producer(relu.input(0), WeightedSum.class);
    if (relu == null || sum == null || !onlyConsumer(relu.input(0), relu)) {
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
    if (uses(rectified).size() > 1 && !fuseNodeBackward(depthwise, sum, convolution)) {
      return;
    }
    replaced.put(depthwise, forward);
    removed.add(relu);
    removed.add(sum);
  }

  private boolean fuseNodeBackward(
      Instruction depthwise, Instruction sum, Convolution convolution) {
    Value rectified = depthwise.input(0);
    Instruction reluGradient = consumer(rectified, Relu.Gradient.class);
    Instruction filterGradient = consumer(rectified, Convolution.FilterGradient.class);
    if (uses(rectified).size() != 3 || reluGradient == null || filterGradient == null) {
      return false;
    }
    Instruction inputGradient = producer(reluGradient.input(1), Convolution.InputGradient.class);
    Value sumGradient = reluGradient.output(0);
    Instruction weightGradient = consumer(sumGradient, WeightedSum.WeightGradient.class);
    if (inputGradient == null
        || weightGradient == null
        || !onlyConsumer(reluGradient.input(1), reluGradient)) {
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
    replaced.put(reluGradient, backward);
    removed.add(inputGradient);
    removed.add(filterGradient);
    removed.add(weightGradient);
    return true;
  }

  /** Sums of gradients that were scaled copies: the copies are read at their source instead. */
  private List<Instruction> fuseGradientSums() {
    for (Instruction instruction : instructions) {
      if (instruction.primitive() instanceof Add) {
        fuseGradientSum(instruction);
      }
    }
    return result();
  }

  private void fuseGradientSum(Instruction add) {
    List<Value> terms = new ArrayList<>();
    List<Value> scales = new ArrayList<>();
    List<Integer> edges = new ArrayList<>();
    List<Instruction> copies = new ArrayList<>();
    for (Value value : add.inputs()) {
      Instruction copy = producer(value, WeightedSum.InputGradient.class);
      if (copy != null && onlyConsumer(value, add)) {
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
      replaced.put(add, fused);
      removed.addAll(copies);
    }
  }

  private List<Instruction> result() {
    List<Instruction> result = new ArrayList<>();
    for (Instruction instruction : instructions) {
      if (!removed.contains(instruction)) {
        result.add(replaced.getOrDefault(instruction, instruction));
      }
    }
    return result;
  }

  private @Nullable Instruction producer(Value value, Class<? extends Primitive> primitive) {
    Instruction producer = producers.get(value);
    return producer != null && primitive.isInstance(producer.primitive()) ? producer : null;
  }

  private List<Instruction> uses(Value value) {
    return consumers.getOrDefault(value, List.of());
  }

  private @Nullable Instruction consumer(Value value, Class<? extends Primitive> primitive) {
    return uses(value).stream()
        .filter(use -> primitive.isInstance(use.primitive()))
        .findFirst()
        .orElse(null);
  }

  private boolean onlyConsumer(Value value, Instruction consumer) {
    List<Instruction> uses = uses(value);
    return uses.size() == 1 && uses.get(0) == consumer;
  }

  private static List<Value> append(List<Value> values, Value last) {
    List<Value> result = new ArrayList<>(values);
    result.add(last);
    return result;
  }
}
