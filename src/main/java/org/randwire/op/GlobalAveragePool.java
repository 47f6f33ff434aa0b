// SPDX-License-Identifier: Apache-2.0
package org.randwire.op;

import java.util.List;
import org.randwire.tensor.TensorShape;

/** The average over H and W, {@code [N, C, H, W]} to {@code [N, C, 1, 1]}. Operands: x to y. */
public record GlobalAveragePool() implements Op, Primitive {

  @Override
  public TensorShape outputShape(List<TensorShape> inputs) {
    TensorShape input = Op.singleShape(inputs);
    return new TensorShape(input.batch(), input.channels(), 1, 1);
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
    return "global-average-pool";
  }

  /** Operands: dy to dx. */
  public record Gradient() implements Primitive {
    @Override
    public String label() {
      return "global-average-pool gradient";
    }
  }
}
