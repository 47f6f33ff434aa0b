// SPDX-License-Identifier: Apache-2.0
package org.randwire.op;

import java.util.List;
import org.randwire.tensor.TensorShape;

/**
 * Maximum over a window; padding never wins. Of equal values the first in row order takes the whole
 * gradient. Forward operands: x to y.
 */
public record MaxPool(Window window) implements Op, Primitive {

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
    tape.emitGradient(0, new Gradient(window), List.of(tape.input(0), tape.gradient()));
  }

  @Override
  public String label() {
    return "max-pool " + window;
  }

  /** Operands: (x, dy) to dx. */
  public record Gradient(Window window) implements Primitive {
    @Override
    public String label() {
      return "max-pool gradient " + window;
    }
  }
}
