// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend;

import java.util.List;

/**
 * An implementation chosen for one instruction, not yet tied to memory. Its regions run one after
 * the other with a barrier between them; the tasks of one region run at the same time.
 */
public interface Kernel {

  /** The name in plans and profiles, for example {@code onednn.convolution}. */
  String name();

  /** The number of regions, at least 1. */
  default int regions() {
    return 1;
  }

  /** Bytes of scratch memory while the kernel runs. */
  default long scratchBytes() {
    return 0;
  }

  /** Bytes of scratch memory for each worker. */
  default long workerScratchBytes() {
    return 0;
  }

  /** One call per region, tied to memory. */
  List<Call> bind(Binding binding);
}
