// SPDX-License-Identifier: Apache-2.0
package org.randwire.fuzz;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.randwire.export.FormatException;
import org.randwire.export.Safetensors;

/** Files of weights: tensors that have the values their shapes say, or a refusal. */
public final class SafetensorsFuzz {

  private static final Path FILE = file();

  private SafetensorsFuzz() {}

  private static Path file() {
    try {
      Path file = Files.createTempFile("randwire-fuzz", ".safetensors");
      file.toFile().deleteOnExit();
      return file;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** What Jazzer calls. */
  public static void fuzzerTestOneInput(byte[] data) throws IOException {
    Files.write(FILE, data);
    try {
      Safetensors.read(FILE)
          .tensors()
          .forEach(
              (name, tensor) -> {
                long elements = 1;
                for (int size : tensor.shape()) {
                  elements *= size;
                }
                assertEquals(elements, tensor.values().length, name);
              });
    } catch (FormatException refused) {
      assertEquals(-1, String.valueOf(refused.getMessage()).indexOf('\n'));
    }
  }
}
