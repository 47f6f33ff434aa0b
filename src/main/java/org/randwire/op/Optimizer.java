// SPDX-License-Identifier: Apache-2.0
package org.randwire.op;

/** The primitives of the parameter update; their operands are whole flat buffers. */
public final class Optimizer {

  private Optimizer() {}

  /** Positions in the vector of hyperparameters (float32, or float64 where parameters are). */
  public static final int LEARNING_RATE = 0;

  public static final int MOMENTUM = 1;
  public static final int WEIGHT_DECAY = 2;

  /** Factor on every gradient; {@link GradientScale} sets it. NaN: the step changes nothing. */
  public static final int GRADIENT_SCALE = 3;

  /** Share the moving average keeps of its old value. */
  public static final int AVERAGE_DECAY = 4;

  /** Largest norm of the gradients, to which a larger one is scaled; 0 for none. */
  public static final int GRADIENT_CLIP = 5;

  /** How many there are. */
  public static final int HYPERPARAMETERS = 6;

  /**
   * The scale by which gradients are used: {@code clip / norm} where a clip is set and the norm is
   * larger, 1 otherwise; NaN if the norm or a loss is not finite.
   */
  public static double gradientScale(double clip, double squaredNorm, double lossSum) {
    double norm = Math.sqrt(squaredNorm);
    if (!Double.isFinite(norm) || !Double.isFinite(lossSum)) {
      return Double.NaN;
    }
    return clip > 0 && norm > clip ? clip / norm : 1;
  }

  /**
   * Stochastic gradient descent with momentum as PyTorch defines it: {@code g = scale*g + decay*p;
   * v = momentum*v + g; p -= rate * (nesterov ? g + momentum*v : v)}. Momentum starts at zero.
   * Operands: (gradients, hyperparameters) to (parameters, momentum), both updated in place.
   */
  public record Sgd(boolean nesterov, boolean decays) implements Primitive {
    @Override
    public String label() {
      return "sgd";
    }
  }

  /**
   * {@code average = decay*average + (1-decay)*p}. Operands: (parameters, hyperparameters) to
   * average.
   */
  public record MovingAverage() implements Primitive {
    @Override
    public String label() {
      return "moving-average";
    }
  }

  /**
   * {@link Optimizer#gradientScale} with the sum of the losses. Operands: (squared norm, losses) to
   * hyperparameters, updated in place.
   */
  public record GradientScale() implements Primitive {
    @Override
    public String label() {
      return "gradient-scale";
    }
  }

  /** Operands: x to the sum of its squares in float64; infinite or NaN if any element is. */
  public record SquaredNorm() implements Primitive {
    @Override
    public String label() {
      return "squared-norm";
    }
  }
}
