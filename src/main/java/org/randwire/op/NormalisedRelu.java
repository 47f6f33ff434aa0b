// SPDX-License-Identifier: Apache-2.0
package org.randwire.op;

/**
 * Batch normalisation, an addition where a residual block ends, and ReLU as one primitive forward
 * and one backward: {@code y = max(norm(x) [+ shortcut], 0)}. Neither the normalised values nor
 * their sum with the shortcut reach memory, and of the gradients between only that of the shortcut.
 */
public final class NormalisedRelu {

  private NormalisedRelu() {}

  /**
   * Operands: (x, weight, bias, running mean, running variance[, shortcut]) to (y, batch mean,
   * biased batch variance); the running statistics are treated as {@code norm} says.
   */
  public record Forward(BatchNorm.Forward norm) implements Primitive {
    @Override
    public String label() {
      return "batch-norm relu";
    }

    @Override
    public Forward repeated() {
      return new Forward(norm.repeated());
    }
  }

  /** Operands: (x, weight, bias, running mean, running variance[, shortcut]) to y. */
  public record Inference(double epsilon) implements Primitive {
    @Override
    public String label() {
      return "batch-norm relu inference";
    }
  }

  /**
   * Operands: (x, weight, bias, batch mean, batch variance[, y], dy_1[, dy_2]) to (dx, dweight,
   * dbias[, dshortcut]), where the gradient of y is the sum of the terms. With a shortcut y says
   * where the ReLU was open, and its gradient is what the ReLU lets through; without one the
   * normalised value is computed again, and may be off by its rounding at the ReLU's kink.
   */
  public record Gradient(double epsilon, boolean shortcut) implements Primitive {

    /** The position of dy_1 among the inputs; what follows are terms as well. */
    public int firstTerm() {
      return shortcut ? 6 : 5;
    }

    @Override
    public String label() {
      return "batch-norm relu gradient";
    }
  }
}
