// SPDX-License-Identifier: Apache-2.0
package org.randwire.export;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/** Files that appear whole or not at all. */
final class WholeFile {

  /** Writes the content. */
  interface Content {
    void writeTo(FileChannel channel) throws IOException;
  }

  private WholeFile() {}

  /**
   * Writes a file in the place of one that may be there; once this returns it survives a power
   * loss.
   *
   * @throws UncheckedIOException if it cannot be written
   */
  static void write(Path file, Content content) {
    Path absolute = file.toAbsolutePath();
    Path temporary = absolute.resolveSibling(absolute.getFileName() + ".tmp");
    try {
      try {
        writeTo(temporary, content);
        Files.move(temporary, absolute, StandardCopyOption.ATOMIC_MOVE);
      } finally {
        Files.deleteIfExists(temporary);
      }
      forceFolder(absolute.getParent());
    } catch (IOException e) {
      throw new UncheckedIOException(file + ": cannot be written: " + e, e);
    }
  }

  private static void writeTo(Path file, Content content) throws IOException {
    try (FileChannel channel =
        FileChannel.open(
            file,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE)) {
      content.writeTo(channel);
      channel.force(true);
    }
  }

  /** Makes a new name in a folder durable. */
  private static void forceFolder(Path folder) throws IOException {
    try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  /** Writes all that is left of a buffer. */
  static void drain(ByteBuffer source, FileChannel channel) throws IOException {
    while (source.hasRemaining()) {
      channel.write(source);
    }
  }

  /** Writes floats through a buffer of the byte order wanted. */
  static void drain(float[] values, ByteBuffer buffer, FileChannel channel) throws IOException {
    int most = buffer.capacity() / Float.BYTES;
    for (int from = 0; from < values.length; from += most) {
      int count = Math.min(most, values.length - from);
      buffer.clear().asFloatBuffer().put(values, from, count);
      drain(buffer.limit(count * Float.BYTES), channel);
    }
  }
}
