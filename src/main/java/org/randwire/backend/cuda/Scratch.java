// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cuda;

/** Adds up the parts of a kernel's scratch memory. */
final class Scratch {
  private static final int ALIGNMENT = 64;

  private long bytes;

  /** The offset of a new part. */
  long add(long sizeBytes) {
    long offset = bytes;
    bytes = Geometry.ceil(bytes + sizeBytes, ALIGNMENT) * ALIGNMENT;
    return offset;
  }

  long floats(long count) {
    return add(count * Float.BYTES);
  }

  long bytes() {
    return bytes;
  }
}
