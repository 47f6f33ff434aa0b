// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.randwire.op.BatchNorm;
import org.randwire.op.Instruction;
import org.randwire.op.NormalisedRelu;
import org.randwire.op.Primitive;
import org.randwire.op.Section;
import org.randwire.op.Value;
import org.randwire.tensor.DataType;
import org.randwire.tensor.FilterLayout;
import org.randwire.tensor.MemoryLayout;
import org.randwire.tensor.TensorShape;

/**
 * Runs single instructions on a backend. It makes the values, gives each its own memory between
 * guard bytes, carries logical {@code NCHW} and {@code OIHW} arrays to the backend's layout and
 * back, and checks after every instruction that nothing but the outputs has changed, that no guard
 * byte has, and that the padding of the outputs is zero. Before, outputs and scratch memory hold
 * NaN.
 */
final class PrimitiveRunner implements AutoCloseable {
  private static final int GUARD_BYTES = 64;
  private static final byte GUARD = (byte) 0xA5;

  /** Bytes of this value are a NaN in every floating-point type. */
  private static final byte DIRT = (byte) 0xFF;

  private final Backend backend;
  private final Schedule schedule;
  private final Map<Value, Tensor> tensors = new HashMap<>();
  private final Set<Value> written = new HashSet<>();

  PrimitiveRunner(Backend backend, Schedule schedule) {
    this.backend = backend;
    this.schedule = schedule;
  }

  /** Where the element [n, c, h, w] of a tensor or filter lies. */
  private interface Index {
    long of(int n, int c, int h, int w);
  }

  private record Tensor(Index index, Memory memory) {}

  /** A slice between guard bytes. */
  private record Memory(Buffer buffer, int sizeBytes) {
    static Memory allocate(Backend backend, long sizeBytes) {
      int size = Math.toIntExact(sizeBytes);
      Memory memory = new Memory(backend.allocate(size + 2L * GUARD_BYTES), size);
      ByteBuffer bytes = direct(size + 2 * GUARD_BYTES);
      while (bytes.hasRemaining()) {
        bytes.put(GUARD);
      }
      memory.buffer.write(0, bytes.flip());
      memory.dirty();
      return memory;
    }

    Slice slice() {
      return new Slice(buffer, GUARD_BYTES, sizeBytes);
    }

    void dirty() {
      ByteBuffer bytes = direct(sizeBytes);
      while (bytes.hasRemaining()) {
        bytes.put(DIRT);
      }
      write(bytes.flip());
    }

    void write(ByteBuffer bytes) {
      buffer.write(GUARD_BYTES, bytes);
    }

    ByteBuffer read() {
      ByteBuffer bytes = direct(sizeBytes);
      buffer.read(GUARD_BYTES, bytes);
      return bytes.flip().order(ByteOrder.nativeOrder());
    }

    void checkGuards(String what) {
      ByteBuffer bytes = direct(sizeBytes + 2 * GUARD_BYTES);
      buffer.read(0, bytes);
      for (int i = 0; i < GUARD_BYTES; i++) {
        assertEquals(GUARD, bytes.get(i), () -> "a byte before " + what + " was changed");
        int after = GUARD_BYTES + sizeBytes + i;
        assertEquals(GUARD, bytes.get(after), () -> "a byte after " + what + " was changed");
      }
    }

    private static ByteBuffer direct(int size) {
      return ByteBuffer.allocateDirect(size).order(ByteOrder.nativeOrder());
    }
  }

  Backend backend() {
    return backend;
  }

  /** An activation or its gradient. */
  Value activation(String name, TensorShape shape) {
    return tensor(name, Section.ARENA, shape, backend.layout(), backend.activationType());
  }

  /** The network's input: never padded. */
  Value image(String name, TensorShape shape) {
    return tensor(name, Section.INPUT, shape, denseLayout(), backend.activationType());
  }

  /** One value per element of an activation, as exact as parameters. */
  Value mask(String name, TensorShape shape) {
    return tensor(name, Section.CONTROLS, shape, backend.layout(), backend.parameterType());
  }

  Value channels(String name, Section section, int channels) {
    TensorShape shape = TensorShape.vector(channels);
    return tensor(name, section, shape, backend.layout(), backend.parameterType());
  }

  /** A vector without padding: edges, hyperparameters, flat buffers of parameters. */
  Value flat(String name, Section section, int size) {
    return flat(name, section, size, backend.parameterType());
  }

  Value flat(String name, Section section, int size, DataType type) {
    return tensor(name, section, TensorShape.vector(size), denseLayout(), type);
  }

