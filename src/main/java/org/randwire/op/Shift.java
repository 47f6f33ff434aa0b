// SPDX-License-Identifier: Apache-2.0
package org.randwire.op;

import java.util.List;
import org.randwire.tensor.TensorShape;

/**
 * The image moved one pixel up and left, zeros coming in: {@code y[h, w] = x[h+1, w+1]}. Followed
 * by a 1x1 convolution of stride 2 it is the second half of a factorised reduction (the NAS spaces'
 * stride-2 identity). Forward operands: x to y.
 */
public record Shift() implements Op, Primitive {

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
    tape.emitGradient(0, new Gradient(), List.of(tape.gradient()));
  }

  @Override
  public String label() {
    return "shift";
  }

  /** Operands: dy to dx. */
  public record Gradient() implements Primitive {
    @Override
    public String label() {
      return "shift gradient";
    }
  }
}
