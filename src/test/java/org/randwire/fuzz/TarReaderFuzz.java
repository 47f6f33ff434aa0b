// SPDX-License-Identifier: Apache-2.0
package org.randwire.fuzz;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import org.randwire.data.DataException;
import org.randwire.data.TarReader;

/** Tar archives, as they are and with the checksum of every block put right. */
public final class TarReaderFuzz {

  private static final Path NAME = Path.of("input.tar");

  private TarReaderFuzz() {}

  /** What Jazzer calls. */
  public static void fuzzerTestOneInput(byte[] data) throws IOException {
    read(data);
    byte[] repaired = data.clone();
    for (int block = 0; block + 512 <= repaired.length; block += 512) {
      int sum = 8 * ' ';
      for (int i = 0; i < 512; i++) {
        sum += i >= 148 && i < 156 ? 0 : Byte.toUnsignedInt(repaired[block + i]);
      }
      byte[] digits = String.format(Locale.ROOT, "%07o\0", sum).getBytes(ISO_8859_1);
      System.arraycopy(digits, 0, repaired, block + 148, 8);
    }
    read(repaired);
  }

  private static void read(byte[] data) throws IOException {
    TarReader reader = new TarReader(NAME, new ByteArrayInputStream(data));
    try {
      for (Optional<TarReader.Entry> entry = reader.next();
          entry.isPresent();
          entry = reader.next()) {
        long size = entry.get().size();
        assertTrue(size >= 0, entry.toString());
        assertTrue(!entry.get().fileName().contains("/"), entry.toString());
        assertEquals(size, reader.content(1 << 20).length);
      }
    } catch (DataException refused) {
      assertTrue(String.valueOf(refused.getMessage()).startsWith("input.tar"), refused.toString());
    }
  }
}
