// SPDX-License-Identifier: Apache-2.0
package org.randwire.op;

import java.util.List;
import org.randwire.tensor.TensorShape;

/**
 * One operator of a network. An op is a pure value: it knows its output shape, its parameters, its
 * cost and how to write its forward and backward instructions; it holds no weights and no memory.
 * Shapes handed to the methods have batch 1 for counting and the compiled batch for execution.
 */
public sealed interface Op
    permits Add,
        AuxiliaryLoss,
        AveragePool,
        BatchNorm,
        Concat,
        Convolution,
        DropPath,
        Dropout,
        GlobalAveragePool,
        Input,
        Linear,
        MaxPool,
        Mean,
        Relu,
        Shift,
        SoftmaxCrossEntropy,
        WeightedSum,
        Zero {

  /** The output's shape; throws {@link IllegalArgumentException} when the inputs do not fit. */
  TensorShape outputShape(List<TensorShape> inputs);

  /** The trained parameters, in the order of their declaration. */
  default List<ParameterSpec> parameters(List<TensorShape> inputs) {
    return List.of();
  }

  /** Values that training updates without gradients: running statistics. */
  default List<ParameterSpec> states(List<TensorShape> inputs) {
    return List.of();
  }

  /** Values the host may change before each step, at their mean at first: masks. */
  default List<ParameterSpec> controls(List<TensorShape> inputs) {
    return List.of();
  }

  /**
   * Multiply-adds of one forward pass (the papers' "FLOPs"); convolutions and linear layers only.
   */
  default long multiplyAdds(List<TensorShape> inputs) {
    return 0;
  }

  /** Writes the forward instructions. */
  void lower(Tape tape);

  /** Writes the backward instructions and names the gradient of each input that needs one. */
  void differentiate(Tape tape);

  /** The inputs' common shape, for ops that need all inputs alike. */
  static TensorShape commonShape(List<TensorShape> inputs) {
    if (inputs.isEmpty()) {
      throw new IllegalArgumentException("at least one input is needed");
    }
    TensorShape first = inputs.get(0);
    for (TensorShape shape : inputs) {
      if (!shape.equals(first)) {
        throw new IllegalArgumentException("inputs differ in shape: " + first + " and " + shape);
      }
    }
    return first;
  }

  /** The only input's shape. */
  static TensorShape singleShape(List<TensorShape> inputs) {
    if (inputs.size() != 1) {
      throw new IllegalArgumentException("exactly one input is needed, got " + inputs.size());
    }
    return inputs.get(0);
  }
}
