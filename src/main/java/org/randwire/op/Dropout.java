// SPDX-License-Identifier: Apache-2.0
package org.randwire.op;

import java.util.List;
import org.randwire.tensor.TensorShape;

/**
 * Sets each value to zero with probability {@code rate} and scales the others by {@code 1/(1-rate)}
 * in training; the identity otherwise. The mask, scale included, is a control the host draws before
 * each step from its counter-based stream, so a run is the same on every backend. Forward operands:
 * (x, mask) to y; the mask is float32 in the layout of x.
 */
public record Dropout(double rate) implements Op, Primitive {

  public Dropout {
    if (!(rate >= 0 && rate < 1)) {
      throw new IllegalArgumentException("the dropout rate must lie in [0, 1), got " + rate);
    }
  }

  @Override
  public TensorShape outputShape(List<TensorShape> inputs) {
    return Op.singleShape(inputs);
  }

  @Override
  public List<ParameterSpec> controls(List<TensorShape> inputs) {
    return List.of(
        new ParameterSpec("mask", ParameterSpec.Kind.ACTIVATION, inputs.get(0), 4, 1, 0));
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
    return "dropout";
  }
}
