// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.randwire.backend.OutOfDeviceMemoryException;

class NativeBufferTest {

  @ParameterizedTest
  @ValueSource(ints = {1, 13, 64, 4096, 100_003})
  void memoryIsAlignedAndZero(int size) {
    dirtyTheHeap(size);
    try (NativeBuffer buffer = new NativeBuffer(size)) {
      assertEquals(0, buffer.address() % 64);
      assertEquals(size, buffer.sizeBytes());
      ByteBuffer bytes = buffer.view(0, size);
      assertEquals(size, bytes.remaining());
      while (bytes.hasRemaining()) {
        assertEquals(0, bytes.get());
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {2 << 20, (2 << 20) + 1, 5_000_000})
  void largeBuffersBeginWithAHugePage(int size) {
    try (NativeBuffer buffer = new NativeBuffer(size)) {
      assertEquals(0, buffer.address() % (2 << 20));
      buffer.view(size - 1, 1).put(0, (byte) 1);
      assertEquals(1, buffer.view(size - 1, 1).get(0));
    }
  }

  /** Gives the allocator a used block of this size to hand out again. */
  private static void dirtyTheHeap(int size) {
    try (NativeBuffer buffer = new NativeBuffer(size)) {
      ByteBuffer bytes = buffer.view(0, size);
      while (bytes.hasRemaining()) {
        bytes.put((byte) -1);
      }
    }
  }

  @Test
  void readReturnsWhatWasWrittenThere() {
    try (NativeBuffer buffer = new NativeBuffer(1000)) {
      ByteBuffer source = ByteBuffer.wrap(new byte[] {0, 1, 2, 3, 4, 5, 6});
      source.position(2);
      buffer.write(501, source);
      assertEquals(0, source.remaining());
      byte[] target = new byte[7];
      buffer.read(500, ByteBuffer.wrap(target));
      assertEquals(ByteBuffer.wrap(new byte[] {0, 2, 3, 4, 5, 6, 0}), ByteBuffer.wrap(target));
    }
  }

  @Test
  void offsetsOutsideAreRefused() {
    try (NativeBuffer buffer = new NativeBuffer(100)) {
      assertThrows(IndexOutOfBoundsException.class, () -> buffer.view(-1, 4));
      assertThrows(IndexOutOfBoundsException.class, () -> buffer.view(97, 4));
      assertThrows(IndexOutOfBoundsException.class, () -> buffer.view(Long.MAX_VALUE, 4));
      assertThrows(IndexOutOfBoundsException.class, () -> buffer.write(99, ByteBuffer.allocate(2)));
      assertThrows(IndexOutOfBoundsException.class, () -> buffer.read(99, ByteBuffer.allocate(2)));
    }
  }

  @Test
  void bytesPastTwoGibibytesAreReached() {
    long size = (2L << 30) + 4096;
    assumeTrue(
        new HostMemory(Path.of("/")).availableBytes() > 2 * size,
        "less than twice 2 GiB of memory is available");
    try (NativeBuffer buffer = new NativeBuffer(size)) {
      // Pages that are not written take no memory.
      buffer.view(size - 8, 8).putLong(0, 0x0123456789ABCDEFL);
      assertEquals(0x0123456789ABCDEFL, buffer.view(size - 8, 8).getLong(0));
      assertEquals(0, buffer.view(size - 16, 8).getLong(0));
    }
  }

  @Test
  void memoryIsCountedUntilItIsClosedOnce() {
    long before = NativeBuffer.allocatedBytes();
    NativeBuffer first = new NativeBuffer(1000);
    NativeBuffer second = new NativeBuffer(24);
    assertEquals(before + 1024, NativeBuffer.allocatedBytes());
    first.close();
    first.close();
    assertEquals(before + 24, NativeBuffer.allocatedBytes());
    second.close();
    assertEquals(before, NativeBuffer.allocatedBytes());
  }

  @Test
  void closedMemoryIsRefused() {
    NativeBuffer buffer = new NativeBuffer(100);
    buffer.close();
    assertThrows(IllegalStateException.class, buffer::address);
    assertThrows(IllegalStateException.class, () -> buffer.view(0, 4));
    assertThrows(IllegalStateException.class, () -> buffer.write(0, ByteBuffer.allocate(4)));
    assertThrows(IllegalStateException.class, () -> buffer.read(0, ByteBuffer.allocate(4)));
  }

  @ParameterizedTest
  @ValueSource(longs = {1L << 60, Long.MAX_VALUE})
  void failureNamesTheBytesAsked(long size) {
    long before = NativeBuffer.allocatedBytes();
    Exception failure =
        assertThrows(OutOfDeviceMemoryException.class, () -> new NativeBuffer(size));
    assertTrue(failure.getMessage().contains(String.valueOf(size)), failure.getMessage());
    assertEquals(before, NativeBuffer.allocatedBytes());
  }

  @Test
  void noBytesAreRefused() {
    assertThrows(IllegalArgumentException.class, () -> new NativeBuffer(0));
  }
}
