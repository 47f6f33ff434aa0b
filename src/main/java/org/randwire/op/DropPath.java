// SPDX-License-Identifier: Apache-2.0
package org.randwire.op;

import java.util.List;
import org.randwire.tensor.TensorShape;

/**
 * Drops a path of a cell, for some examples of a batch (Larsson et al. 2017, as the code of DARTS
 * has it): each example is set to zero with the rate of the step and scaled by {@code 1/(1-rate)}
 * otherwise; the identity outside of training. The rate grows from 0 to {@code finalRate} with the
 * epochs. The factors are a control the host draws before each step. Forward operands: (x, mask) to
 * y; the mask is float32, {@code [N, 1, 1, 1]}.
 *
 * @param finalRate that of the end of training, in [0, 1)
 */
public record DropPath(double finalRate) implements Op, Primitive {

  public DropPath {
    if (!(finalRate >= 0 && finalRate < 1)) {
      throw new IllegalArgumentException("the drop path rate must lie in [0, 1), got " + finalRate);
    }
  }

  @Override
  public TensorShape outputShape(List<TensorShape> inputs) {
    return Op.singleShape(inputs);
  }

  @Override
  public List<ParameterSpec> controls(List<TensorShape> inputs) {
    TensorShape perExample = new TensorShape(inputs.get(0).batch(), 1, 1, 1);
    return List.of(new ParameterSpec("mask", ParameterSpec.Kind.ACTIVATION, perExample, 4, 1, 0));
  }

  @Override
  public void lower(Tape tape) {
    tape.emit(this, List.of(tape.input(0), tape.parameter("mask")), List.of(tape.output()));
  }

  @Override
  public void differentiate(Tape tape) {
    tape.emitGradient(0, this, List.of(tape.gradient(), tape.parameter("mask")));
  }

  @Override
  public String label() {
    return "drop-path";
  }
}
