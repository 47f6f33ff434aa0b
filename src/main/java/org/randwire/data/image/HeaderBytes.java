// SPDX-License-Identifier: Apache-2.0
package org.randwire.data.image;

import org.randwire.data.DataException;

/** The bytes of a file up to some end, read with an error in place of an index outside. */
final class HeaderBytes {
  private final byte[] file;
  private final int end;

  /** Bytes in front of {@code end}, which is in [0, file.length]. */
  HeaderBytes(byte[] file, int end) {
    this.file = file;
    this.end = end;
  }

  int u8(int at) {
    require(at, 1);
    return Byte.toUnsignedInt(file[at]);
  }

  /** Sixteen bits, the highest first. */
  int u16(int at) {
    require(at, 2);
    return u8(at) << 8 | u8(at + 1);
  }

  /** Thirty-two bits, the highest first. */
  long u32(int at) {
    require(at, 4);
    return (long) u16(at) << 16 | u16(at + 2);
  }

  boolean matches(int at, String bytes) {
    return at >= 0 && at <= end - bytes.length() && ImageHeader.startsWith(file, at, bytes);
  }

  void require(int at, int count) {
    if (at < 0 || at > end - count) {
      throw new DataException("the file ends inside its header, after %d bytes".formatted(end));
    }
  }
}
