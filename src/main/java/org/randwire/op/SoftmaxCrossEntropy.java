// SPDX-License-Identifier: Apache-2.0
package org.randwire.op;

import java.util.List;
import org.randwire.tensor.TensorShape;

/**
 * Cross-entropy of the softmax of logits {@code [N, K, 1, 1]} against labels, per example. The
 * target is {@code 1 - labelSmoothing} on the label plus {@code labelSmoothing / K} on every class
 * (Szegedy et al. 2016). The loss of a batch is the mean, so the gradient is divided by N. Forward
 * operands: (logits, labels) to losses {@code [N, 1, 1, 1]} in float32.
 */
public record SoftmaxCrossEntropy(double labelSmoothing) implements Op, Primitive {

  public SoftmaxCrossEntropy {
    if (!(labelSmoothing >= 0 && labelSmoothing < 1)) {
      throw new IllegalArgumentException(
          "label smoothing must lie in [0, 1), got " + labelSmoothing);
    }
  }

  @Override
  public TensorShape outputShape(List<TensorShape> inputs) {
    TensorShape logits = Op.singleShape(inputs);
    if (logits.pixels() != 1) {
      throw new IllegalArgumentException("logits need 1x1 pixels, got " + logits);
    }
    return logits.withChannels(1);
  }

  @Override
  public void lower(Tape tape) {
    tape.emit(this, List.of(tape.input(0), tape.labels()), List.of(tape.output()));
  }

  @Override
  public void differentiate(Tape tape) {
    tape.emitGradient(0, new Gradient(labelSmoothing), List.of(tape.input(0), tape.labels()));
  }

  @Override
  public String label() {
    return "softmax-cross-entropy";
  }

  /** Operands: (logits, labels) to dlogits. */
  public record Gradient(double labelSmoothing) implements Primitive {
    @Override
    public String label() {
      return "softmax-cross-entropy gradient";
    }
  }
}
