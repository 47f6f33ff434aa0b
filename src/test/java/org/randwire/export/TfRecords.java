// SPDX-License-Identifier: Apache-2.0
package org.randwire.export;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A reader of TensorBoard's event files that shares nothing with the writer: its own CRC-32C, bit
 * by bit, and its own reading of protocol buffers.
 */
public final class TfRecords {

  private TfRecords() {}

  /** One event; what it has not is empty. */
  public record Event(
      double wallTime,
      long step,
      String fileVersion,
      boolean isStart,
      Map<String, Float> scalars) {}

  /** The events of a file, every checksum compared. */
  public static List<Event> events(Path file) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    List<Event> events = new ArrayList<>();
    while (bytes.hasRemaining()) {
      byte[] length = new byte[8];
      bytes.get(bytes.position(), length);
      int size = Math.toIntExact(bytes.getLong());
      assertEquals(masked(length), bytes.getInt(), "checksum of the length of " + events.size());
      byte[] data = new byte[size];
      bytes.get(data);
      assertEquals(masked(data), bytes.getInt(), "checksum of record " + events.size());
      events.add(event(ByteBuffer.wrap(data).order(ByteOrder.LITTLE_ENDIAN)));
    }
    return events;
  }

  /** One tag by step, a restart dropping what came before it of its step and later ones. */
  public static Map<Long, Float> scalars(List<Event> events, String tag) {
    TreeMap<Long, Float> values = new TreeMap<>();
    for (Event event : events) {
      if (event.isStart()) {
        values.tailMap(event.step(), true).clear();
      }
      Float value = event.scalars().get(tag);
      if (value != null) {
        assertEquals(null, values.put(event.step(), value), tag + " of step " + event.step());
      }
    }
    return values;
  }

  private static int masked(byte[] bytes) {
    int crc = ~0;
    for (byte one : bytes) {
      crc ^= one & 0xFF;
      for (int bit = 0; bit < 8; bit++) {
        crc = (crc & 1) != 0 ? crc >>> 1 ^ 0x82F63B78 : crc >>> 1;
      }
    }
    crc = ~crc;
    return (crc >>> 15 | crc << 17) + 0xA282EAD8;
  }

  private static Event event(ByteBuffer in) {
    double wallTime = 0;
    long step = 0;
    String version = "";
    boolean start = false;
    Map<String, Float> scalars = new TreeMap<>();
    while (in.hasRemaining()) {
      int tag = (int) varint(in);
      switch (tag) {
        case 1 << 3 | 1 -> wallTime = in.getDouble();
        case 2 << 3 -> step = varint(in);
        case 3 << 3 | 2 -> version = StandardCharsets.UTF_8.decode(part(in)).toString();
        case 5 << 3 | 2 -> summary(part(in), scalars);
        case 7 << 3 | 2 -> {
          ByteBuffer session = part(in);
          start = varint(session) == 1 << 3 && varint(session) == 1;
        }
        default -> throw new AssertionError("field " + (tag >> 3));
      }
    }
    return new Event(wallTime, step, version, start, scalars);
  }

  private static void summary(ByteBuffer in, Map<String, Float> scalars) {
    while (in.hasRemaining()) {
      assertEquals(1 << 3 | 2, varint(in));
      ByteBuffer value = part(in);
      assertEquals(1 << 3 | 2, varint(value));
      String tag = StandardCharsets.UTF_8.decode(part(value)).toString();
      assertEquals(2 << 3 | 5, varint(value));
      scalars.put(tag, value.getFloat());
    }
  }

  private static ByteBuffer part(ByteBuffer in) {
    int size = (int) varint(in);
    ByteBuffer part = in.slice(in.position(), size).order(ByteOrder.LITTLE_ENDIAN);
    in.position(in.position() + size);
    return part;
  }

  private static long varint(ByteBuffer in) {
    long value = 0;
    for (int shift = 0; ; shift += 7) {
      byte next = in.get();
      value |= (next & 0x7FL) << shift;
      if (next >= 0) {
        return value;
      }
    }
  }
}
