// SPDX-License-Identifier: Apache-2.0
package org.randwire.op;

import java.util.List;
import org.randwire.tensor.TensorShape;

/** The inputs' channels one after the other. Forward operands: (x_1 .. x_k) to y. */
public record Concat() implements Op, Primitive {

  @Override
  public TensorShape outputShape(List<TensorShape> inputs) {
    int channels = 0;
    for (TensorShape shape : inputs) {
      if (!shape.withChannels(1).equals(inputs.get(0).withChannels(1))) {
        throw new IllegalArgumentException(
            "concatenated inputs differ in size: " + inputs.get(0) + " and " + shape);
      }
      channels += shape.channels();
    }
    if (inputs.isEmpty()) {
      throw new IllegalArgumentException("at least one input is needed");
    }
    return inputs.get(0).withChannels(channels);
  }

  @Override
  public void lower(Tape tape) {
    tape.emit(this, tape.inputs(), List.of(tape.output()));
  }

  @Override
  public void differentiate(Tape tape) {
    int first = 0;
    for (int i = 0; i < tape.inputs().size(); i++) {
      tape.emitGradient(i, new Slice(first), List.of(tape.gradient()));
      first += tape.input(i).shape().channels();
    }
  }

  @Override
  public String label() {
    return "concat";
  }

  /** Operands: x to y, the channels of x from {@code first} on, as many as y has. */
  public record Slice(int first) implements Primitive {
    @Override
    public String label() {
      return "slice";
    }
  }
}
