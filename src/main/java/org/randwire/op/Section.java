// SPDX-License-Identifier: Apache-2.0
package org.randwire.op;

/** The memory a value lives in; all but the arena outlive a step. */
public enum Section {
  /** Activations and their gradients; planned by liveness, overwritten within a step. */
  ARENA,
  /** Trained parameters, one flat buffer. */
  PARAMETERS,
  /** Gradients of the parameters, at the same offsets. */
  GRADIENTS,
  /** Mean of the gradients of several batches, at the same offsets. */
  MEAN_GRADIENTS,
  /** Momentum of the parameters, at the same offsets. */
  MOMENTUM,
  /** Exponential moving average of the parameters, at the same offsets. */
  AVERAGE,
  /** Running statistics. */
  STATE,
  /** Mean and variance of the last batch. */
  STATISTICS,
  /** Masks and hyperparameters written by the host. */
  CONTROLS,
  /** The images of the batch. */
  INPUT,
  /** The labels of the batch. */
  LABELS,
  /** A data set that stays on the device, and which of its examples are the batch. */
  DATA
}
