// SPDX-License-Identifier: Apache-2.0
package org.randwire.data;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Reads the regular files of a tar archive one after the other without unpacking it. Links, folders
 * and other special entries are passed over, so nothing in the archive can reach outside of it.
 *
 * <p>The formats are those of POSIX.1-1988 (ustar, with its prefix), POSIX.1-2001 (PAX: {@code
 * path} and {@code size}) and GNU tar (long names, sizes in base 256). What a reader gives is a
 * function of the bytes alone. An archive without the block of zeros at its end is cut short.
 */
public final class TarReader {
  private static final int BLOCK_BYTES = 512;
  private static final int NAME_START = 0;
  private static final int NAME_BYTES = 100;
  private static final int SIZE_START = 124;
  private static final int SIZE_BYTES = 12;
  private static final int CHECKSUM_START = 148;
  private static final int CHECKSUM_BYTES = 8;
  private static final int TYPE = 156;
  private static final int MAGIC_START = 257;
  private static final int PREFIX_START = 345;
  private static final int PREFIX_BYTES = 155;
  private static final byte[] POSIX_MAGIC = {'u', 's', 't', 'a', 'r', 0};

  /** Longest extension: a name or a set of PAX records; longer ones would fill the memory. */
  private static final int MAX_EXTENSION_BYTES = 1 << 20;

  private final String place;
  private final InputStream in;
  private long position;
  private long unread;
  private @Nullable Entry current;

  /**
   * @param place names the archive in messages
   * @param in the archive from its first byte; its {@code skip} must not pass its end
   */
  public TarReader(Object place, InputStream in) {
    this.place = place.toString();
    this.in = in;
  }

  /**
   * A regular file of the archive.
   *
   * @param start where its headers begin in the archive, in bytes
   * @param contentStart where its content begins
   * @param size of its content in bytes
   */
  public record Entry(String name, long start, long contentStart, long size) {
    /** The part of the name after the last slash. */
    public String fileName() {
      return name.substring(name.lastIndexOf('/') + 1);
    }
  }

  /** What extension headers say of the entry that follows them. */
  private static final class Extension {
    @Nullable String name;
    @Nullable Long size;
  }

  /**
   * Moves to the next regular file; empty at the end of the archive.
   *
   * @throws DataException naming the byte at which it is no tar archive or is cut short
   */
  public Optional<Entry> next() throws IOException {
    Extension extension = new Extension();
    long start = -1;
    while (true) {
      skipUnread();
      long headerStart = position;
      start = start < 0 ? headerStart : start;
      byte[] header = read(BLOCK_BYTES);
      if (Arrays.equals(header, new byte[BLOCK_BYTES])) {
        current = null;
        return Optional.empty();
      }
      requireChecksum(header, headerStart);
      char type = (char) header[TYPE];
      long size = number(header, SIZE_START, SIZE_BYTES, headerStart);
      if (type == 'x' || type == 'L') {
        byte[] body = body(size, headerStart);
        if (type == 'x') {
          readRecords(body, headerStart, extension);
        } else {
          extension.name = text(body, 0, body.length);
        }
        continue;
      }
      // the size in an extension is that of the content, the field's may have been too small for it
      size = extension.size == null ? size : extension.size;
      if (size > Long.MAX_VALUE - position - BLOCK_BYTES) {
        throw damaged(headerStart, "a size of " + size + " bytes");
      }
      unread = padded(size);
      if (type == '0' || type == 0 || type == '7') {
        String name = extension.name == null ? name(header) : extension.name;
        current = new Entry(name, start, position, size);
        return Optional.of(current);
      }
      extension = new Extension();
      start = -1;
    }
  }

  /** The content of the current file, which must not be larger than {@code maxBytes}. */
  public byte[] content(int maxBytes) throws IOException {
    Entry entry = current;
    if (entry == null || position != entry.contentStart()) {
      throw new IllegalStateException("there is no entry whose content is still to be read");
    }
    if (entry.size() > maxBytes) {
      throw new DataException(
          "%s: expected at most %d bytes in %s, found %d"
              .formatted(place, maxBytes, entry.name(), entry.size()));
    }
    byte[] content = read((int) entry.size());
    unread -= content.length;
    return content;
  }

  private static long padded(long size) {
    return (size + BLOCK_BYTES - 1) / BLOCK_BYTES * BLOCK_BYTES;
  }

  private byte[] body(long size, long headerStart) throws IOException {
    if (size > MAX_EXTENSION_BYTES) {
      throw damaged(headerStart, "an extension of " + size + " bytes");
    }
    byte[] body = read((int) size);
    unread = padded(size) - size;
    return body;
  }

