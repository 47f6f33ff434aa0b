// SPDX-License-Identifier: Apache-2.0
package org.randwire.benchmarks.engine;

/**
 * Stochastic gradient descent as PyTorch defines it, weight decay on every parameter.
 *
 * @param labelSmoothing of the cross-entropy
 */
public record Recipe(
    double learningRate, double momentum, double weightDecay, double labelSmoothing) {

  /** The RandWire paper's momentum, decay and label smoothing. */
  public static Recipe withRate(double learningRate) {
    return new Recipe(learningRate, 0.9, 5e-5, 0.1);
  }
}
