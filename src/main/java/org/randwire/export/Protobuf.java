// SPDX-License-Identifier: Apache-2.0
package org.randwire.export;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * A message of protocol buffers that is being written, field by field; each method adds one field
 * and returns the message. Only what ONNX and TensorBoard need of the format. Tensors are kept as
 * they are, so a message of many megabytes is never copied. Format:
 * https://protobuf.dev/programming-guides/encoding.
 */
final class Protobuf {
  private static final int VARINT = 0;
  private static final int FIXED64 = 1;
  private static final int LENGTH = 2;
  private static final int FIXED32 = 5;
  private static final int BUFFER_BYTES = 1 << 20;

  /** What is written so far: byte arrays, and float arrays that are written little-endian. */
  private final List<Object> parts = new ArrayList<>();

  private long sizeBytes;

  /** An int32, int64, enum or bool. */
  Protobuf number(int field, long value) {
    add(tag(field, VARINT));
    return add(varint(value));
  }

  Protobuf float32(int field, double value) {
    add(tag(field, FIXED32));
    return add(littleEndian(Float.BYTES).putFloat((float) value).array());
  }

  Protobuf float64(int field, double value) {
    add(tag(field, FIXED64));
    return add(littleEndian(Double.BYTES).putDouble(value).array());
  }

  Protobuf text(int field, String value) {
    byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
    add(tag(field, LENGTH));
    add(varint(bytes.length));
    return add(bytes);
  }

  /** Bytes that are floats. */
  Protobuf floats(int field, float[] values) {
    add(tag(field, LENGTH));
    add(varint((long) values.length * Float.BYTES));
    parts.add(values);
    sizeBytes += (long) values.length * Float.BYTES;
    return this;
  }

  Protobuf message(int field, Protobuf value) {
    add(tag(field, LENGTH));
    add(varint(value.sizeBytes));
    parts.addAll(value.parts);
    sizeBytes += value.sizeBytes;
    return this;
  }

  private Protobuf add(byte[] bytes) {
    parts.add(bytes);
    sizeBytes += bytes.length;
    return this;
  }

  private static byte[] tag(int field, int wireType) {
    return varint((long) field << 3 | wireType);
  }

  private static byte[] varint(long value) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    long rest = value;
    while ((rest & ~0x7FL) != 0) {
      bytes.write((int) (rest & 0x7F | 0x80));
      rest >>>= 7;
    }
    bytes.write((int) rest);
    return bytes.toByteArray();
  }

  private static ByteBuffer littleEndian(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  long sizeBytes() {
    return sizeBytes;
  }

  /** The whole message, for small ones. */
  byte[] toByteArray() {
    ByteBuffer bytes = littleEndian(Math.toIntExact(sizeBytes));
    for (Object part : parts) {
      if (part instanceof byte[] plain) {
        bytes.put(plain);
      } else {
        for (float value : (float[]) part) {
          bytes.putFloat(value);
        }
      }
    }
    return bytes.array();
  }

  void writeTo(FileChannel channel) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (Object part : parts) {
      if (part instanceof float[] values) {
        flush(buffer, channel);
        WholeFile.drain(values, buffer, channel);
        buffer.clear();
      } else {
        byte[] bytes = (byte[]) part;
        if (bytes.length > buffer.remaining()) {
          flush(buffer, channel);
        }
        if (bytes.length > buffer.capacity()) {
          WholeFile.drain(ByteBuffer.wrap(bytes), channel);
        } else {
          buffer.put(bytes);
        }
      }
    }
    flush(buffer, channel);
  }

  private static void flush(ByteBuffer buffer, FileChannel channel) throws IOException {
    WholeFile.drain(buffer.flip(), channel);
    buffer.clear();
  }
}
