// SPDX-License-Identifier: Apache-2.0
package org.randwire.op;

import java.util.ArrayList;
import java.util.List;
import org.randwire.tensor.TensorShape;

/**
 * A node's aggregation (RandWire, section 3): the sum of the inputs, each times the sigmoid of a
 * trained scalar of its edge. A mask of ones and zeros per edge stands beside the weights: edge
 * drop sets one entry to 0 for one step. Forward operands: (x_1 .. x_k, weight, mask) to y.
 *
 * @param initialWeight start value of the raw weight, before the sigmoid
 */
public record WeightedSum(double initialWeight) implements Op, Primitive {

  public WeightedSum {
    if (!Double.isFinite(initialWeight)) {
      throw new IllegalArgumentException("the start weight must be finite, got " + initialWeight);
    }
  }

  @Override
  public TensorShape outputShape(List<TensorShape> inputs) {
    return Op.commonShape(inputs);
  }

  @Override
  public List<ParameterSpec> parameters(List<TensorShape> inputs) {
    return List.of(ParameterSpec.edges("weight", inputs.size(), initialWeight));
  }

  @Override
  public List<ParameterSpec> controls(List<TensorShape> inputs) {
    return List.of(ParameterSpec.edges("mask", inputs.size(), 1));
  }

  @Override
  public void lower(Tape tape) {
    List<Value> operands = new ArrayList<>(tape.inputs());
    operands.add(tape.parameter("weight"));
    operands.add(tape.parameter("mask"));
    tape.emit(this, operands, List.of(tape.output()));
  }

  @Override
  public void differentiate(Tape tape) {
    Value weight = tape.parameter("weight");
    Value mask = tape.parameter("mask");
    for (int i = 0; i < tape.inputs().size(); i++) {
      tape.emitGradient(i, new InputGradient(i), List.of(tape.gradient(), weight, mask));
    }
    List<Value> operands = new ArrayList<>(tape.inputs());
    operands.addAll(List.of(tape.gradient(), weight, mask));
    tape.emit(new WeightGradient(), operands, List.of(tape.parameterGradient("weight")));
  }

  @Override
  public String label() {
    return "weighted-sum";
  }

  /** Operands: (dy, weight, mask) to the gradient of input {@code edge}. */
  public record InputGradient(int edge) implements Primitive {
    @Override
    public String label() {
      return "weighted-sum input-gradient";
    }
  }

  /** Operands: (x_1 .. x_k, dy, weight, mask) to dweight. */
  public record WeightGradient() implements Primitive {
    @Override
    public String label() {
      return "weighted-sum weight-gradient";
    }
  }
}
