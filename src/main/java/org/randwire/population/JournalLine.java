// SPDX-License-Identifier: Apache-2.0
package org.randwire.population;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A line of a journal: a JSON object whose first members are {@code format} and {@code kind} and
 * whose last is {@code crc}, eight hexadecimal digits: the CRC32C of the line as it would be
 * without that member.
 */
final class JournalLine {

  static final int FORMAT = 1;

  private static final String CRC = ",\"crc\":\"";
  private static final byte[] CRC_BYTES = CRC.getBytes(StandardCharsets.US_ASCII);
  private static final int TAIL = CRC.length() + 8 + 2;

  private JournalLine() {}

  /** The line with its end. */
  static byte[] encode(String kind, Map<String, ?> values) {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("format", FORMAT);
    all.put("kind", kind);
    all.putAll(values);
    byte[] plain = JsonMapper.shared().writeValueAsBytes(all);
    String tail = CRC + "%08x\"}\n".formatted(Checksum.of(plain, 0, plain.length));
    byte[] line = java.util.Arrays.copyOf(plain, plain.length - 1 + tail.length());
    byte[] end = tail.getBytes(StandardCharsets.US_ASCII);
    System.arraycopy(end, 0, line, plain.length - 1, end.length);
    return line;
  }

  /** The object of a line without its end; null if it is not one that was written in full. */
  static @Nullable JsonNode decode(byte[] bytes, int from, int to) {
    return isWhole(bytes, from, to) ? parse(bytes, from, to) : null;
  }

  private static @Nullable JsonNode parse(byte[] bytes, int from, int to) {
    try {
      JsonNode node = JsonMapper.shared().readTree(bytes, from, to - from);
      return node.isObject() ? node : null;
    } catch (JacksonException e) {
      return null;
    }
  }

  private static boolean isWhole(byte[] bytes, int from, int to) {
    int tail = to - TAIL;
    if (tail <= from || bytes[to - 1] != '}' || bytes[to - 2] != '"') {
      return false;
    }
    for (int i = 0; i < CRC_BYTES.length; i++) {
      if (bytes[tail + i] != CRC_BYTES[i]) {
        return false;
      }
    }
    java.util.zip.CRC32C crc = new java.util.zip.CRC32C();
    crc.update(bytes, from, tail - from);
    crc.update('}');
    String told = new String(bytes, tail + CRC_BYTES.length, 8, StandardCharsets.US_ASCII);
    return told.equals("%08x".formatted(crc.getValue()));
  }

  /** JSON has no NaN and no infinity: null stands for both. */
  static @Nullable Double finite(double value) {
    return Double.isFinite(value) ? value : null;
  }
}
