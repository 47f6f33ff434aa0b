// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.randwire.backend.Buffer;
import org.randwire.backend.OutOfDeviceMemoryException;
import org.randwire.tensor.DataType;

class CpuBackendTest {

  @Test
  void describesItselfInOneLine() {
    try (CpuBackend backend = new CpuBackend(DataType.FLOAT32, 2)) {
      String description = backend.description();
      assertFalse(description.contains("\n"), description);
      assertTrue(description.matches(".+, 2 threads, .+, oneDNN 3\\.\\d+\\.\\d+"), description);
    }
  }

  @Test
  void refusesTypesThatActivationsCannotHave() {
    assertThrows(IllegalArgumentException.class, () -> new CpuBackend(DataType.FLOAT64, 1));
    assertThrows(IllegalArgumentException.class, () -> new CpuBackend(DataType.FLOAT32, 0));
  }

  @Test
  void refusesMoreMemoryThanIsAvailable() {
    try (CpuBackend backend = new CpuBackend(DataType.BFLOAT16, 1)) {
      long tooMuch = backend.availableBytes() + (1L << 30);
      Exception failure =
          assertThrows(OutOfDeviceMemoryException.class, () -> backend.allocate(tooMuch));
      assertTrue(failure.getMessage().contains(String.valueOf(tooMuch)), failure.getMessage());
    }
  }

  @Test
  void buffersOutliveTheBackend() {
    CpuBackend backend = new CpuBackend(DataType.FLOAT32, 1);
    Buffer buffer = backend.allocate(4096);
    backend.close();
    assertEquals(4096, buffer.sizeBytes());
    buffer.close();
  }
}
