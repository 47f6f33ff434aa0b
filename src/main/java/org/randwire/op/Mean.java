// SPDX-License-Identifier: Apache-2.0
package org.randwire.op;

import java.util.List;
import org.randwire.tensor.TensorShape;

/**
 * The unweighted average of the inputs: a stage's output node (RandWire, section 3). Forward
 * operands: (x_1 .. x_k) to y.
 */
public record Mean() implements Op, Primitive {

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
    // Every input has the same gradient, so one tensor serves them all.
    Value shared = tape.newGradient(0);
    tape.emit(new Gradient(tape.inputs().size()), List.of(tape.gradient()), List.of(shared));
    for (int i = 0; i < tape.inputs().size(); i++) {
      tape.contribute(i, shared);
    }
  }

  @Override
  public String label() {
    return "mean";
  }

  /** Operands: dy to dx, dy divided by the number of inputs. */
  public record Gradient(int inputs) implements Primitive {
    @Override
    public String label() {
      return "mean gradient";
    }
  }
}
