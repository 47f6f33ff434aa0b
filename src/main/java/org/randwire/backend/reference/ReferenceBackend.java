// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.reference;

import java.util.concurrent.atomic.AtomicLong;
import org.randwire.backend.Backend;
import org.randwire.backend.Buffer;
import org.randwire.backend.KernelCatalog;
import org.randwire.backend.OutOfDeviceMemoryException;
import org.randwire.tensor.DataType;
import org.randwire.tensor.MemoryLayout;

/**
 * Plain Java over {@code NCHW} tensors without padding. Every kernel computes in double, whatever
 * the type of the memory, and is one task; it serves every primitive.
 */
public final class ReferenceBackend implements Backend {

  private final DataType type;
  private final int workers;
  private final KernelCatalog catalog = ReferenceKernels.catalog();
  private final AtomicLong allocatedBytes = new AtomicLong();

  /** One worker. */
  public ReferenceBackend(DataType type) {
    this(type, 1);
  }

  /**
   * A backend that stores activations and parameters alike.
   *
   * @param type {@link DataType#FLOAT32} or {@link DataType#FLOAT64}
   * @param workers threads, at least 1; they are of use only to ops that may run at the same time
   */
  public ReferenceBackend(DataType type, int workers) {
    if (type != DataType.FLOAT32 && type != DataType.FLOAT64) {
      throw new IllegalArgumentException(
          "the reference computes in FLOAT32 or FLOAT64, not " + type);
    }
    if (workers < 1) {
      throw new IllegalArgumentException("at least 1 worker is needed, got " + workers);
    }
    this.type = type;
    this.workers = workers;
  }

  @Override
  public String name() {
    return "reference";
  }

  @Override
  public String description() {
    return "plain Java, " + type + ", " + workers + (workers == 1 ? " thread" : " threads");
  }

  @Override
  public MemoryLayout layout() {
    return MemoryLayout.CHANNELS_FIRST;
  }

  @Override
  public DataType activationType() {
    return type;
  }

  @Override
  public DataType parameterType() {
    return type;
  }

  @Override
  public int workers() {
    return workers;
  }

  @Override
  public Buffer allocate(long sizeBytes) {
    if (sizeBytes > Math.min(availableBytes(), ReferenceBuffer.LARGEST)) {
      throw new OutOfDeviceMemoryException(
          "no memory for "
              + sizeBytes
              + " bytes, "
              + availableBytes()
              + " are available and one buffer holds at most "
              + ReferenceBuffer.LARGEST);
    }
    return new ReferenceBuffer(Math.toIntExact(sizeBytes), allocatedBytes);
  }

  /** Java bounds memory outside the heap by the size of the heap, unless told otherwise. */
  @Override
  public long availableBytes() {
    return Math.max(0, Runtime.getRuntime().maxMemory() - allocatedBytes.get());
  }

  @Override
  public KernelCatalog catalog() {
    return catalog;
  }

  @Override
  public void close() {}
}
