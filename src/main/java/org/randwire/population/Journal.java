// SPDX-License-Identifier: Apache-2.0
package org.randwire.population;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The journal of one writer: a file of its own, made at the first line, to which nobody else
 * appends. A line is on the medium when {@link #append} returns. A file whose end is in doubt after
 * a failure is left as it is and a new one is begun. Thread-safe.
 */
final class Journal implements AutoCloseable {

  static final String ENDING = ".jsonl";

  private final Path folder;
  private final String writer;
  private int files;
  private @Nullable FileChannel channel;

  /**
   * @param writer part of the file's name; no other writer, before or after, may have it
   */
  Journal(Path folder, String writer) {
    this.folder = folder;
    this.writer = writer;
  }

  /**
   * Appends one line and forces it.
   *
   * @throws IOException if that failed; readers will not see the line
   */
  synchronized void append(String kind, Map<String, ?> values) throws IOException {
    ByteBuffer line = ByteBuffer.wrap(JournalLine.encode(kind, values));
    FileChannel open = channel == null ? create() : channel;
    long start = open.position();
    try {
      while (line.hasRemaining()) {
        open.write(line);
      }
      open.force(false);
    } catch (IOException e) {
      abandon(open, start, e);
      throw e;
    }
  }

  private FileChannel create() throws IOException {
    Files.createDirectories(folder);
    Path file = folder.resolve(writer + (files == 0 ? "" : "." + files) + ENDING);
    FileChannel created =
        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    files++;
    channel = created;
    try (FileChannel names = FileChannel.open(folder, StandardOpenOption.READ)) {
      names.force(true);
    }
    return created;
  }

  /** Half a line must not stay in front of a whole one. */
  private void abandon(FileChannel open, long start, IOException cause) {
    channel = null;
    try (open) {
      open.truncate(start);
    } catch (IOException e) {
      cause.addSuppressed(e);
    }
  }

  @Override
  public synchronized void close() throws IOException {
    if (channel != null) {
      channel.close();
      channel = null;
    }
  }
}
