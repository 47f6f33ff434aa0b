// SPDX-License-Identifier: Apache-2.0
package org.randwire.op;

import java.util.List;
import org.randwire.tensor.TensorShape;

/** Average over a window, padding not counted. Forward operands: x to y. */
public record AveragePool(Window window) implements Op, Primitive {

  @Override
  public TensorShape outputShape(List<TensorShape> inputs) {
    TensorShape input = Op.singleShape(inputs);
    return window.outputShape(input, input.channels());
  }

  @Override
  public void lower(Tape tape) {
    tape.emit(this, List.of(tape.input(0)), List.of(tape.output()));
  }

  @Override
  public void differentiate(Tape tape) {
    tape.emitGradient(0, new Gradient(window), List.of(tape.gradient()));
  }

  @Override
  public String label() {
    return "average-pool " + window;
  }

  /** Operands: dy to dx. */
  public record Gradient(Window window) implements Primitive {
    @Override
    public String label() {
      return "average-pool gradient " + window;
    }
  }
}
