// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.reference;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.randwire.backend.Buffer;
import org.randwire.backend.OutOfDeviceMemoryException;

/** Zeroed memory outside the heap; Java frees it once it is closed and no kernel is bound to it. */
final class ReferenceBuffer implements Buffer {
  private static final int ALIGNMENT = 64;

  /** The most bytes of one buffer. */
  static final int LARGEST = Integer.MAX_VALUE - 2 * ALIGNMENT;

  private final int sizeBytes;
  private final AtomicLong allocatedBytes;
  private @Nullable ByteBuffer memory;

  ReferenceBuffer(int sizeBytes, AtomicLong allocatedBytes) {
    if (sizeBytes < 0) {
      throw new IllegalArgumentException("a buffer cannot have " + sizeBytes + " bytes");
    }
    try {
      this.memory =
          ByteBuffer.allocateDirect(sizeBytes + 2 * ALIGNMENT)
              .alignedSlice(ALIGNMENT)
              .slice(0, sizeBytes);
    } catch (OutOfMemoryError e) {
      throw new OutOfDeviceMemoryException("no memory for " + sizeBytes + " bytes");
    }
    this.sizeBytes = sizeBytes;
    this.allocatedBytes = allocatedBytes;
    allocatedBytes.addAndGet(sizeBytes);
  }

  /** A window of the memory in native byte order. */
  ByteBuffer view(long offset, long size) {
    if (memory == null) {
      throw new IllegalStateException("the buffer of " + sizeBytes + " bytes is closed");
    }
    if (offset < 0 || size < 0 || offset > sizeBytes - size) {
      throw new IndexOutOfBoundsException(
          size + " bytes at " + offset + " of a buffer of " + sizeBytes);
    }
    return memory.slice((int) offset, (int) size).order(ByteOrder.nativeOrder());
  }

  @Override
  public long sizeBytes() {
    return sizeBytes;
  }

  @Override
  public void write(long offset, ByteBuffer source) {
    view(offset, source.remaining()).put(source);
  }

  @Override
  public void read(long offset, ByteBuffer target) {
    target.put(view(offset, target.remaining()));
  }

  @Override
  public void close() {
    if (memory != null) {
      memory = null;
      allocatedBytes.addAndGet(-sizeBytes);
    }
  }
}
