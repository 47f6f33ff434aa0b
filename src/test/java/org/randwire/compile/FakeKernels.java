// SPDX-License-Identifier: Apache-2.0
package org.randwire.compile;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;
import org.randwire.backend.Backend;
import org.randwire.backend.Binding;
import org.randwire.backend.Buffer;
import org.randwire.backend.Call;
import org.randwire.backend.Kernel;
import org.randwire.backend.KernelCatalog;
import org.randwire.op.Instruction;
import org.randwire.op.Primitive;
import org.randwire.op.Section;
import org.randwire.op.Value;
import org.randwire.tensor.DataType;
import org.randwire.tensor.MemoryLayout;
import org.randwire.tensor.TensorShape;

/**
 * Instructions and a device that compute nothing, to test passes and the executor by themselves.
 */
final class FakeKernels {

  private FakeKernels() {}

  /** A primitive that says which regions, scratch and tasks its kernel has. */
  record Fake(int regions, long scratchBytes, long workerScratchBytes, IntFunction<Call> calls)
      implements Primitive {

    static Fake idle(int regions, long scratchBytes, long workerScratchBytes) {
      return new Fake(regions, scratchBytes, workerScratchBytes, region -> call(1, task -> {}));
    }

    @Override
    public String label() {
      return "fake";
    }
  }

  interface Task {
    void run(int task);
  }

  static Call call(int tasks, Task body) {
    return new Call() {
      @Override
      public int tasks() {
        return tasks;
      }

      @Override
      public void run(int task, int worker) {
        body.run(task);
      }
    };
  }

  private record FakeKernel(Fake fake) implements Kernel {
    @Override
    public String name() {
      return "fake";
    }

    @Override
    public int regions() {
      return fake.regions();
    }

    @Override
    public long scratchBytes() {
      return fake.scratchBytes();
    }

    @Override
    public long workerScratchBytes() {
      return fake.workerScratchBytes();
    }

    @Override
    public List<Call> bind(Binding binding) {
      List<Call> calls = new ArrayList<>();
      for (int region = 0; region < fake.regions(); region++) {
        calls.add(fake.calls().apply(region));
      }
      return calls;
    }
  }

  static final KernelCatalog CATALOG =
      new KernelCatalog.Builder()
          .add("fake", Fake.class, i -> new FakeKernel((Fake) i.primitive()))
          .build();

  static Value value(int id, long elements) {
    return new Value(
        id,
        "v" + id,
        Section.ARENA,
        TensorShape.vector((int) elements),
        MemoryLayout.CHANNELS_FIRST,
        DataType.FLOAT32,
        elements,
        -1);
  }

  static Instruction instruction(Primitive primitive, List<Value> inputs, List<Value> outputs) {
    return new Instruction("n", primitive, inputs, outputs);
  }

  /** A device with a number of workers and nothing else. */
  record FakeBackend(int workers) implements Backend {
    @Override
    public String name() {
      return "fake";
    }

    @Override
    public String description() {
      return "computes nothing";
    }

    @Override
    public MemoryLayout layout() {
      return MemoryLayout.CHANNELS_FIRST;
    }

    @Override
    public DataType activationType() {
      return DataType.FLOAT32;
    }

    @Override
    public DataType parameterType() {
      return DataType.FLOAT32;
    }

    @Override
    public Buffer allocate(long sizeBytes) {
      throw new UnsupportedOperationException("a fake device has no memory");
    }

    @Override
    public long availableBytes() {
      return 0;
    }

    @Override
    public KernelCatalog catalog() {
      return CATALOG;
    }

    @Override
    public void close() {}
  }
}
