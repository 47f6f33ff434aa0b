// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend;

import org.randwire.op.Value;

/** The memory of one instruction, as planned. */
public interface Binding {

  Slice slice(Value value);

  /** The kernel's scratch memory, shared by its regions and tasks. */
  Slice scratch();

  /** Scratch memory that only tasks running on this worker use, contents undefined. */
  Slice workerScratch(int worker);

  int workers();
}
