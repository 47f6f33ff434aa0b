// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cpu;

import org.randwire.backend.Backend;
import org.randwire.backend.CatalogBackend;
import org.randwire.backend.KernelCatalog;
import org.randwire.tensor.DataType;

/** The processor without the native core's kernels: oneDNN and Java only, float32. */
public final class JavaCpuBackend {
  private JavaCpuBackend() {}

  public static Backend create() {
    KernelCatalog.Builder builder = new KernelCatalog.Builder();
    OneDnnKernels.addTo(builder);
    JavaKernels.addTo(builder);
    return new CatalogBackend("cpu-java", new CpuBackend(DataType.FLOAT32, 1), builder.build());
  }
}
