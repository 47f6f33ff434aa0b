// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cpu;

import org.randwire.backend.KernelCatalog;

/** The lines of the catalog that oneDNN serves. */
final class OneDnnKernels {
  private OneDnnKernels() {}

  static void addTo(KernelCatalog.Builder builder) {}
}
