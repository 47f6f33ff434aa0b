// SPDX-License-Identifier: Apache-2.0
package org.randwire.op;

import java.util.List;
import org.randwire.tensor.TensorShape;

/**
 * Batch normalisation over N, H and W (Ioffe and Szegedy 2015): normalises by the biased batch
 * variance; the running variance takes the unbiased one.
 *
 * @param epsilon added to the variance
 * @param momentum share of the new batch in the running statistics
 */
public record BatchNorm(double epsilon, double momentum) implements Op {

  /** The values of both papers' code. */
  public static final BatchNorm DEFAULT = new BatchNorm(1e-5, 0.1);

  public BatchNorm {
    if (!(epsilon > 0) || !(momentum >= 0 && momentum <= 1)) {
      throw new IllegalArgumentException(
          "epsilon must be above 0 and momentum within [0, 1], got " + epsilon + ", " + momentum);
    }
  }

  @Override
  public TensorShape outputShape(List<TensorShape> inputs) {
    return Op.singleShape(inputs);
  }

  @Override
  public List<ParameterSpec> parameters(List<TensorShape> inputs) {
    int channels = inputs.get(0).channels();
    return List.of(
        ParameterSpec.channels("weight", channels, 1), ParameterSpec.channels("bias", channels, 0));
  }

  @Override
  public List<ParameterSpec> states(List<TensorShape> inputs) {
    int channels = inputs.get(0).channels();
    return List.of(
        ParameterSpec.channels("running_mean", channels, 0),
        ParameterSpec.channels("running_var", channels, 1));
  }

  @Override
  public void lower(Tape tape) {
    List<Value> inputs =
        List.of(
            tape.input(0),
            tape.parameter("weight"),
            tape.parameter("bias"),
            tape.parameter("running_mean"),
            tape.parameter("running_var"));
    if (tape.mode() == Mode.INFERENCE) {
      tape.emit(new Inference(epsilon), inputs, List.of(tape.output()));
    } else {
      tape.emit(
          new Forward(epsilon, momentum, tape.mode() == Mode.TRAINING),
          inputs,
          List.of(tape.output(), batchMean(tape), batchVariance(tape)));
    }
  }

  @Override
  public void differentiate(Tape tape) {
    Value gradient = tape.newGradient(0);
    tape.emit(
        new Gradient(epsilon),
        List.of(
            tape.input(0),
            tape.gradient(),
            tape.parameter("weight"),
            batchMean(tape),
            batchVariance(tape)),
        List.of(gradient, tape.parameterGradient("weight"), tape.parameterGradient("bias")));
    tape.contribute(0, gradient);
  }

  private static Value batchMean(Tape tape) {
    return tape.statistic("mean", TensorShape.vector(tape.output().shape().channels()));
  }

  private static Value batchVariance(Tape tape) {
    return tape.statistic("variance", TensorShape.vector(tape.output().shape().channels()));
  }

  /**
   * Operands: (x, weight, bias, running mean, running variance) to (y, batch mean, biased batch
   * variance); the running statistics are updated in place if {@code updatesRunning}.
   */
  public record Forward(double epsilon, double momentum, boolean updatesRunning)
      implements Primitive {
    @Override
    public String label() {
      return "batch-norm";
    }

    @Override
    public Forward repeated() {
      return new Forward(epsilon, momentum, false);
    }
  }

  /** Operands: (x, weight, bias, running mean, running variance) to y. */
  public record Inference(double epsilon) implements Primitive {
    @Override
    public String label() {
      return "batch-norm inference";
    }
  }

  /** Operands: (x, dy, weight, batch mean, batch variance) to (dx, dweight, dbias). */
  public record Gradient(double epsilon) implements Primitive {
    @Override
    public String label() {
      return "batch-norm gradient";
    }
  }
}
