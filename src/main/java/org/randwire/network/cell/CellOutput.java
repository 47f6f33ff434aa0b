// SPDX-License-Identifier: Apache-2.0
package org.randwire.network.cell;

/** Which nodes a cell's output is the concatenation of (Radosavovic et al. 2019, Table 3). */
public enum CellOutput {
  /** L: those that no other node reads. */
  LOOSE,
  /** A: all. */
  ALL
}
