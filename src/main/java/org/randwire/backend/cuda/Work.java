// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cuda;

import org.randwire.backend.cuda.binding.Device;

/** What a region of a kernel enqueues: launches, which are batched, or calls of a library. */
sealed interface Work permits Launch, Work.Library {

  /** A library's call. */
  record Library(Device.LibraryCall call) implements Work {}
}
