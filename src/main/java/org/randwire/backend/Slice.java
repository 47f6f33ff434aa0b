// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend;

/** A range of a buffer, in bytes. */
public record Slice(Buffer buffer, long offset, long sizeBytes) {

  public Slice {
    if (offset < 0 || sizeBytes < 0 || offset > buffer.sizeBytes() - sizeBytes) {
      throw new IndexOutOfBoundsException(
          "bytes " + offset + " to " + (offset + sizeBytes) + " of " + buffer.sizeBytes());
    }
  }
}
