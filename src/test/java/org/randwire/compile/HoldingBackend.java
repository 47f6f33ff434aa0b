// SPDX-License-Identifier: Apache-2.0
package org.randwire.compile;

import org.randwire.backend.Backend;
import org.randwire.backend.Buffer;
import org.randwire.backend.KernelCatalog;
import org.randwire.backend.reference.ReferenceBackend;
import org.randwire.tensor.DataType;
import org.randwire.tensor.MemoryLayout;

/** The reference, which keeps data sets in its memory as a GPU does. */
public final class HoldingBackend implements Backend {
  private final Backend reference;
  private final long dataBytes;

  /** Keeps data sets of at most so many bytes. */
  public HoldingBackend(DataType type, long dataBytes) {
    reference = new ReferenceBackend(type);
    this.dataBytes = dataBytes;
  }

  @Override
  public long dataBytes() {
    return dataBytes;
  }

  @Override
  public String name() {
    return reference.name();
  }

  @Override
  public String description() {
    return reference.description();
  }

  @Override
  public MemoryLayout layout() {
    return reference.layout();
  }

  @Override
  public DataType activationType() {
    return reference.activationType();
  }

  @Override
  public DataType parameterType() {
    return reference.parameterType();
  }

  @Override
  public int workers() {
    return reference.workers();
  }

  @Override
  public Buffer allocate(long sizeBytes) {
    return reference.allocate(sizeBytes);
  }

  @Override
  public long availableBytes() {
    return reference.availableBytes();
  }

  @Override
  public KernelCatalog catalog() {
    return reference.catalog();
  }

  @Override
  public void close() {
    reference.close();
  }
}