  /** What a data set is kept as: {@code NCHW} on every backend. */
  Value data(String name, TensorShape shape, DataType type) {
    return tensor(name, Section.DATA, shape, MemoryLayout.CHANNELS_FIRST, type);
  }

  /** One value per example. */
  Value examples(String name, Section section, int batch, DataType type) {
    return tensor(name, section, new TensorShape(batch, 1, 1, 1), denseLayout(), type);
  }

  /** A filter that reads {@code input}; its inputs are padded only if there is a single group. */
  Value filter(String name, Section section, TensorShape shape, Value input) {
    boolean padded = backend.layout() == MemoryLayout.CHANNELS_LAST;
    boolean oneGroup = shape.channels() == input.shape().channels();
    FilterLayout layout =
        new FilterLayout(
            shape,
            backend.layout(),
            padded && oneGroup ? input.storedChannels() : shape.channels(),
            backend.layout().storedChannels(shape.batch()));
    return add(
        new Value(
            tensors.size(),
            name,
            section,
            shape,
            backend.layout(),
            backend.parameterType(),
            layout.elements(),
            -1),
        layout::index);
  }

  private Value tensor(
      String name, Section section, TensorShape shape, MemoryLayout layout, DataType type) {
    Value value =
        new Value(tensors.size(), name, section, shape, layout, type, layout.elements(shape), -1);
    return add(value, (n, c, h, w) -> layout.index(shape, n, c, h, w));
  }

  private Value add(Value value, Index index) {
    tensors.put(value, new Tensor(index, Memory.allocate(backend, value.sizeBytes())));
    return value;
  }

  private MemoryLayout denseLayout() {
    return backend.layout() == MemoryLayout.CHANNELS_LAST
        ? MemoryLayout.CHANNELS_LAST_DENSE
        : backend.layout();
  }

  /** Writes a logical array; the value is not made dirty any more before it is an output. */
  Value set(Value value, double[] logical) {
    assertEquals(value.shape().elements(), logical.length, value.name());
    ByteBuffer bytes = ByteBuffer.allocate((int) value.sizeBytes()).order(ByteOrder.nativeOrder());
    int[] positions = positions(value);
    for (int i = 0; i < logical.length; i++) {
      store(value.type(), bytes, positions[i], logical[i]);
    }
    tensors.get(value).memory().write(bytes);
    written.add(value);
    return value;
  }

  /** Reads a value as a logical array. */
  double[] get(Value value) {
    ByteBuffer bytes = tensors.get(value).memory().read();
    return Arrays.stream(positions(value))
        .mapToDouble(position -> load(value.type(), bytes, position))
        .toArray();
  }

  /** The place of each logical element, in the order of NCHW or OIHW. */
  private int[] positions(Value value) {
    TensorShape shape = value.shape();
    Index index = tensors.get(value).index();
    int[] positions = new int[Math.toIntExact(shape.elements())];
    int next = 0;
    for (int n = 0; n < shape.batch(); n++) {
      for (int c = 0; c < shape.channels(); c++) {
        for (int h = 0; h < shape.height(); h++) {
          for (int w = 0; w < shape.width(); w++) {
            positions[next++] = Math.toIntExact(index.of(n, c, h, w));
          }
        }
      }
    }
    return positions;
  }

  private static void store(DataType type, ByteBuffer bytes, int position, double value) {
    int at = position * type.sizeBytes();
    switch (type) {
      case FLOAT32 -> bytes.putFloat(at, (float) value);
      case FLOAT64 -> bytes.putDouble(at, value);
      case BFLOAT16 -> bytes.putShort(at, DataType.toBfloat16((float) value));
      case INT32 -> bytes.putInt(at, (int) value);
      case UINT8 -> bytes.put(at, (byte) value);
    }
  }

  private static double load(DataType type, ByteBuffer bytes, int position) {
    int at = position * type.sizeBytes();
    return switch (type) {
      case FLOAT32 -> bytes.getFloat(at);
      case FLOAT64 -> bytes.getDouble(at);
      case BFLOAT16 -> DataType.fromBfloat16(bytes.getShort(at));
      case INT32 -> bytes.getInt(at);
      case UINT8 -> bytes.get(at) & 0xFF;
    };
  }

