// SPDX-License-Identifier: Apache-2.0
package org.randwire.compile;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.randwire.backend.Backend;
import org.randwire.backend.Buffer;
import org.randwire.backend.Slice;
import org.randwire.op.Augment;
import org.randwire.op.Instruction;
import org.randwire.op.Section;
import org.randwire.op.Value;
import org.randwire.tensor.DataType;
import org.randwire.tensor.MemoryLayout;
import org.randwire.tensor.TensorShape;

/**
 * A data set in device memory, written there once. Each program that takes its batches from it has
 * a {@link Feed}; what the host writes for a step is the epoch and the batch's examples.
 */
final class DeviceImages implements AutoCloseable {

  /** Bytes of pixels that are copied at a time. */
  private static final int PIECE_BYTES = 4 << 20;

  private final Backend backend;
  private final TensorShape shape;
  private final Augment augment;
  private final Map<Value, Buffer> buffers = new HashMap<>();
  private final Value pixels;
  private final Value classes;
  private final Value values;
  private int ids;

  /**
   * Copies the data set.
   *
   * @throws IllegalArgumentException if a label is not in [0, classes)
   */
  DeviceImages(ImageSource source, int classCount, Backend backend) {
    this.backend = backend;
    shape = source.shape();
    augment = source.augment();
    pixels = value("pixels", shape, DataType.UINT8);
    classes = value("classes", perExample(shape), DataType.INT32);
    values = value("pixel values", table(shape), DataType.FLOAT32);
    try {
      for (Value value : List.of(pixels, classes, values)) {
        buffers.put(value, backend.allocate(value.sizeBytes()));
      }
      writePixels(source);
      writeClasses(source, classCount);
      writeValues(source);
    } catch (RuntimeException | Error e) {
      close();
      throw e;
    }
  }

  private static TensorShape perExample(TensorShape shape) {
    return new TensorShape(shape.batch(), 1, 1, 1);
  }

  private static TensorShape table(TensorShape shape) {
    return new TensorShape(1, shape.channels(), 1, Augment.PIXEL_VALUES);
  }

  /** Device memory that a data set takes. */
  static long sizeBytes(TensorShape shape) {
    return shape.elements()
        + perExample(shape).elements() * Integer.BYTES
        + table(shape).elements() * Float.BYTES;
  }

  private Value value(String name, TensorShape valueShape, DataType type) {
    return new Value(
        ids++,
        name,
        Section.DATA,
        valueShape,
        MemoryLayout.CHANNELS_FIRST,
        type,
        valueShape.elements(),
        0);
  }

  private void writePixels(ImageSource source) {
    byte[] image = new byte[Math.toIntExact(shape.withBatch(1).elements())];
    int piece = Math.max(1, PIECE_BYTES / image.length);
    ByteBuffer bytes = ByteBuffer.allocateDirect(piece * image.length);
    for (int first = 0; first < shape.batch(); first += piece) {
      bytes.clear();
      for (int i = first; i < Math.min(shape.batch(), first + piece); i++) {
        source.pixels(i, image);
        bytes.put(image);
      }
      buffers.get(pixels).write((long) first * image.length, bytes.flip());
    }
  }

  private void writeClasses(ImageSource source, int classCount) {
    ByteBuffer bytes = direct(classes.sizeBytes());
    for (int i = 0; i < shape.batch(); i++) {
      int label = source.label(i);
      if (label < 0 || label >= classCount) {
        throw new IllegalArgumentException(
            "label " + label + " of example " + i + " of " + classCount + " classes");
      }
      bytes.putInt(label);
    }
    buffers.get(classes).write(0, bytes.flip());
  }

  private void writeValues(ImageSource source) {
    ByteBuffer bytes = direct(values.sizeBytes());
    for (int c = 0; c < shape.channels(); c++) {
      for (float value : source.values(c)) {
        bytes.putFloat(value);
      }
    }
    buffers.get(values).write(0, bytes.flip());
  }

  private static ByteBuffer direct(long sizeBytes) {
    return ByteBuffer.allocateDirect(Math.toIntExact(sizeBytes)).order(ByteOrder.nativeOrder());
  }

  /** Makes batches in the memory of a program's images and labels. */
  Feed feed(Value images, Slice imageMemory, Value labels, Slice labelMemory) {
    return new Feed(Map.of(images, imageMemory, labels, labelMemory), images, labels);
  }

  /** A plan that writes one program's images and labels. */
  final class Feed implements AutoCloseable {
    private final Buffer batch;
    private final ByteBuffer staging;
    private final int images;
    private @Nullable ExecutionPlan plan;

    private Feed(Map<Value, Slice> outputs, Value imageValue, Value labelValue) {
      images = imageValue.shape().batch();
      Value words =
          value("batch", TensorShape.vector(Augment.EPOCH_WORDS + images), DataType.INT32);
      staging = direct(words.sizeBytes());
      batch = backend.allocate(words.sizeBytes());
      Map<Value, Slice> memory = new HashMap<>(outputs);
      memory.put(words, new Slice(batch, 0, batch.sizeBytes()));
      buffers.forEach((v, buffer) -> memory.put(v, new Slice(buffer, 0, buffer.sizeBytes())));
      Instruction instruction =
          new Instruction(
              "data",
              augment,
              List.of(pixels, classes, values, words),
              List.of(imageValue, labelValue));
      try {
        plan = bind(instruction, memory);
      } catch (RuntimeException | Error e) {
        close();
        throw e;
      }
    }

    /** The kernels need no scratch memory. */
    private ExecutionPlan bind(Instruction instruction, Map<Value, Slice> memory) {
      Schedule schedule = Schedule.of(List.of(instruction), backend.catalog());
      Slice none = new Slice(batch, 0, 0);
      return ExecutionPlan.bind(
          schedule,
          MemoryPlan.of(schedule, Set.of()),
          new ExecutionPlan.Memory() {
            @Override
            public Slice slice(Value value) {
              return memory.get(value);
            }

            @Override
            public Slice scratch(MemoryPlan.Block block) {
              return none;
            }

            @Override
            public Slice workerScratch(int worker) {
              return none;
            }
          },
          backend);
    }

    ExecutionPlan plan() {
      return plan;
    }

    /** Says which examples the plan will make a batch of; what is behind them will be zero. */
    void set(long epoch, int[] examples, int count) {
      if (epoch < 0 || epoch >>> 56 != 0) {
        throw new IllegalArgumentException("an epoch is in [0, 2^56), got " + epoch);
      }
      if (count < 1 || count > images || count > examples.length) {
        throw new IllegalArgumentException(
            "a batch has 1 to " + Math.min(images, examples.length) + " examples, got " + count);
      }
      staging.clear();
      staging.putInt((int) epoch).putInt((int) (epoch >>> 32));
      for (int i = 0; i < images; i++) {
        int example = i < count ? examples[i] : Augment.NO_EXAMPLE;
        if (i < count && (example < 0 || example >= shape.batch())) {
          throw new IllegalArgumentException(
              "example " + example + " of a data set of " + shape.batch());
        }
        staging.putInt(example);
      }
      batch.write(0, staging.flip());
    }

    @Override
    public void close() {
      if (plan != null) {
        plan.close();
      }
      batch.close();
    }
  }

  @Override
  public void close() {
    buffers.values().forEach(Buffer::close);
    buffers.clear();
  }
}
