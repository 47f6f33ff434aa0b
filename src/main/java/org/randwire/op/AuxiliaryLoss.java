// SPDX-License-Identifier: Apache-2.0
package org.randwire.op;

import java.util.List;
import org.randwire.tensor.TensorShape;

/**
 * Deep supervision (Lee et al. 2015): gives the first of two tensors of logits {@code [N, K, 1, 1]}
 * as it is, and in training adds {@code weight} times the cross-entropy of the second to what is
 * minimised. The loss that is reported stays that of the first. The weight stands beside the logits
 * as a control of their shape. Forward operands: (logits) to y.
 *
 * @param weight of the second loss, at least 0; 0.4 in the setting of DARTS
 * @param labelSmoothing of the second loss, in [0, 1)
 */
public record AuxiliaryLoss(double weight, double labelSmoothing) implements Op {

  public AuxiliaryLoss {
    if (!(weight >= 0) || !(labelSmoothing >= 0 && labelSmoothing < 1)) {
      throw new IllegalArgumentException(
          "the weight must not be negative and label smoothing lie in [0, 1), got "
              + weight
              + ", "
              + labelSmoothing);
    }
  }

  @Override
  public TensorShape outputShape(List<TensorShape> inputs) {
    if (inputs.size() != 2) {
      throw new IllegalArgumentException("exactly two inputs are needed, got " + inputs.size());
    }
    TensorShape logits = Op.commonShape(inputs);
    new SoftmaxCrossEntropy(labelSmoothing).outputShape(List.of(logits));
    return logits;
  }

  @Override
  public List<ParameterSpec> controls(List<TensorShape> inputs) {
    return List.of(
        new ParameterSpec("weight", ParameterSpec.Kind.ACTIVATION, inputs.get(1), 4, weight, 0));
  }

  @Override
  public void lower(Tape tape) {
    tape.emit(new Add(), List.of(tape.input(0)), List.of(tape.output()));
  }

  @Override
  public void differentiate(Tape tape) {
    tape.contribute(0, tape.gradient());
    if (tape.needsGradient(1)) {
      Value unweighted = tape.newGradient(1);
      Value gradient = tape.newGradient(1);
      tape.emit(
          new SoftmaxCrossEntropy.Gradient(labelSmoothing),
          List.of(tape.input(1), tape.labels()),
          List.of(unweighted));
      // Each element times a constant: what dropout's kernel does with its mask.
      tape.emit(new Dropout(0), List.of(unweighted, tape.parameter("weight")), List.of(gradient));
      tape.contribute(1, gradient);
    }
  }
}
