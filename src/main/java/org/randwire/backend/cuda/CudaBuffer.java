// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cuda;

import java.nio.ByteBuffer;
import org.randwire.backend.Buffer;
import org.randwire.backend.cuda.binding.Device;

/** Device memory. */
final class CudaBuffer implements Buffer {
  private final Device device;
  private final long address;
  private final long sizeBytes;
  private boolean open = true;

  CudaBuffer(Device device, long sizeBytes) {
    if (sizeBytes < 1) {
      throw new IllegalArgumentException("a buffer needs at least 1 byte, got " + sizeBytes);
    }
    this.device = device;
    this.sizeBytes = sizeBytes;
    this.address = device.allocate(sizeBytes);
  }

  long address() {
    if (!open) {
      throw new IllegalStateException("the buffer of " + sizeBytes + " bytes is closed");
    }
    return address;
  }

  @Override
  public long sizeBytes() {
    return sizeBytes;
  }

  @Override
  public void write(long offset, ByteBuffer source) {
    device.write(at(offset, source.remaining()), source);
  }

  @Override
  public void read(long offset, ByteBuffer target) {
    device.read(at(offset, target.remaining()), target);
  }

  private long at(long offset, long size) {
    if (offset < 0 || offset > sizeBytes - size) {
      throw new IndexOutOfBoundsException(
          size + " bytes at " + offset + " of a buffer of " + sizeBytes);
    }
    return address() + offset;
  }

  @Override
  public void close() {
    if (open) {
      open = false;
      device.free(address);
    }
  }
}
