// SPDX-License-Identifier: Apache-2.0
package org.randwire.op;

import java.util.List;
import org.randwire.tensor.TensorShape;

/**
 * A fully connected layer with bias on {@code [N, I, 1, 1]}. Forward operands: (x, weight, bias) to
 * y; the weight is a filter {@code [O, I, 1, 1]}.
 */
public record Linear(int outputs) implements Op, Primitive {

  /** Standard deviation of the initial weights in the training code of the design spaces paper. */
  private static final double INITIAL_DEVIATION = 0.01;

  public Linear {
    if (outputs < 1) {
      throw new IllegalArgumentException("at least one output is needed, got " + outputs);
    }
  }

  @Override
  public TensorShape outputShape(List<TensorShape> inputs) {
    TensorShape input = Op.singleShape(inputs);
    if (input.pixels() != 1) {
      throw new IllegalArgumentException("a linear layer needs 1x1 pixels, got " + input);
    }
    return input.withChannels(outputs);
  }

  @Override
  public List<ParameterSpec> parameters(List<TensorShape> inputs) {
    TensorShape shape = new TensorShape(outputs, inputs.get(0).channels(), 1, 1);
    return List.of(
        ParameterSpec.filter("weight", shape, 2, INITIAL_DEVIATION),
        ParameterSpec.channels("bias", outputs, 0));
  }

  @Override
  public long multiplyAdds(List<TensorShape> inputs) {
    return Math.multiplyExact(inputs.get(0).elements(), (long) outputs);
  }

  @Override
  public void lower(Tape tape) {
    tape.emit(
        this,
        List.of(tape.input(0), tape.parameter("weight"), tape.parameter("bias")),
        List.of(tape.output()));
  }

  @Override
  public void differentiate(Tape tape) {
    tape.emitGradient(0, new InputGradient(), List.of(tape.gradient(), tape.parameter("weight")));
    tape.emit(
        new ParameterGradient(),
        List.of(tape.input(0), tape.gradient()),
        List.of(tape.parameterGradient("weight"), tape.parameterGradient("bias")));
  }

  @Override
  public String label() {
    return "linear";
  }

  /** Operands: (dy, weight) to dx. */
  public record InputGradient() implements Primitive {
    @Override
    public String label() {
      return "linear input-gradient";
    }
  }

  /** Operands: (x, dy) to (dweight, dbias). */
  public record ParameterGradient() implements Primitive {
    @Override
    public String label() {
      return "linear parameter-gradient";
    }
  }
}
