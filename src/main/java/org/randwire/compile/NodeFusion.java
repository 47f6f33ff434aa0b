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

  private final Program program;
  private final KernelCatalog catalog;
  private final Map<Value, Instruction> producers = new HashMap<>();
  private final Map<Value, List<Instruction>> consumers = new HashMap<>();

  /** The nodes to fuse, in topological order. */
  private final List<Node> nodes = new ArrayList<>();

  /**
   * The same by their front, their normalised output and, in training, the gradient of their sum.
   */
  private final Map<Instruction, Node> byFront = new IdentityHashMap<>();

  private final Map<Value, Node> byOutput = new HashMap<>();

  private final Map<Value, Node> byGradient = new HashMap<>();
  private final Map<Node, Value> sums = new IdentityHashMap<>();
  private final Map<Node, Value> packed = new IdentityHashMap<>();
  private final Map<Node, Value> transposed = new IdentityHashMap<>();
  private int nextValue;

  private NodeFusion(Program program, KernelCatalog catalog) {
    this.program = program;
    this.catalog = catalog;
    for (Instruction instruction : program.instructions()) {
      for (Value output : instruction.outputs()) {
        producers.put(output, instruction);
        nextValue = Math.max(nextValue, output.id() + 1);
      }
      for (Value input : new HashSet<>(instruction.inputs())) {
        consumers.computeIfAbsent(input, v -> new ArrayList<>()).add(instruction);
        nextValue = Math.max(nextValue, input.id() + 1);
      }
    }
  }

  static Program fuse(Program program, KernelCatalog catalog) {
    NodeFusion fusion = new NodeFusion(program, catalog);
    fusion.find();
    return fusion.nodes.isEmpty() ? program : program.withInstructions(fusion.rewrite());
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

  private record Gradients(Instruction norm, Instruction pointwise, Instruction front) {}

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
    Instruction pointwise = consumer(front.output(0), Convolution.class);
    if (pointwise == null || !((Convolution) pointwise.primitive()).isPointwise()) {
      return null;
    }
    Value raw = pointwise.output(0);
    Instruction forward = consumer(raw, BatchNorm.Forward.class);
    Instruction norm = forward != null ? forward : consumer(raw, BatchNorm.Inference.class);
    if (norm == null) {
      return null;
    }
    if (uses(front.output(0)) == 1 && uses(raw) == 1) {
      return new Node(front, pointwise, norm, null);
    }
    Gradients gradients = matchGradients(front, pointwise);
    return gradients == null || uses(raw) != 2 ? null : new Node(front, pointwise, norm, gradients);
  }

  private @Nullable Gradients matchGradients(Instruction front, Instruction pointwise) {
    Instruction filter = consumer(front.output(0), Convolution.FilterGradient.class);
    Instruction norm = consumer(pointwise.output(0), BatchNorm.Gradient.class);
    if (filter == null || norm == null || uses(front.output(0)) != 2) {
      return null;
    }
    Instruction input = consumer(norm.output(0), Convolution.InputGradient.class);
    if (input == null || uses(norm.output(0)) != 2 || uses(input.output(0)) != 1) {
      return null;
    }
    Instruction back = consumer(input.output(0), NodeTransform.Backward.class);
    return back == null ? null : new Gradients(norm, input, back);
  }

  /** Kernels do not mind which inputs are raw, so the answer does not depend on other nodes. */
  private boolean supported(Node node) {
    packed.put(node, packedValue(node, false));
    transposed.put(node, packedValue(node, true));
    if (!catalog.supports(forward(node))) {
      return false;
    }
    if (node.gradients() == null) {
      return true;
    }
    sums.put(node, sumsValue(node));
    return catalog.supports(backward(node));
  }

  // ---- the new instructions

  private List<Instruction> rewrite() {
    Set<Instruction> removed = java.util.Collections.newSetFromMap(new IdentityHashMap<>());
    Map<Instruction, Node> backs = new IdentityHashMap<>();
    List<Instruction> result = new ArrayList<>();
    for (Node node : nodes) {
      removed.addAll(List.of(node.pointwise(), node.norm()));
      result.add(packing(node, false, packed.get(node)));
      Gradients gradients = node.gradients();
      if (gradients != null) {
        removed.addAll(List.of(gradients.pointwise(), gradients.front()));
        backs.put(gradients.norm(), node);
        result.add(packing(node, true, transposed.get(node)));
        Instruction puller = puller(node);
        if (puller != null) {
          removed.add(puller);
        }
      }
    }
    for (Instruction instruction : program.instructions()) {
      Node node = byFront.get(instruction);
      if (node != null) {
        result.add(forward(node));
        if (readByOthers(node)) {
          result.add(normalised(node));
        }
      } else if (backs.containsKey(instruction)) {
        result.add(backward(backs.get(instruction)));
      } else if (!removed.contains(instruction)) {
        result.add(instruction);
      }
    }
    return result;
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
    List<Value> outputs = new ArrayList<>(List.of(node.front().output(0), node.raw()));
    BatchNorm.Forward norm = null;
    if (node.norm().primitive() instanceof BatchNorm.Forward forward) {
      norm = forward;
      operands.addAll(node.norm().inputs().subList(3, 5));
      outputs.addAll(node.norm().outputs().subList(1, 3));
    }
    Convolution depthwise = ((NodeTransform.Forward) node.front().primitive()).depthwise();
    return new Instruction(
        node.front().node(),
        new SeparableNode.Forward(depthwise, raw(node), node.epsilon(), norm),
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
    return consumers.getOrDefault(node.output(), List.of()).stream()
            .anyMatch(i -> !byFront.containsKey(i) && !isBackOfNode(i))
        || node.output().equals(program.logits());
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
    outputs.addAll(norm.outputs());
    outputs.add(sums.get(node));
    Convolution depthwise = ((NodeTransform.Backward) gradients.front().primitive()).depthwise();
    return new Instruction(
        gradients.front().node(),
        new SeparableNode.Backward(depthwise, raw(node), node.epsilon(), edges),
        operands,
        outputs);
  }

  /**
   * The sum of scaled gradients that the node can pull itself, with their sums: every term comes
   * from a fused node, and nobody else reads the sum.
   */
  private @Nullable Instruction puller(Node node) {
    Value gradient = node.gradients().norm().input(1);
    Instruction producer = producers.get(gradient);
    if (producer == null || uses(gradient) != 1) {
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

  private int uses(Value value) {
    return consumers.getOrDefault(value, List.of()).size();
  }

  private @Nullable Instruction consumer(Value value, Class<? extends Primitive> primitive) {
    return consumers.getOrDefault(value, List.of()).stream()
        .filter(use -> primitive.isInstance(use.primitive()))
        .findFirst()
        .orElse(null);
  }
}
