// SPDX-License-Identifier: Apache-2.0
package org.randwire.op;

import java.util.List;
import org.randwire.tensor.TensorShape;

/**
 * Zeros in place of the input, every {@code stride}-th pixel of it in height and width: the op
 * {@code none} of the DARTS space (Radosavovic et al. 2019, Table 3). Its gradient is zero too.
 * Forward operands: x to y, of which x is never read.
 *
 * @param stride at least 1; a size that is no multiple of it is rounded up
 */
public record Zero(int stride) implements Op, Primitive {

  public Zero {
    if (stride < 1) {
      throw new IllegalArgumentException("the stride must be at least 1, got " + stride);
    }
  }

  @Override
  public TensorShape outputShape(List<TensorShape> inputs) {
    TensorShape input = Op.singleShape(inputs);
    return Window.square(1, stride).outputShape(input, input.channels());
  }

  @Override
  public void lower(Tape tape) {
    tape.emit(this, List.of(tape.input(0)), List.of(tape.output()));
  }

  @Override
  public void differentiate(Tape tape) {
    tape.emitGradient(0, this, List.of(tape.gradient()));
  }

  @Override
  public String label() {
    return "zero";
  }
}
