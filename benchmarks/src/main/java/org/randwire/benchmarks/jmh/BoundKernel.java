// SPDX-License-Identifier: Apache-2.0
package org.randwire.benchmarks.jmh;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.randwire.backend.Backend;
import org.randwire.backend.Binding;
import org.randwire.backend.Buffer;
import org.randwire.backend.Call;
import org.randwire.backend.Kernel;
import org.randwire.backend.Slice;
import org.randwire.op.Instruction;
import org.randwire.op.Primitive;
import org.randwire.op.Section;
import org.randwire.op.Value;
import org.randwire.tensor.DataType;
import org.randwire.tensor.FilterLayout;
import org.randwire.tensor.MemoryLayout;
import org.randwire.tensor.TensorShape;

/**
 * One instruction with memory of its own, run by the kernel that the backend's catalog chooses for
 * it, on the calling thread: all tasks of a region, then the next region's.
 */
final class BoundKernel implements AutoCloseable {

  private final Backend backend;
  private final Map<Value, Buffer> memory = new LinkedHashMap<>();
  private final Deque<AutoCloseable> owned = new ArrayDeque<>();
  private final Random random = new Random(1);
  private List<Call> calls = List.of();
  private String name = "";

  BoundKernel(Backend backend) {
    this.backend = backend;
    backend.prepareWorker();
  }

  Value activation(TensorShape shape) {
    return tensor(Section.ARENA, shape, backend.layout(), backend.activationType());
  }

  /** One value per channel, padded as activations are. */
  Value channels(Section section, int channels) {
    TensorShape shape = TensorShape.vector(channels);
    return tensor(section, shape, backend.layout(), backend.parameterType());
  }

  /** One value per edge. */
  Value edges(Section section, int edges) {
    TensorShape shape = TensorShape.vector(edges);
    return tensor(section, shape, MemoryLayout.CHANNELS_LAST_DENSE, backend.parameterType());
  }

  /**
   * @param input what the filter is applied to; its channels are padded if there is one group
   */
  Value filter(Section section, TensorShape shape, Value input) {
    boolean oneGroup = shape.channels() == input.shape().channels();
    FilterLayout layout =
        new FilterLayout(
            shape,
            backend.layout(),
            oneGroup ? input.storedChannels() : shape.channels(),
            backend.layout().storedChannels(shape.batch()));
    return add(
        section,
        shape,
        backend.layout(),
        backend.parameterType(),
        layout.elements(),
        layout.storedOutputs(),
        shape.batch());
  }

  /** Intermediate values without a shape: packed filters, sums. */
  Value vector(long elements, DataType type) {
    TensorShape shape = TensorShape.vector(Math.toIntExact(elements));
    return tensor(Section.ARENA, shape, MemoryLayout.CHANNELS_FIRST, type);
  }

  private Value tensor(Section section, TensorShape shape, MemoryLayout layout, DataType type) {
    int stored = layout.storedChannels(shape.channels());
    return add(section, shape, layout, type, layout.elements(shape), stored, shape.channels());
  }

  /**
   * @param stored elements of a row, the innermost dimension
   * @param used how many of them are not padding
   */
  private Value add(
      Section section,
      TensorShape shape,
      MemoryLayout layout,
      DataType type,
      long elements,
      int stored,
      int used) {
    int id = memory.size();
    Value value = new Value(id, "value" + id, section, shape, layout, type, elements, -1);
    Buffer buffer = allocate(value.sizeBytes());
    fill(buffer, value, stored, used);
    memory.put(value, buffer);
    return value;
  }

  private Buffer allocate(long sizeBytes) {
    Buffer buffer = backend.allocate(Math.max(sizeBytes, 64));
    owned.push(buffer);
    return buffer;
  }

  /** Uniform in [0.1, 1], which is also a variance; padding stays zero. */
  private void fill(Buffer buffer, Value value, int stored, int used) {
    ByteBuffer bytes =
        ByteBuffer.allocateDirect(Math.toIntExact(value.sizeBytes()))
            .order(ByteOrder.nativeOrder());
    for (int i = 0; i < value.elements(); i++) {
      float drawn = i % stored < used ? 0.1f + 0.9f * random.nextFloat() : 0;
      switch (value.type()) {
        case FLOAT32 -> bytes.putFloat(drawn);
        case BFLOAT16 -> bytes.putShort(DataType.toBfloat16(drawn));
        default -> throw new IllegalArgumentException("no kernel here takes " + value.type());
      }
    }
    buffer.write(0, bytes.flip());
  }

  /** Chooses the kernel and binds it. */
  BoundKernel bind(Primitive primitive, List<Value> inputs, List<Value> outputs) {
    Instruction instruction = new Instruction("benchmark", primitive, inputs, outputs);
    Kernel kernel =
        backend
            .catalog()
            .choose(instruction)
            .orElseThrow(() -> new IllegalStateException("no kernel for " + primitive.label()));
    name = kernel.name();
    Slice scratch = whole(allocate(kernel.scratchBytes()));
    Slice workerScratch = whole(allocate(kernel.workerScratchBytes()));
    calls = kernel.bind(new OneWorker(scratch, workerScratch));
    calls.forEach(owned::push);
    return this;
  }

  private static Slice whole(Buffer buffer) {
    return new Slice(buffer, 0, buffer.sizeBytes());
  }

  private final class OneWorker implements Binding {
    private final Slice scratch;
    private final Slice workerScratch;

    OneWorker(Slice scratch, Slice workerScratch) {
      this.scratch = scratch;
      this.workerScratch = workerScratch;
    }

    @Override
    public Slice slice(Value value) {
      return new Slice(memory.get(value), 0, value.sizeBytes());
    }

    @Override
    public Slice scratch() {
      return scratch;
    }

    @Override
    public Slice workerScratch(int worker) {
      return workerScratch;
    }

    @Override
    public int workers() {
      return 1;
    }
  }

  /** The name of the kernel that was chosen. */
  String name() {
    return name;
  }

  void run() {
    for (Call call : calls) {
      for (int task = 0; task < call.tasks(); task++) {
        call.run(task, 0);
      }
    }
  }

  /** Bytes of all operands together: the least that has to move. */
  long operandBytes() {
    return memory.keySet().stream().mapToLong(Value::sizeBytes).sum();
  }

  @Override
  public void close() {
    while (!owned.isEmpty()) {
      try {
        owned.pop().close();
      } catch (Exception e) {
        throw new IllegalStateException(e);
      }
    }
  }
}
