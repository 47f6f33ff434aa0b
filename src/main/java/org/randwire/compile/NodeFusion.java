// SPDX-License-Identifier: Apache-2.0
package org.randwire.compile;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.randwire.backend.KernelCatalog;
import org.randwire.op.BatchNorm;
import org.randwire.op.Convolution;
import org.randwire.op.Instruction;
import org.randwire.op.NodeTransform;
import org.randwire.op.Primitive;
import org.randwire.op.Section;
import org.randwire.op.SeparableNode;
import org.randwire.op.Value;
import org.randwire.op.WeightedSum;
import org.randwire.tensor.DataType;
import org.randwire.tensor.MemoryLayout;
import org.randwire.tensor.TensorShape;

/**
 * The last step of {@link Fusion}: where a node's front is followed by a pointwise convolution and
 * a batch normalisation, the three become a {@link SeparableNode}. Its readers that are such nodes
 * too read the raw output; the normalised one is written only if somebody else wants it.
 */
final class NodeFusion {

  private final Program lowered;
  private final Rewriting program;
  private final KernelCatalog catalog;

  /** The nodes to fuse, in topological order. */
  private final List<Node> nodes = new ArrayList<>();

  /**
   * The same by their front, their normalised output and, in training, the gradient of their sum.
   */
  private final Map<Instruction, Node> byFront = new IdentityHashMap<>();

  private final Map<Value, Node> byOutput = new HashMap<>();

  private final Map<Value, Node> byGradient = new HashMap<>();

  /** Nodes whose backward kernel computes the pointwise filter's gradient too. */
  private final Set<Node> filterGradients =
      java.util.Collections.newSetFromMap(new IdentityHashMap<>());

  private final Map<Node, Value> sums = new IdentityHashMap<>();
  private final Map<Node, Value> packed = new IdentityHashMap<>();
  private final Map<Node, Value> transposed = new IdentityHashMap<>();
  private int nextValue;

  private NodeFusion(Program lowered, KernelCatalog catalog) {
    this.lowered = lowered;
    this.program = new Rewriting(lowered.instructions());
    this.catalog = catalog;
    for (Instruction instruction : lowered.instructions()) {
      instruction.inputs().forEach(value -> nextValue = Math.max(nextValue, value.id() + 1));
      instruction.outputs().forEach(value -> nextValue = Math.max(nextValue, value.id() + 1));
    }
  }

  static Program fuse(Program lowered, KernelCatalog catalog) {
    NodeFusion fusion = new NodeFusion(lowered, catalog);
    fusion.find();
    return fusion.nodes.isEmpty() ? lowered : lowered.withInstructions(fusion.rewrite());
  }

  /** The instructions that one fused node replaces. */
  private record Node(
      Instruction front, Instruction pointwise, Instruction norm, @Nullable Gradients gradients) {

    Value raw() {
      return pointwise.output(0);
    }

    Value output() {
      return norm.output(0);
    }

    double epsilon() {
      return norm.primitive() instanceof BatchNorm.Forward forward
          ? forward.epsilon()
          : ((BatchNorm.Inference) norm.primitive()).epsilon();
    }

    int inputs() {
      return front.inputs().size() - 3;
    }

    /** Mean, variance, weight and bias by which a reader normalises. */
    List<Value> normOperands() {
      boolean batch = norm.primitive() instanceof BatchNorm.Forward;
      return List.of(
          batch ? norm.output(1) : norm.input(3),
          batch ? norm.output(2) : norm.input(4),
          norm.input(1),
          norm.input(2));
    }
  }

  private record Gradients(
      Instruction norm, Instruction filter, Instruction pointwise, Instruction front) {}

  // ---- which nodes

  private void find() {
    for (Instruction instruction : program.instructions()) {
      if (instruction.primitive() instanceof NodeTransform.Forward) {
        Node node = match(instruction);
        if (node != null && node.epsilon() == epsilon(node) && supported(node)) {
          nodes.add(node);
          byFront.put(instruction, node);
          byOutput.put(node.output(), node);
          if (node.gradients() != null) {
            byGradient.put(node.gradients().front().output(0), node);
          }
        }
      }
    }
  }

  /** One epsilon serves all nodes: that of the first. */
  private double epsilon(Node node) {
    return nodes.isEmpty() ? node.epsilon() : nodes.get(0).epsilon();
  }

