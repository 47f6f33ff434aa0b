// SPDX-License-Identifier: Apache-2.0
package org.randwire.tensor;

/** How one element is stored. */
public enum DataType {
  FLOAT32(4),
  FLOAT64(8),
  BFLOAT16(2),
  INT32(4),
  /** An unsigned byte: what images are kept as. */
  UINT8(1);

  private final int sizeBytes;

  DataType(int sizeBytes) {
    this.sizeBytes = sizeBytes;
  }

  public int sizeBytes() {
    return sizeBytes;
  }

  /** Rounds to the nearest bfloat16, ties to even; NaN stays NaN. */
  public static short toBfloat16(float value) {
    int bits = Float.floatToRawIntBits(value);
    if (Float.isNaN(value)) {
      return (short) ((bits >>> 16) | 0x40);
    }
    return (short) ((bits + 0x7FFF + ((bits >>> 16) & 1)) >>> 16);
  }

  public static float fromBfloat16(short bits) {
    return Float.intBitsToFloat(bits << 16);
  }
}
