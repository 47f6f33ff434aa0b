// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cuda.binding;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A folder of what took time to find and depends on nothing but a key. A file is named by its key's
 * hash and begins with the hash of the rest, so that a damaged one is as good as none. A folder
 * that cannot be read or written costs time, nothing else.
 *
 * @param path the folder; made when first needed
 */
public record CacheFolder(Path path) {

  private static final Logger LOGGER = LoggerFactory.getLogger(CacheFolder.class);

  private static final int HASH_BYTES = 32;
  private static final int NAME_BYTES = 16;

  /** The user's folder. */
  public static CacheFolder ofUser() {
    String folder = System.getenv("XDG_CACHE_HOME");
    Path base =
        folder == null || folder.isBlank()
            ? Path.of(System.getProperty("user.home"), ".cache")
            : Path.of(folder);
    return new CacheFolder(base.resolve("randwire").resolve("cuda"));
  }

  /** The file of a key; {@code label} begins its name, for a person. */
  Path file(String label, String key) {
    byte[] hash = hash(key.getBytes(StandardCharsets.UTF_8), 0);
    return path.resolve(label + "-" + HexFormat.of().formatHex(hash, 0, NAME_BYTES));
  }

  Optional<byte[]> read(String label, String key) {
    Path file = file(label, key);
    try {
      if (!Files.exists(file)) {
        return Optional.empty();
      }
      byte[] all = Files.readAllBytes(file);
      boolean whole =
          all.length >= HASH_BYTES
              && Arrays.equals(hash(all, HASH_BYTES), Arrays.copyOf(all, HASH_BYTES));
      return whole
          ? Optional.of(Arrays.copyOfRange(all, HASH_BYTES, all.length))
          : Optional.empty();
    } catch (IOException e) {
      LOGGER.debug("cannot read {}", file, e);
      return Optional.empty();
    }
  }

  void write(String label, String key, byte[] content) {
    Path file = file(label, key);
    try {
      Files.createDirectories(path);
      Path temporary = Files.createTempFile(path, label, ".part");
      Files.write(temporary, hash(content, 0));
      Files.write(temporary, content, java.nio.file.StandardOpenOption.APPEND);
      Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      LOGGER.debug("cannot keep {}", file, e);
    }
  }

  private static byte[] hash(byte[] bytes, int from) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update(bytes, from, bytes.length - from);
      return digest.digest();
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
