// SPDX-License-Identifier: Apache-2.0
package org.randwire.op;

/** What a compiled program is for. */
public enum Mode {
  /** Forward with batch statistics, backward; running statistics are updated. */
  TRAINING,
  /** Forward with running statistics; dropout off. */
  INFERENCE,
  /**
   * Forward with batch statistics that are left for the host to read; nothing else changes. Precise
   * batch normalisation averages them.
   */
  STATISTICS
}
