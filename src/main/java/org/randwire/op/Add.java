// SPDX-License-Identifier: Apache-2.0
package org.randwire.op;

import java.util.List;
import org.randwire.tensor.TensorShape;

/** The sum of the inputs. Forward operands: (x_1 .. x_k) to y. */
public record Add() implements Op, Primitive {

  @Override
  public TensorShape outputShape(List<TensorShape> inputs) {
    return Op.commonShape(inputs);
  }

  @Override
  public void lower(Tape tape) {
    tape.emit(this, tape.inputs(), List.of(tape.output()));
  }

  @Override
  public void differentiate(Tape tape) {
    for (int i = 0; i < tape.inputs().size(); i++) {
      tape.contribute(i, tape.gradient());
    }
  }

  @Override
  public String label() {
    return "add";
  }
}
