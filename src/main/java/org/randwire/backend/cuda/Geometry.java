// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cuda;

import org.randwire.backend.cuda.binding.KernelModule;
import org.randwire.op.Value;
import org.randwire.op.Window;
import org.randwire.tensor.DataType;
import org.randwire.tensor.MemoryLayout;
import org.randwire.tensor.TensorShape;

/** Sizes that kernels and their launches agree on; the constants are those of the headers. */
final class Geometry {

  static final int THREADS = KernelModule.THREADS;

  /** Channels that a block takes together. */
  static final int SLICE = 16;

  /** Channels of a thread. */
  static final int VECTOR = 4;

  /** Columns of a product that a block makes at a time, and rows of its right operand. */
  static final int COLUMNS = 64;

  static final int DEPTH = 32;

  /** Shared memory of add_over_block, and of a sum in double for every thread. */
  static final int SUM_BYTES = 8 * SLICE * Float.BYTES;

  static final int DOUBLES_BYTES = THREADS * Double.BYTES;

  private static final int LEAST_CHUNK = 256;
  private static final int MOST_CHUNKS = 512;

  private Geometry() {}

  static long ceil(long value, long divisor) {
    return Math.floorDiv(value + divisor - 1, divisor);
  }

  static int roundUp(long value, int multiple) {
    return Math.toIntExact(ceil(value, multiple) * multiple);
  }

  static long pixels(Value value) {
    return (long) value.shape().batch() * value.shape().pixels();
  }

  static boolean padded(Value value) {
    return value.layout() == MemoryLayout.CHANNELS_LAST
        && (value.type() == DataType.FLOAT32 || value.type() == DataType.BFLOAT16);
  }

  /** Blocks whose threads take four elements each. */
  static long vectorBlocks(long elements) {
    return ceil(elements, (long) THREADS * VECTOR);
  }

  /**
   * Units of a block that leaves partial sums. A function of shapes alone, as results depend on it.
   */
  static long chunk(long units) {
    return ceil(Math.max(LEAST_CHUNK, ceil(units, MOST_CHUNKS)), LEAST_CHUNK) * LEAST_CHUNK;
  }

  /** Shared memory of a product ({@code product.cuh}). */
  static int productBytes(int rows, int panel, int elementBytes) {
    int padding = 16 / elementBytes;
    return rows * (panel + padding) * elementBytes
        + 2 * DEPTH * (COLUMNS + padding) * elementBytes
        + rows * (COLUMNS + 4) * Float.BYTES;
  }

  /** The fields of {@code Window}. */
  static void window(Arguments a, Window window, TensorShape in, TensorShape out) {
    a.integer(in.batch()).integer(in.height()).integer(in.width());
    a.integer(out.height()).integer(out.width());
    a.integer(window.height()).integer(window.width());
    a.integer(window.strideHeight()).integer(window.strideWidth());
    a.integer(window.paddingHeight()).integer(window.paddingWidth()).integer(window.dilation());
  }
}
