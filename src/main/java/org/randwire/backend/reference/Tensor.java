// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.reference;

import java.nio.ByteBuffer;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import org.randwire.backend.Slice;
import org.randwire.op.Value;
import org.randwire.tensor.DataType;
import org.randwire.tensor.TensorShape;

/** A value in memory, {@code NCHW} or {@code OIHW} without padding, read and written as double. */
abstract class Tensor {
  private final int size;
  private final int batch;
  private final int channels;
  private final int height;
  private final int width;

  private Tensor(TensorShape shape, int size) {
    this.size = size;
    this.batch = shape.batch();
    this.channels = shape.channels();
    this.height = shape.height();
    this.width = shape.width();
  }

  static Tensor of(Value value, Slice slice) {
    int size = Math.toIntExact(value.elements());
    return over(value.shape(), size, value.type(), memory(slice, 0, value.sizeBytes()));
  }

  /** A tensor of doubles in scratch memory, {@code offset} bytes from its start. */
  static Tensor scratch(TensorShape shape, Slice slice, long offset) {
    int size = Math.toIntExact(shape.elements());
    long bytes = shape.elements() * Double.BYTES;
    return over(shape, size, DataType.FLOAT64, memory(slice, offset, bytes));
  }

  private static ByteBuffer memory(Slice slice, long offset, long bytes) {
    return ((ReferenceBuffer) slice.buffer()).view(slice.offset() + offset, bytes);
  }

  private static Tensor over(TensorShape shape, int size, DataType type, ByteBuffer memory) {
    switch (type) {
      case FLOAT32:
        return new Floats(shape, size, memory.asFloatBuffer());
      case FLOAT64:
        return new Doubles(shape, size, memory.asDoubleBuffer());
      case INT32:
        return new Ints(shape, size, memory.asIntBuffer());
      case UINT8:
        return new Bytes(shape, size, memory);
      default:
        throw new IllegalArgumentException("the reference does not store " + type);
    }
  }

  abstract double get(int index);

  abstract void set(int index, double value);

  final void add(int index, double value) {
    set(index, get(index) + value);
  }

  final void fill(double value) {
    for (int i = 0; i < size; i++) {
      set(i, value);
    }
  }

  /** The number of elements. */
  final int size() {
    return size;
  }

  final int batch() {
    return batch;
  }

  final int channels() {
    return channels;
  }

  final int height() {
    return height;
  }

  final int width() {
    return width;
  }

  final int pixels() {
    return height * width;
  }

  /** The index of the first pixel of a channel of an example; the other pixels follow. */
  final int plane(int n, int c) {
    return (n * channels + c) * height * width;
  }

  private static final class Floats extends Tensor {
    private final FloatBuffer values;

    Floats(TensorShape shape, int size, FloatBuffer values) {
      super(shape, size);
      this.values = values;
    }

    @Override
    double get(int index) {
      return values.get(index);
    }

    @Override
    void set(int index, double value) {
      values.put(index, (float) value);
    }
  }

  private static final class Doubles extends Tensor {
    private final DoubleBuffer values;

    Doubles(TensorShape shape, int size, DoubleBuffer values) {
      super(shape, size);
      this.values = values;
    }

    @Override
    double get(int index) {
      return values.get(index);
    }

    @Override
    void set(int index, double value) {
      values.put(index, value);
    }
  }

  private static final class Ints extends Tensor {
    private final IntBuffer values;

    Ints(TensorShape shape, int size, IntBuffer values) {
      super(shape, size);
      this.values = values;
    }

    @Override
    double get(int index) {
      return values.get(index);
    }

    @Override
    void set(int index, double value) {
      values.put(index, (int) value);
    }
  }

  private static final class Bytes extends Tensor {
    private final ByteBuffer values;

    Bytes(TensorShape shape, int size, ByteBuffer values) {
      super(shape, size);
      this.values = values;
    }

    @Override
    double get(int index) {
      return values.get(index) & 0xFF;
    }

    @Override
    void set(int index, double value) {
      throw new UnsupportedOperationException("bytes are inputs only");
    }
  }
}
