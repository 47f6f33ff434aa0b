// SPDX-License-Identifier: Apache-2.0
package org.randwire.training;

/** Training produced a value that is not finite; the message names step and tensor. */
public final class DivergedException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final long step;
  private final String tensor;

  public DivergedException(long step, String tensor) {
    super("diverged in step " + step + ": the first value that is not finite is in " + tensor);
    this.step = step;
    this.tensor = tensor;
  }

  /** The step that was not finished, from 1. */
  public long step() {
    return step;
  }

  public String tensor() {
    return tensor;
  }
}
