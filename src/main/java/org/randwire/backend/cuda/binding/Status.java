// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cuda.binding;

import org.bytedeco.cuda.global.cudart;

/** What CUDA's functions return. */
final class Status {

  static final int SUCCESS = 0;
  static final int OUT_OF_MEMORY = 2;

  private Status() {}

  /** Throws unless a function of the runtime or the driver did what it should. */
  static void check(int status, String what) {
    if (status != SUCCESS) {
      throw new IllegalStateException(
          what + " failed: " + cudart.cudaGetErrorString(status).getString() + " (" + status + ")");
    }
  }
}