  private @Nullable Node match(Instruction front) {
    Instruction pointwise = program.consumer(front.output(0), Convolution.class);
    if (pointwise == null || !((Convolution) pointwise.primitive()).isPointwise()) {
      return null;
    }
    Value raw = pointwise.output(0);
    Instruction forward = program.consumer(raw, BatchNorm.Forward.class);
    Instruction norm = forward != null ? forward : program.consumer(raw, BatchNorm.Inference.class);
    if (norm == null) {
      return null;
    }
    if (program.consumers(front.output(0)).size() == 1 && program.consumers(raw).size() == 1) {
      return new Node(front, pointwise, norm, null);
    }
    Gradients gradients = matchGradients(front, pointwise);
    return gradients == null || program.consumers(raw).size() != 2
        ? null
        : new Node(front, pointwise, norm, gradients);
  }

  private @Nullable Gradients matchGradients(Instruction front, Instruction pointwise) {
    Instruction filter = program.consumer(front.output(0), Convolution.FilterGradient.class);
    Instruction norm = program.consumer(pointwise.output(0), BatchNorm.Gradient.class);
    if (filter == null || norm == null || program.consumers(front.output(0)).size() != 2) {
      return null;
    }
    Instruction input = program.consumer(norm.output(0), Convolution.InputGradient.class);
    if (input == null
        || program.consumers(norm.output(0)).size() != 2
        || program.consumers(input.output(0)).size() != 1) {
      return null;
    }
    Instruction back = program.consumer(input.output(0), NodeTransform.Backward.class);
    return back == null ? null : new Gradients(norm, filter, input, back);
  }

  /** Kernels do not mind which inputs are raw, so the answer does not depend on other nodes. */
  private boolean supported(Node node) {
    packed.put(node, packedValue(node, false));
    transposed.put(node, packedValue(node, true));
    if (node.gradients() == null) {
      return catalog.supports(forward(node));
    }
    sums.put(node, sumsValue(node));
    filterGradients.add(node);
    if (!catalog.supports(backward(node))) {
      filterGradients.remove(node);
    }
    return catalog.supports(forward(node)) && catalog.supports(backward(node));
  }

  // ---- the new instructions

  private List<Instruction> rewrite() {
    List<Instruction> result = new ArrayList<>();
    for (Node node : nodes) {
      result.add(packing(node, false, packed.get(node)));
      program.remove(node.pointwise());
      program.remove(node.norm());
      if (readByOthers(node)) {
        program.replace(node.front(), forward(node), normalised(node));
      } else {
        program.replace(node.front(), forward(node));
      }
      Gradients gradients = node.gradients();
      if (gradients != null) {
        result.add(packing(node, true, transposed.get(node)));
        rewriteGradients(node, gradients);
      }
    }
    result.addAll(program.result());
    return result;
  }

  private void rewriteGradients(Node node, Gradients gradients) {
    program.replace(gradients.norm(), backward(node));
    program.remove(gradients.pointwise());
    program.remove(gradients.front());
    if (filterGradients.contains(node)) {
      program.remove(gradients.filter());
    }
    Instruction puller = puller(node);
    if (puller != null) {
      program.remove(puller);
    }
  }

  private Instruction packing(Node node, boolean isTransposed, Value target) {
    return new Instruction(
        node.pointwise().node(),
        new SeparableNode.PackedFilter(isTransposed),
        List.of(node.pointwise().input(1)),
        List.of(target));
  }

  private Instruction forward(Node node) {
    List<Value> operands = inputs(node);
    operands.add(packed.get(node));
    List<Value> outputs = new ArrayList<>(List.of(node.raw()));
    BatchNorm.Forward norm = null;
    if (node.norm().primitive() instanceof BatchNorm.Forward forward) {
      norm = forward;
      operands.addAll(node.norm().inputs().subList(3, 5));
      outputs.addAll(node.norm().outputs().subList(1, 3));
    }
    boolean keepsFront = node.gradients() != null && !filterGradients.contains(node);
    if (keepsFront) {
      outputs.add(node.front().output(0));
    }
    Convolution depthwise = ((NodeTransform.Forward) node.front().primitive()).depthwise();
    return new Instruction(
        node.front().node(),
        new SeparableNode.Forward(depthwise, raw(node), node.epsilon(), norm, keepsFront),
        operands,
        outputs);
  }

  /** The inputs as {@link SeparableNode} describes them. */
  private List<Value> inputs(Node node) {
    List<Value> operands = new ArrayList<>();
    List<Value> norms = new ArrayList<>();
    for (Value x : node.front().inputs().subList(0, node.inputs())) {
      Node producer = byOutput.get(x);
      operands.add(producer == null ? x : producer.raw());
      norms.addAll(producer == null ? List.of() : producer.normOperands());
    }
    operands.addAll(norms);
    operands.addAll(node.front().inputs().subList(node.inputs(), node.inputs() + 3));
    return operands;
  }