  void run(Instruction instruction) {
    Kernel kernel =
        backend
            .catalog()
            .choose(instruction)
            .orElseThrow(
                () ->
                    new AssertionError(
                        backend.name() + " has no kernel for " + instruction.label()));
    for (Value output : instruction.outputs()) {
      if (!written.contains(output)) {
        tensors.get(output).memory().dirty();
      }
    }
    Map<Value, ByteBuffer> before = new HashMap<>();
    for (Value input : instruction.inputs()) {
      before.put(input, tensors.get(input).memory().read());
    }
    runRegions(kernel);
    for (Value input : instruction.inputs()) {
      tensors.get(input).memory().checkGuards(kernel.name() + ": " + input);
      if (!updatesInPlace(instruction, input)) {
        ByteBuffer after = tensors.get(input).memory().read();
        assertTrue(
            before.get(input).equals(after), () -> kernel.name() + " changed its input " + input);
      }
    }
    for (Value output : instruction.outputs()) {
      tensors.get(output).memory().checkGuards(kernel.name() + ": " + output);
      checkPadding(kernel.name(), output);
    }
  }

  private static boolean updatesInPlace(Instruction instruction, Value input) {
    Primitive primitive = instruction.primitive();
    boolean updates =
        primitive instanceof BatchNorm.Forward forward && forward.updatesRunning()
            || primitive instanceof NormalisedRelu.Forward fused && fused.norm().updatesRunning();
    return updates && input.section() == Section.STATE;
  }

  private void runRegions(Kernel kernel) {
    Memory scratch = Memory.allocate(backend, kernel.scratchBytes());
    List<Memory> workerScratch = new ArrayList<>();
    for (int worker = 0; worker < schedule.workers(); worker++) {
      workerScratch.add(Memory.allocate(backend, kernel.workerScratchBytes()));
    }
    List<Call> calls =
        kernel.bind(
            new Binding() {
              @Override
              public Slice slice(Value value) {
                return tensors.get(value).memory().slice();
              }

              @Override
              public Slice scratch() {
                return scratch.slice();
              }

              @Override
              public Slice workerScratch(int worker) {
                return workerScratch.get(worker).slice();
              }

              @Override
              public int workers() {
                return schedule.workers();
              }
            });
    assertEquals(kernel.regions(), calls.size(), () -> "regions of " + kernel.name());
    for (Call call : calls) {
      schedule.run(backend, call);
    }
    calls.forEach(Call::close);
    scratch.checkGuards(kernel.name() + ": scratch");
    scratch.buffer().close();
    for (Memory memory : workerScratch) {
      memory.checkGuards(kernel.name() + ": scratch of a worker");
      memory.buffer().close();
    }
  }

  /** Every stored element that is no logical one must be zero. */
  private void checkPadding(String kernel, Value value) {
    boolean[] logical = new boolean[Math.toIntExact(value.elements())];
    for (int position : positions(value)) {
      logical[position] = true;
    }
    ByteBuffer bytes = tensors.get(value).memory().read();
    for (int i = 0; i < logical.length; i++) {
      if (!logical[i]) {
        int element = i;
        double padding = load(value.type(), bytes, i);
        assertTrue(
            padding == 0,
            () -> kernel + ": padding " + element + " of " + value + " became " + padding);
      }
    }
  }

  @Override
  public void close() {
    tensors.values().forEach(tensor -> tensor.memory().buffer().close());
  }

  /** Fails if an element is further off than the tolerance times the largest magnitude. */
  static void assertClose(double[] expected, double[] actual, double tolerance, String what) {
    double error = relativeError(expected, actual);
    assertTrue(error <= tolerance, () -> what + " is off by " + error + " of its largest value");
  }

  /** The largest distance relative to the largest expected magnitude; infinite for any NaN. */
  static double relativeError(double[] expected, double[] actual) {
    assertEquals(expected.length, actual.length);
    // Below this a result is the rounding left over from terms that cancel.
    double scale = 1e-3;
    double distance = 0;
    for (int i = 0; i < expected.length; i++) {
      scale = Math.max(scale, Math.abs(expected[i]));
      double difference = Math.abs(expected[i] - actual[i]);
      if (Double.isNaN(difference)) {
        return Double.POSITIVE_INFINITY;
      }
      distance = Math.max(distance, difference);
    }
    return distance / scale;
  }

  /** Fails unless the two agree to the last bit, signed zeros included. */
  static void assertSameBits(double[] expected, double[] actual, String what) {
    assertArrayEquals(bits(expected), bits(actual), what);
  }

  private static long[] bits(double[] values) {
    return Arrays.stream(values).mapToLong(Double::doubleToRawLongBits).toArray();
  }
}
