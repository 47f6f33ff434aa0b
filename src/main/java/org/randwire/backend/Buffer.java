// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend;

import java.nio.ByteBuffer;

/** Device memory with one owner. Offsets and sizes are in bytes and checked. */
public interface Buffer extends AutoCloseable {

  long sizeBytes();

  /** Copies the remaining bytes of {@code source} to the device at {@code offset}. */
  void write(long offset, ByteBuffer source);

  /** Fills the remaining space of {@code target} from the device at {@code offset}. */
  void read(long offset, ByteBuffer target);

  /** Frees the memory; a second call does nothing. */
  @Override
  void close();
}