  private byte[] read(int count) throws IOException {
    byte[] bytes = in.readNBytes(count);
    position += bytes.length;
    if (bytes.length < count) {
      throw cutShort();
    }
    return bytes;
  }

  private void skipUnread() throws IOException {
    while (unread > 0) {
      long skipped = in.skip(unread);
      if (skipped <= 0) {
        if (in.read() < 0) {
          throw cutShort();
        }
        skipped = 1;
      }
      position += skipped;
      unread -= skipped;
    }
  }

  private DataException cutShort() {
    String where = current == null ? "" : ", in or behind " + current.name();
    return new DataException(
        "%s: expected a complete tar archive, found one cut short at byte %d%s"
            .formatted(place, position, where));
  }

  private DataException damaged(long at, String found) {
    return new DataException(
        "%s: expected a tar archive, found %s at byte %d".formatted(place, found, at));
  }

  private void requireChecksum(byte[] header, long at) {
    int unsigned = 0;
    int signed = 0; // as some old programs add up
    for (int i = 0; i < BLOCK_BYTES; i++) {
      boolean inChecksum = i >= CHECKSUM_START && i < CHECKSUM_START + CHECKSUM_BYTES;
      unsigned += inChecksum ? ' ' : Byte.toUnsignedInt(header[i]);
      signed += inChecksum ? ' ' : header[i];
    }
    long written = number(header, CHECKSUM_START, CHECKSUM_BYTES, at);
    if (written != unsigned && written != signed) {
      throw damaged(at, "a header with a wrong checksum");
    }
  }

  /** Octal digits, or GNU tar's big-endian number behind a byte 0x80. */
  private long number(byte[] header, int start, int length, long at) {
    if (header[start] == (byte) 0x80) {
      long value = 0;
      for (int i = start + 1; i < start + length; i++) {
        if (value >>> 55 != 0) {
          throw damaged(at, "a header with a number above 2^63");
        }
        value = value << 8 | Byte.toUnsignedInt(header[i]);
      }
      return value;
    }
    String digits = text(header, start, length).strip();
    try {
      long value = Long.parseLong(digits, 8);
      if (value >= 0) {
        return value;
      }
    } catch (NumberFormatException e) {
      // Reported below, like a negative number.
    }
    throw damaged(at, "a header without an octal number");
  }

  /** Records {@code "LENGTH KEY=VALUE\n"}, the length that of the whole record in decimal. */
  private void readRecords(byte[] body, long at, Extension into) {
    int start = 0;
    while (start < body.length) {
      int blank = indexOf(body, ' ', start);
      int end = blank < 0 ? -1 : start + decimal(body, start, blank);
      if (end <= blank + 1 || end > body.length || body[end - 1] != '\n') {
        throw damaged(at, "a damaged PAX header");
      }
      String[] pair = text(body, blank + 1, end - blank - 2).split("=", 2);
      if (pair.length == 2 && pair[0].equals("path")) {
        into.name = pair[1];
      } else if (pair.length == 2 && pair[0].equals("size")) {
        into.size = paxSize(pair[1], at);
      }
      start = end;
    }
  }

  private long paxSize(String digits, long at) {
    try {
      long size = Long.parseLong(digits);
      if (size >= 0) {
        return size;
      }
    } catch (NumberFormatException e) {
      // Reported below, like a negative number.
    }
    throw damaged(at, "a PAX header with a size that is no number");
  }

  /** A number of at most 7 digits; -1 for anything else. */
  private static int decimal(byte[] bytes, int from, int to) {
    if (to == from || to - from > 7) {
      return -1;
    }
    int value = 0;
    for (int i = from; i < to; i++) {
      if (bytes[i] < '0' || bytes[i] > '9') {
        return -1;
      }
      value = 10 * value + bytes[i] - '0';
    }
    return value;
  }

  private static int indexOf(byte[] bytes, char wanted, int from) {
    for (int i = from; i < bytes.length; i++) {
      if (bytes[i] == wanted) {
        return i;
      }
    }
    return -1;
  }

  private static String name(byte[] header) {
    String name = text(header, NAME_START, NAME_BYTES);
    int magicEnd = MAGIC_START + POSIX_MAGIC.length;
    if (!Arrays.equals(header, MAGIC_START, magicEnd, POSIX_MAGIC, 0, POSIX_MAGIC.length)) {
      return name; // before POSIX, or GNU, which keeps other things in place of the prefix
    }
    String prefix = text(header, PREFIX_START, PREFIX_BYTES);
    return prefix.isEmpty() ? name : prefix + "/" + name;
  }

  private static String text(byte[] bytes, int start, int length) {
    int end = start;
    while (end < start + length && bytes[end] != 0) {
      end++;
    }
    return new String(bytes, start, end - start, StandardCharsets.UTF_8);
  }
}
