// SPDX-License-Identifier: Apache-2.0
package org.randwire.data.cifar;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import org.randwire.data.DataException;

/**
 * Reads the regular files of a tar archive one after the other without unpacking it. Links, folders
 * and extension headers are passed over, so nothing in the archive can reach outside of it.
 *
 * <p>Source of the layout: POSIX.1-1988 (ustar); older archives differ only in fields not read
 * here.
 */
final class TarReader {
  private static final int BLOCK_BYTES = 512;
  private static final int NAME_START = 0;
  private static final int NAME_BYTES = 100;
  private static final int SIZE_START = 124;
  private static final int SIZE_BYTES = 12;
  private static final int CHECKSUM_START = 148;
  private static final int CHECKSUM_BYTES = 8;
  private static final int TYPE = 156;

  private final Path archive;
  private final InputStream in;
  private long entrySize;
  private long unread;

  TarReader(Path archive, InputStream in) {
    this.archive = archive;
    this.in = in;
  }

  /** A regular file of the archive; its size is in bytes. */
  record Entry(String name, long size) {
    /** The part of the name after the last slash. */
    String fileName() {
      return name.substring(name.lastIndexOf('/') + 1);
    }
  }

  /** Moves to the next regular file; empty at the end of the archive. */
  Optional<Entry> next() throws IOException {
    while (true) {
      in.skipNBytes(unread);
      unread = 0;
      byte[] header = in.readNBytes(BLOCK_BYTES);
      if (header.length == 0 || isZero(header)) {
        // A compressed stream checks its sum only once it is read to its end.
        in.transferTo(OutputStream.nullOutputStream());
        return Optional.empty();
      }
      if (header.length < BLOCK_BYTES) {
        throw new EOFException();
      }
      requireChecksum(header);
      entrySize = octal(header, SIZE_START, SIZE_BYTES);
      unread = (entrySize + BLOCK_BYTES - 1) / BLOCK_BYTES * BLOCK_BYTES;
      if (header[TYPE] == '0' || header[TYPE] == 0) {
        return Optional.of(new Entry(text(header, NAME_START, NAME_BYTES), entrySize));
      }
    }
  }

  /** The content of the current file, which must not be larger than {@code maxBytes}. */
  byte[] content(int maxBytes) throws IOException {
    if (entrySize > maxBytes) {
      throw DataException.mismatch(
          archive, "an entry of at most " + maxBytes + " bytes", entrySize + " bytes");
    }
    byte[] content = in.readNBytes((int) entrySize);
    if (content.length < entrySize) {
      throw new EOFException();
    }
    unread -= entrySize;
    return content;
  }

  private void requireChecksum(byte[] header) {
    int sum = 0;
    for (int i = 0; i < BLOCK_BYTES; i++) {
      boolean inChecksum = i >= CHECKSUM_START && i < CHECKSUM_START + CHECKSUM_BYTES;
      sum += inChecksum ? ' ' : Byte.toUnsignedInt(header[i]);
    }
    if (octal(header, CHECKSUM_START, CHECKSUM_BYTES) != sum) {
      throw DataException.mismatch(archive, "a tar archive", "a header with a wrong checksum");
    }
  }

  private long octal(byte[] header, int start, int length) {
    String digits = text(header, start, length).strip();
    try {
      long value = Long.parseLong(digits, 8);
      if (value >= 0) {
        return value;
      }
    } catch (NumberFormatException e) {
      // Reported below, like a negative number.
    }
    throw DataException.mismatch(archive, "a tar archive", "a header without an octal number");
  }

  private static String text(byte[] header, int start, int length) {
    int end = start;
    while (end < start + length && header[end] != 0) {
      end++;
    }
    return new String(header, start, end - start, StandardCharsets.ISO_8859_1);
  }

  private static boolean isZero(byte[] block) {
    return Arrays.equals(block, new byte[block.length]);
  }
}
