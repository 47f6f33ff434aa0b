// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.reference;

import java.util.List;
import org.randwire.backend.reference.ReferenceKernel.Operands;
import org.randwire.op.Instruction;
import org.randwire.op.NodeTransform;
import org.randwire.tensor.TensorShape;

/** The fused primitives of a node, as the chain of the plain ones they stand for. */
final class NodeTransforms {
  private NodeTransforms() {}

  /** The edges' scales, the weighted sum and its ReLU. */
  static List<TensorShape> forwardTemporaries(Instruction instruction) {
    TensorShape shape = instruction.input(0).shape();
    return List.of(TensorShape.vector(instruction.inputs().size() - 3), shape, shape);
  }

  /** The edges' scales, the weighted sum, its ReLU, and the gradients of both. */
  static List<TensorShape> backwardTemporaries(Instruction instruction) {
    TensorShape shape = instruction.input(0).shape();
    return List.of(TensorShape.vector(instruction.inputs().size() - 4), shape, shape, shape, shape);
  }

  static void forward(NodeTransform.Forward op, Operands t) {
    int edges = t.inputs().size() - 3;
    Tensor sum = t.temporary(1);
    Tensor relu = t.temporary(2);
    Sums.weightedSum(t.inputs(), t.in(edges), t.in(edges + 1), t.temporary(0), sum);
    Pointwise.relu(sum, relu);
    Convolutions.forward(op.depthwise(), relu, t.in(edges + 2), t.out(0));
  }

  static void backward(NodeTransform.Backward op, Operands t) {
    int edges = t.inputs().size() - 4;
    Tensor weight = t.in(edges);
    Tensor mask = t.in(edges + 1);
    Tensor filter = t.in(edges + 2);
    Tensor gradient = t.in(edges + 3);
    Tensor sum = t.temporary(1);
    Tensor relu = t.temporary(2);
    Tensor reluGradient = t.temporary(3);
    Tensor sumGradient = t.temporary(4);
    Sums.weightedSum(t.inputs(), weight, mask, t.temporary(0), sum);
    Pointwise.relu(sum, relu);
    Convolutions.filterGradient(op.depthwise(), relu, gradient, t.out(2));
    Convolutions.inputGradient(op.depthwise(), gradient, filter, reluGradient);
    Pointwise.reluGradient(relu, reluGradient, sumGradient);
    Sums.weightGradient(t.inputs(), sumGradient, weight, mask, t.out(1));
    Pointwise.copy(sumGradient, t.out(0));
  }
}
