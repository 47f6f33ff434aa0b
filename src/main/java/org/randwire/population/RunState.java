// SPDX-License-Identifier: Apache-2.0
package org.randwire.population;

/** How a run of a sweep ended. */
public enum RunState {
  DONE,
  /** A loss or gradient was not finite; training it again would end the same way. */
  DIVERGED,
  /** Memory was not enough, of the device, the heap or the machine, as often as it was tried. */
  OUT_OF_MEMORY,
  /** Its process died or hung as often as it was tried. */
  CRASHED,
  /** Stopped before its end, to be gone on with; no record in the store has this state. */
  INTERRUPTED
}
