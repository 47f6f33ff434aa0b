// SPDX-License-Identifier: Apache-2.0
package org.randwire.op;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.randwire.tensor.TensorShape;

/**
 * A network as a list of ops in topological order: the first is the {@link Input}, the last gives
 * the logits. Immutable; complexity is counted from it and nowhere else.
 */
public final class OpGraph {

  private final List<OpNode> nodes;

  private OpGraph(List<OpNode> nodes) {
    this.nodes = List.copyOf(nodes);
  }

  public List<OpNode> nodes() {
    return nodes;
  }

  public OpNode node(int id) {
    return nodes.get(id);
  }

  public TensorShape inputShape() {
    return nodes.get(0).shape();
  }

  public OpNode output() {
    return nodes.get(nodes.size() - 1);
  }

  /** Shapes of a node's inputs for a batch. */
  public List<TensorShape> inputShapes(OpNode node, int batch) {
    return node.inputs().stream().map(id -> nodes.get(id).shape().withBatch(batch)).toList();
  }

  /** Trained parameters, padding not counted. */
  public long parameterCount() {
    long count = 0;
    for (OpNode node : nodes) {
      for (ParameterSpec spec : node.op().parameters(inputShapes(node, 1))) {
        count += spec.elements();
      }
    }
    return count;
  }

  /** Multiply-adds of one example's forward pass (the papers' "FLOPs"). */
  public long multiplyAdds() {
    long count = 0;
    for (OpNode node : nodes) {
      count += node.op().multiplyAdds(inputShapes(node, 1));
    }
    return count;
  }

  /** Output elements of all convolutions for one example (Radosavovic et al. 2020, section 3). */
  public long activations() {
    long count = 0;
    for (OpNode node : nodes) {
      if (node.op() instanceof Convolution) {
        count += node.shape().elements();
      }
    }
    return count;
  }

  /** Writes a graph op by op; every op's shape is checked as it is added. */
  public static final class Builder {
    private final List<OpNode> nodes = new ArrayList<>();
    private final Set<String> names = new HashSet<>();

    public Builder(TensorShape input) {
      add("input", new Input(input.withBatch(1)));
    }

    /** The id of the input node. */
    public int input() {
      return 0;
    }

    public TensorShape shape(int id) {
      return nodes.get(id).shape();
    }

    /** Adds an op and returns its id; the name must be new and the inputs must exist. */
    public int add(String name, Op op, List<Integer> inputs) {
      if (!names.add(name)) {
        throw new IllegalArgumentException("two nodes are called '" + name + "'");
      }
      for (int input : inputs) {
        if (input < 0 || input >= nodes.size()) {
          throw new IllegalArgumentException(
              "node '" + name + "' reads node " + input + " of " + nodes.size());
        }
      }
      TensorShape shape;
      try {
        shape = op.outputShape(inputs.stream().map(this::shape).toList());
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException("node '" + name + "': " + e.getMessage(), e);
      }
      nodes.add(new OpNode(nodes.size(), name, op, inputs, shape));
      return nodes.size() - 1;
    }

    public int add(String name, Op op, Integer... inputs) {
      return add(name, op, List.of(inputs));
    }

    public OpGraph build() {
      return new OpGraph(nodes);
    }
  }
}
