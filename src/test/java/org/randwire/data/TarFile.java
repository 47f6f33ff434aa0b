// SPDX-License-Identifier: Apache-2.0
package org.randwire.data;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Writes tar archives entry by entry, odd ones too. */
public final class TarFile {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  /** A regular file with a name of at most 100 bytes. */
  public TarFile file(String name, byte[] content) {
    return entry('0', name, "", octal(content.length, 11), content);
  }

  /** An entry whose size field holds the given bytes. */
  public TarFile entry(char type, String name, String prefix, byte[] size, byte[] content) {
    byte[] header = new byte[512];
    put(header, 0, name);
    put(header, 100, "0000644\0");
    System.arraycopy(size, 0, header, 124, size.length);
    header[156] = (byte) type;
    put(header, 257, "ustar\00000");
    put(header, 345, prefix);
    return raw(withChecksum(header), content);
  }

  /** A PAX header for the entry that follows. */
  public TarFile pax(String... records) {
    StringBuilder text = new StringBuilder();
    for (String record : records) {
      int bytes = record.getBytes(StandardCharsets.UTF_8).length + 2;
      int length = bytes;
      while (length != bytes + Integer.toString(length).length()) {
        length = bytes + Integer.toString(length).length();
      }
      text.append(length).append(' ').append(record).append('\n');
    }
    byte[] body = text.toString().getBytes(StandardCharsets.UTF_8);
    return entry('x', "PaxHeaders/0", "", octal(body.length, 11), body);
  }

  public TarFile raw(byte[] header, byte[] content) {
    out.writeBytes(header);
    out.writeBytes(content);
    out.writeBytes(new byte[-content.length & 511]);
    return this;
  }

  /** With the two blocks of zeros. */
  public byte[] end() {
    out.writeBytes(new byte[1024]);
    return out.toByteArray();
  }

  static byte[] withChecksum(byte[] header) {
    Arrays.fill(header, 148, 156, (byte) ' ');
    int sum = 0;
    for (byte b : header) {
      sum += Byte.toUnsignedInt(b);
    }
    put(header, 148, "%06o\0 ".formatted(sum));
    return header;
  }

  /** Makes the checksum of an archive's first header right again. */
  static void withChecksum512(byte[] archive) {
    System.arraycopy(withChecksum(Arrays.copyOf(archive, 512)), 0, archive, 0, 512);
  }

  public static byte[] octal(long value, int digits) {
    return "%0{d}o\0"
        .replace("{d}", "" + digits)
        .formatted(value)
        .getBytes(StandardCharsets.US_ASCII);
  }

  static void put(byte[] header, int position, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    System.arraycopy(bytes, 0, header, position, bytes.length);
  }
}
