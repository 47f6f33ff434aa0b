// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cpu;

import java.nio.ByteBuffer;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.stream.IntStream;
import org.randwire.backend.Binding;
import org.randwire.backend.Call;
import org.randwire.backend.Kernel;
import org.randwire.backend.Slice;
import org.randwire.op.Instruction;
import org.randwire.op.Value;

/**
 * A kernel in Java: one or more regions of tasks over views of native memory.
 *
 * @param regions as many as {@code loops} gives
 */
record JavaKernel(
    String name,
    Instruction instruction,
    int regions,
    long scratchBytes,
    long workerScratchBytes,
    Loops loops)
    implements Kernel {

  /** Tasks a tensor is split into at most; more than any machine has use for here. */
  private static final int MOST_TASKS = 32;

  /** Writes the regions of a kernel for the memory of its operands. */
  interface Loops {
    List<Region> over(Memory memory);
  }

  /** One region. */
  record Region(int tasks, Body body) implements Call {
    interface Body {
      void run(int task, int worker);
    }

    @Override
    public void run(int task, int worker) {
      body.run(task, worker);
    }
  }

  /** A kernel of one region without scratch memory. */
  static JavaKernel simple(Instruction instruction, Loops loops) {
    return new JavaKernel(nameOf(instruction), instruction, 1, 0, 0, loops);
  }

  static JavaKernel of(Instruction instruction, int regions, long scratchBytes, Loops loops) {
    return new JavaKernel(nameOf(instruction), instruction, regions, scratchBytes, 0, loops);
  }

  static String nameOf(Instruction instruction) {
    return "java." + instruction.primitive().label();
  }

  /** Into how many tasks {@code items} are split; depends on nothing else. */
  static int tasks(int items) {
    return Math.min(items, MOST_TASKS);
  }

  /** The first item of a task; {@code task = tasks(items)} gives the end of the last. */
  static int first(int items, int task) {
    return (int) ((long) items * task / tasks(items));
  }

  /** The elements of one example as they are stored. */
  static int exampleElements(Value value) {
    return value.shape().pixels() * value.storedChannels();
  }

  @Override
  public List<Call> bind(Binding binding) {
    return List.copyOf(loops.over(new Memory(instruction, binding)));
  }

  /** The operands as buffers of numbers. */
  record Memory(Instruction instruction, Binding binding) {

    FloatBuffer in(int index) {
      return floats(instruction.input(index));
    }

    FloatBuffer out(int index) {
      return floats(instruction.output(index));
    }

    /** The inputs in [from, to). */
    FloatBuffer[] ins(int from, int to) {
      return IntStream.range(from, to).mapToObj(this::in).toArray(FloatBuffer[]::new);
    }

    ByteBuffer bytes(Value value) {
      return view(binding.slice(value), 0, value.sizeBytes());
    }

    DoubleBuffer scratchDoubles(long offset, int count) {
      return view(binding.scratch(), offset, (long) count * Double.BYTES).asDoubleBuffer();
    }

    FloatBuffer scratchFloats(long offset, int count) {
      return view(binding.scratch(), offset, (long) count * Float.BYTES).asFloatBuffer();
    }

    /** As many floats for each worker. */
    FloatBuffer[] workerFloats(int count) {
      return IntStream.range(0, binding.workers())
          .mapToObj(
              worker ->
                  view(binding.workerScratch(worker), 0, (long) count * Float.BYTES)
                      .asFloatBuffer())
          .toArray(FloatBuffer[]::new);
    }

    private FloatBuffer floats(Value value) {
      return bytes(value).asFloatBuffer();
    }

    private static ByteBuffer view(Slice slice, long offset, long bytes) {
      NativeBuffer buffer = (NativeBuffer) slice.buffer();
      return buffer.view(slice.offset() + offset, Math.toIntExact(bytes));
    }
  }
}
