// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend;

import org.randwire.tensor.DataType;
import org.randwire.tensor.MemoryLayout;

/** A backend with other kernels. */
public record CatalogBackend(String name, Backend device, KernelCatalog catalog)
    implements Backend {

  @Override
  public String description() {
    return device.description();
  }

  @Override
  public MemoryLayout layout() {
    return device.layout();
  }

  @Override
  public DataType activationType() {
    return device.activationType();
  }

  @Override
  public DataType parameterType() {
    return device.parameterType();
  }

  @Override
  public int workers() {
    return device.workers();
  }

  @Override
  public Buffer allocate(long sizeBytes) {
    return device.allocate(sizeBytes);
  }

  @Override
  public long availableBytes() {
    return device.availableBytes();
  }

  @Override
  public void prepareWorker() {
    device.prepareWorker();
  }

  @Override
  public void close() {
    device.close();
  }
}