  private List<Boolean> raw(Node node) {
    return node.front().inputs().subList(0, node.inputs()).stream()
        .map(byOutput::containsKey)
        .toList();
  }

  private Instruction normalised(Node node) {
    List<Value> norm = node.normOperands();
    return new Instruction(
        node.norm().node(),
        new BatchNorm.Inference(node.epsilon()),
        List.of(node.raw(), norm.get(2), norm.get(3), norm.get(0), norm.get(1)),
        List.of(node.output()));
  }

  private boolean readByOthers(Node node) {
    return program.consumers(node.output()).stream()
            .anyMatch(i -> !byFront.containsKey(i) && !isBackOfNode(i))
        || node.output().equals(lowered.logits());
  }

  private boolean isBackOfNode(Instruction instruction) {
    return instruction.primitive() instanceof NodeTransform.Backward
        && byGradient.containsKey(instruction.output(0));
  }

  private Instruction backward(Node node) {
    Gradients gradients = node.gradients();
    Instruction norm = gradients.norm();
    Instruction puller = puller(node);
    List<Value> operands = new ArrayList<>();
    List<Integer> edges = new ArrayList<>();
    if (puller == null) {
      operands.add(norm.input(1));
      edges.add(NodeTransform.GradientSum.UNSCALED);
    } else {
      edges.addAll(edges(puller));
      operands.addAll(puller.inputs().subList(0, edges.size()));
      for (int term = 0; term < edges.size(); term++) {
        int scale = edges.size() + 2 * term;
        operands.addAll(puller.inputs().subList(scale, scale + 2));
        operands.add(sums.get(byGradient.get(puller.input(term))));
      }
    }
    operands.addAll(List.of(norm.input(0), norm.input(2), norm.input(3), norm.input(4)));
    operands.add(transposed.get(node));
    operands.addAll(inputs(node));
    List<Value> outputs = new ArrayList<>(gradients.front().outputs());
    outputs.addAll(norm.outputs().subList(1, 3));
    outputs.add(sums.get(node));
    boolean filterGradient = filterGradients.contains(node);
    outputs.add(filterGradient ? gradients.filter().output(0) : norm.output(0));
    Convolution depthwise = ((NodeTransform.Backward) gradients.front().primitive()).depthwise();
    return new Instruction(
        gradients.front().node(),
        new SeparableNode.Backward(depthwise, raw(node), node.epsilon(), edges, filterGradient),
        operands,
        outputs);
  }

  /**
   * The sum of scaled gradients that the node can pull itself, with their sums: every term comes
   * from a fused node, and nobody else reads the sum.
   */
  private @Nullable Instruction puller(Node node) {
    Value gradient = node.gradients().norm().input(1);
    Instruction producer = program.producer(gradient);
    if (producer == null || program.consumers(gradient).size() != 1) {
      return null;
    }
    List<Integer> edges = edges(producer);
    boolean fits =
        !edges.isEmpty()
            && !edges.contains(NodeTransform.GradientSum.UNSCALED)
            && producer.inputs().subList(0, edges.size()).stream()
                .allMatch(byGradient::containsKey);
    return fits ? producer : null;
  }

  private static List<Integer> edges(Instruction instruction) {
    Primitive primitive = instruction.primitive();
    if (primitive instanceof NodeTransform.GradientSum sum) {
      return sum.edges();
    }
    return primitive instanceof WeightedSum.InputGradient copy ? List.of(copy.edge()) : List.of();
  }

  // ---- values

  private Value packedValue(Node node, boolean isTransposed) {
    Value filter = node.pointwise().input(1);
    return vector(
        filter.name() + (isTransposed ? " transposed" : " packed"),
        filter.elements(),
        node.raw().type());
  }

  private Value sumsValue(Node node) {
    long channels = node.front().input(0).storedChannels();
    return vector(node.front().node() + " sums", (1 + node.inputs()) * channels, DataType.FLOAT32);
  }

  private Value vector(String name, long elements, DataType type) {
    TensorShape shape = TensorShape.vector(Math.toIntExact(elements));
    return new Value(
        nextValue++, name, Section.ARENA, shape, MemoryLayout.CHANNELS_FIRST, type, elements, -1);
  }
}
