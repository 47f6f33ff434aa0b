// SPDX-License-Identifier: Apache-2.0
package org.randwire.population;

import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32C;

/** CRC32C of texts and of lines of a journal. */
final class Checksum {

  private Checksum() {}

  static int of(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    return of(bytes, 0, bytes.length);
  }

  static int of(byte[] bytes, int from, int to) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, from, to - from);
    return (int) crc.getValue();
  }
}
