// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cpu;

import org.randwire.backend.Backend;
import org.randwire.backend.Buffer;
import org.randwire.backend.KernelCatalog;
import org.randwire.tensor.DataType;
import org.randwire.tensor.MemoryLayout;

/** The processor without the native core: oneDNN and Java only, float32. */
public final class JavaCpuBackend implements Backend {
  private final CpuBackend cpu = new CpuBackend(DataType.FLOAT32, 1);
  private final KernelCatalog catalog;

  public JavaCpuBackend() {
    KernelCatalog.Builder builder = new KernelCatalog.Builder();
    OneDnnKernels.addTo(builder);
    JavaKernels.addTo(builder);
    catalog = builder.build();
  }

  @Override
  public String name() {
    return "cpu-java";
  }

  @Override
  public String description() {
    return cpu.description();
  }

  @Override
  public MemoryLayout layout() {
    return cpu.layout();
  }

  @Override
  public DataType activationType() {
    return cpu.activationType();
  }

  @Override
  public DataType parameterType() {
    return cpu.parameterType();
  }

  @Override
  public int workers() {
    return cpu.workers();
  }

  @Override
  public Buffer allocate(long sizeBytes) {
    return cpu.allocate(sizeBytes);
  }

  @Override
  public long availableBytes() {
    return cpu.availableBytes();
  }

  @Override
  public KernelCatalog catalog() {
    return catalog;
  }

  @Override
  public void prepareWorker() {
    cpu.prepareWorker();
  }

  @Override
  public void close() {
    cpu.close();
  }
}
