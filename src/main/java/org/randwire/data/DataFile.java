// SPDX-License-Identifier: Apache-2.0
package org.randwire.data;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;

/**
 * A file of a data set, plain or compressed by gzip; which of the two is told from its first bytes.
 * Every failure to read becomes a {@link DataException} that names the file.
 */
public final class DataFile {
  private static final int GZIP_MAGIC = 0x1F8B;
  private static final int BUFFER_BYTES = 1 << 16;

  private final Path path;

  public DataFile(Path path) {
    this.path = path;
  }

  /** What to do with the uncompressed bytes of a file. */
  @FunctionalInterface
  public interface Reader<T> {
    T read(InputStream in) throws IOException;
  }

  /**
   * The uncompressed bytes.
   *
   * @param maxBytes the largest size that makes sense; a larger file is refused before it fills the
   *     memory
   */
  public byte[] bytes(int maxBytes) {
    return read(
        in -> {
          byte[] bytes = in.readNBytes(maxBytes);
          if (in.read() >= 0) {
            throw DataException.mismatch(path, "at most " + maxBytes + " bytes", "more");
          }
          return bytes;
        });
  }

  /** Opens the file, hands its uncompressed bytes to the reader and closes it. */
  public <T> T read(Reader<T> reader) {
    try (InputStream in = open()) {
      return reader.read(in);
    } catch (NoSuchFileException e) {
      throw new DataException(path + ": no such file", e);
    } catch (EOFException e) {
      throw DataException.mismatch(path, "a complete file", "one that is cut short");
    } catch (ZipException e) {
      throw DataException.mismatch(path, "an intact gzip file", "damage: " + e.getMessage());
    } catch (IOException e) {
      throw new DataException(path + ": cannot be read: " + e.getMessage(), e);
    }
  }

  private InputStream open() throws IOException {
    InputStream file = new BufferedInputStream(Files.newInputStream(path), BUFFER_BYTES);
    try {
      file.mark(2);
      int magic = file.read() << 8 | file.read();
      file.reset();
      return magic == GZIP_MAGIC
          ? new BufferedInputStream(new GZIPInputStream(file, BUFFER_BYTES), BUFFER_BYTES)
          : file;
    } catch (IOException | RuntimeException e) {
      file.close();
      throw e;
    }
  }
}
