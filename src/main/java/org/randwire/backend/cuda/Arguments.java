// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cuda;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A kernel's argument struct, written field by field in the order of its declaration in {@code
 * native/cuda}, each at its natural alignment. Arrays lie behind the structs in the same table.
 */
final class Arguments {

  private static final int LONG = Long.BYTES;

  private ByteBuffer fields = ByteBuffer.allocate(256).order(ByteOrder.nativeOrder());
  private final List<Array> arrays = new ArrayList<>();

  /** An array that field {@code at} shall point to. */
  private record Array(int at, byte[] bytes) {}

  Arguments address(long address) {
    return wide(address);
  }

  Arguments wide(long value) {
    room(LONG).putLong(value);
    return this;
  }

  Arguments integer(int value) {
    room(Integer.BYTES).putInt(value);
    return this;
  }

  Arguments flag(boolean value) {
    return integer(value ? 1 : 0);
  }

  Arguments real(double value) {
    room(Float.BYTES).putFloat((float) value);
    return this;
  }

  Arguments wideReal(double value) {
    room(Double.BYTES).putDouble(value);
    return this;
  }

  /** A pointer to an array of addresses. */
  Arguments addresses(List<Long> addresses) {
    ByteBuffer bytes = ByteBuffer.allocate(LONG * addresses.size()).order(ByteOrder.nativeOrder());
    addresses.forEach(bytes::putLong);
    return array(bytes.array());
  }

  /** A pointer to an array of integers. */
  Arguments integers(List<Integer> values) {
    ByteBuffer bytes =
        ByteBuffer.allocate(Integer.BYTES * values.size()).order(ByteOrder.nativeOrder());
    values.forEach(bytes::putInt);
    return array(bytes.array());
  }

  private Arguments array(byte[] bytes) {
    align(LONG);
    arrays.add(new Array(fields.position(), bytes));
    return wide(0);
  }

  private ByteBuffer room(int bytes) {
    align(bytes);
    if (fields.remaining() < bytes) {
      byte[] copy = Arrays.copyOf(fields.array(), 2 * fields.capacity());
      fields = ByteBuffer.wrap(copy).order(ByteOrder.nativeOrder()).position(fields.position());
    }
    return fields;
  }

  private void align(int bytes) {
    fields.position(Math.floorDiv(fields.position() + bytes - 1, bytes) * bytes);
  }

  /** Bytes of the struct; every struct holds a 64-bit field. */
  int structBytes() {
    return Math.floorDiv(fields.position() + LONG - 1, LONG) * LONG;
  }

  int arrayBytes() {
    return arrays.stream().mapToInt(array -> roundUp(array.bytes().length)).sum();
  }

  /** Writes the struct at {@code at} and its arrays from {@code tail} on; tells where they end. */
  int write(ByteBuffer table, int at, int tail, long base) {
    table.put(at, fields.array(), 0, fields.position());
    int next = tail;
    for (Array array : arrays) {
      table.putLong(at + array.at(), base + next);
      table.put(next, array.bytes());
      next += roundUp(array.bytes().length);
    }
    return next;
  }

  private static int roundUp(int bytes) {
    return Math.floorDiv(bytes + LONG - 1, LONG) * LONG;
  }
}
