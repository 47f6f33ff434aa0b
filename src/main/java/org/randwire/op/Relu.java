// SPDX-License-Identifier: Apache-2.0
package org.randwire.op;

import java.util.List;
import org.randwire.tensor.TensorShape;

/** {@code max(x, 0)}; the gradient at 0 is 0. Forward operands: x to y. */
public record Relu() implements Op, Primitive {

  @Override
  public TensorShape outputShape(List<TensorShape> inputs) {
    return Op.singleShape(inputs);
  }

  @Override
  public void lower(Tape tape) {
    tape.emit(this, List.of(tape.input(0)), List.of(tape.output()));
  }

  @Override
  public void differentiate(Tape tape) {
    tape.emitGradient(0, new Gradient(), List.of(tape.output(), tape.gradient()));
  }

  @Override
  public String label() {
    return "relu";
  }

  /** Operands: (y, dy) to dx. */
  public record Gradient() implements Primitive {
    @Override
    public String label() {
      return "relu gradient";
    }
  }
}
