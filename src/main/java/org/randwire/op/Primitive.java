// SPDX-License-Identifier: Apache-2.0
package org.randwire.op;

/**
 * What one {@link Instruction} computes. Every forward op is a primitive; its gradient's primitives
 * are nested in the op's own file, and {@link NodeTransform} holds the fused ones. The operands of
 * each are listed in its documentation.
 */
public interface Primitive {

  /** The name shown in plans and profiles, for example {@code convolution.filter-gradient}. */
  String label();

  /**
   * What a second run with the same operands within a step computes: the same outputs, but running
   * statistics stay as they are.
   */
  default Primitive repeated() {
    return this;
  }
}
