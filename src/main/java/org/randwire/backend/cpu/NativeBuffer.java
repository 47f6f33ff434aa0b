// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cpu;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.atomic.AtomicLong;
import org.bytedeco.javacpp.Pointer;
import org.randwire.backend.Buffer;
import org.randwire.backend.OutOfDeviceMemoryException;
import org.randwire.backend.cpu.binding.Core;
import org.randwire.backend.cpu.binding.NativeCore;

/**
 * Host memory outside the Java heap: zeroed, aligned to 64 bytes, of any size, freed by {@link
 * #close()} and by nothing else. Addresses and views must not be used after that.
 */
public final class NativeBuffer implements Buffer {
  /** A cache line, and the width of an AVX-512 register. */
  static final int ALIGNMENT = 64;

  /** From here on a buffer is aligned to a huge page, and asks for such pages. */
  private static final long HUGE_PAGE = 2L << 20;

  /** Copies go through views of at most this many bytes. */
  private static final int LARGEST_VIEW = 1 << 30;

  private static final AtomicLong ALLOCATED = new AtomicLong();

  private final long sizeBytes;
  private final long address;

  /** What the allocator gave, 0 once it is freed. */
  private final AtomicLong allocation;

  /** Allocates at least one byte; throws {@link OutOfDeviceMemoryException}. */
  public NativeBuffer(long sizeBytes) {
    if (sizeBytes < 1) {
      throw new IllegalArgumentException("a buffer needs at least 1 byte, got " + sizeBytes);
    }
    long alignment = sizeBytes < HUGE_PAGE ? ALIGNMENT : HUGE_PAGE;
    // calloc, not malloc and memset: fresh pages are zero already and are not touched here.
    Pointer block =
        sizeBytes > Long.MAX_VALUE - alignment ? null : Pointer.calloc(1, sizeBytes + alignment);
    if (block == null || block.isNull()) {
      throw new OutOfDeviceMemoryException("no host memory for " + sizeBytes + " bytes");
    }
    this.sizeBytes = sizeBytes;
    this.allocation = new AtomicLong(block.address());
    this.address = (block.address() + alignment - 1) & -alignment;
    if (alignment == HUGE_PAGE && NativeCore.available()) {
      // A system without them says so, and all works as well, more slowly.
      Core.rw_use_huge_pages(new NativeAddress().set(address, 0), sizeBytes);
    }
    ALLOCATED.addAndGet(sizeBytes);
  }

  /** Bytes of all buffers of this process that are not closed. */
  public static long allocatedBytes() {
    return ALLOCATED.get();
  }

  @Override
  public long sizeBytes() {
    return sizeBytes;
  }

  /** The first byte's address, a multiple of 64. */
  public long address() {
    requireOpen();
    return address;
  }

  /** A window of the memory in native byte order. */
  public ByteBuffer view(long offset, int size) {
    requireOpen();
    requireRange(offset, size);
    return new NativeAddress()
        .set(address + offset, size)
        .asByteBuffer()
        .order(ByteOrder.nativeOrder());
  }

  @Override
  public void write(long offset, ByteBuffer source) {
    requireRange(offset, source.remaining());
    long position = offset;
    while (source.hasRemaining()) {
      int size = Math.min(source.remaining(), LARGEST_VIEW);
      view(position, size).put(source.slice(source.position(), size));
      source.position(source.position() + size);
      position += size;
    }
  }

  @Override
  public void read(long offset, ByteBuffer target) {
    requireRange(offset, target.remaining());
    long position = offset;
    while (target.hasRemaining()) {
      int size = Math.min(target.remaining(), LARGEST_VIEW);
      target.put(view(position, size));
      position += size;
    }
  }

  @Override
  public void close() {
    long block = allocation.getAndSet(0);
    if (block != 0) {
      Pointer.free(new NativeAddress().set(block, 0));
      ALLOCATED.addAndGet(-sizeBytes);
    }
  }

  private void requireOpen() {
    if (allocation.get() == 0) {
      throw new IllegalStateException("the buffer of " + sizeBytes + " bytes is closed");
    }
  }

  private void requireRange(long offset, long size) {
    if (offset < 0 || size < 0 || offset > sizeBytes - size) {
      throw new IndexOutOfBoundsException(
          size + " bytes at " + offset + " of a buffer of " + sizeBytes);
    }
  }
}
