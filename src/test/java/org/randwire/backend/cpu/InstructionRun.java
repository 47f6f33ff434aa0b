// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.randwire.backend.Binding;
import org.randwire.backend.Call;
import org.randwire.backend.Kernel;
import org.randwire.backend.Slice;
import org.randwire.op.Instruction;
import org.randwire.op.Value;
import org.randwire.tensor.DataType;

/**
 * One instruction with memory for its operands, dirty at first and with guard bytes around each,
 * and the ways to run it.
 */
final class InstructionRun implements Binding, AutoCloseable {
  private static final int GUARD = 64;
  private static final byte DIRT = (byte) 0x7F;

  private final Instruction instruction;
  private final Kernel kernel;
  private final int workers;
  private final Map<Value, NativeBuffer> memory = new LinkedHashMap<>();
  private final List<NativeBuffer> workerScratch = new ArrayList<>();
  private final NativeBuffer scratch;

  InstructionRun(Kernel kernel, Instruction instruction, int workers) {
    this.instruction = instruction;
    this.kernel = kernel;
    this.workers = workers;
    for (Value value : instruction.inputs()) {
      memory.put(value, guarded(value.sizeBytes()));
    }
    for (Value value : instruction.outputs()) {
      memory.put(value, guarded(value.sizeBytes()));
    }
    scratch = guarded(kernel.scratchBytes());
    for (int worker = 0; worker < workers; worker++) {
      workerScratch.add(guarded(kernel.workerScratchBytes()));
    }
  }

  private static NativeBuffer guarded(long sizeBytes) {
    NativeBuffer buffer = new NativeBuffer(sizeBytes + 2 * GUARD);
    ByteBuffer bytes = buffer.view(0, (int) buffer.sizeBytes());
    while (bytes.hasRemaining()) {
      bytes.put(DIRT);
    }
    return buffer;
  }

  private static Slice inside(NativeBuffer buffer) {
    return new Slice(buffer, GUARD, buffer.sizeBytes() - 2 * GUARD);
  }

  @Override
  public Slice slice(Value value) {
    return inside(memory.get(value));
  }

  @Override
  public Slice scratch() {
    return inside(scratch);
  }

  @Override
  public Slice workerScratch(int worker) {
    return inside(workerScratch.get(worker));
  }

  @Override
  public int workers() {
    return workers;
  }

  private ByteBuffer bytes(Value value) {
    return memory.get(value).view(GUARD, Math.toIntExact(value.sizeBytes()));
  }

  double get(Value value, long index) {
    return value.type() == DataType.BFLOAT16
        ? DataType.fromBfloat16(bytes(value).getShort((int) index * 2))
        : bytes(value).getFloat((int) index * 4);
  }

  /** All elements, padding included. */
  double[] read(Value value) {
    ByteBuffer bytes = bytes(value);
    double[] result = new double[(int) value.elements()];
    for (int i = 0; i < result.length; i++) {
      result[i] =
          value.type() == DataType.BFLOAT16
              ? DataType.fromBfloat16(bytes.getShort(i * 2))
              : bytes.getFloat(i * 4);
    }
    return result;
  }

  void write(Value value, double[] elements) {
    ByteBuffer bytes = bytes(value);
    for (int i = 0; i < elements.length; i++) {
      if (value.type() == DataType.BFLOAT16) {
        bytes.putShort(i * 2, DataType.toBfloat16((float) elements[i]));
      } else {
        bytes.putFloat(i * 4, (float) elements[i]);
      }
    }
  }

  /** Uniform values from -1 to 1 in the first {@code channels} of every pixel, zeros after them. */
  void fill(Value value, SplittableRandom random) {
    double[] elements = new double[(int) value.elements()];
    int stored = value.storedChannels();
    for (int i = 0; i < elements.length; i++) {
      if (i % stored < value.shape().channels()) {
        elements[i] = DataType.fromBfloat16(DataType.toBfloat16((float) random.nextDouble(-1, 1)));
      }
    }
    write(value, elements);
  }

  /** Runs all regions on this thread, worker 0, tasks in order. */
  void runInOrder() {
    List<Call> calls = kernel.bind(this);
    assertEquals(kernel.regions(), calls.size());
    for (Call call : calls) {
      for (int task = 0; task < call.tasks(); task++) {
        call.run(task, 0);
      }
    }
    calls.forEach(Call::close);
  }

  /** Runs the tasks of each region in reverse order on two threads. */
  void runReversedOnTwoThreads() throws InterruptedException {
    List<Call> calls = kernel.bind(this);
    AtomicReference<Throwable> failure = new AtomicReference<>();
    for (Call call : calls) {
      AtomicInteger next = new AtomicInteger(call.tasks() - 1);
      List<Thread> threads = new ArrayList<>();
      for (int worker = 0; worker < 2; worker++) {
        int own = worker;
        Thread thread =
            new Thread(
                () -> {
                  OneDnn.useOneThread();
                  for (int task; (task = next.getAndDecrement()) >= 0; ) {
                    call.run(task, own);
                  }
                });
        thread.setUncaughtExceptionHandler((where, what) -> failure.set(what));
        thread.start();
        threads.add(thread);
      }
      for (Thread thread : threads) {
        thread.join();
      }
    }
    calls.forEach(Call::close);
    assertEquals(null, failure.get());
  }

  /** The output's bytes, to compare bit by bit. */
  byte[] bits(Value value) {
    byte[] result = new byte[(int) value.sizeBytes()];
    bytes(value).get(result);
    return result;
  }

  /** Fails if anything was written next to an operand or scratch memory. */
  void assertGuardsIntact() {
    memory.forEach((value, buffer) -> assertGuards(value.name(), buffer));
    assertGuards("scratch", scratch);
    for (NativeBuffer buffer : workerScratch) {
      assertGuards("worker scratch", buffer);
    }
  }

  private void assertGuards(String name, NativeBuffer buffer) {
    ByteBuffer before = buffer.view(0, GUARD);
    ByteBuffer after = buffer.view(buffer.sizeBytes() - GUARD, GUARD);
    for (int i = 0; i < GUARD; i++) {
      assertEquals(DIRT, before.get(i), "byte before " + name + " in " + instruction.label());
      assertEquals(DIRT, after.get(i), "byte after " + name + " in " + instruction.label());
    }
  }

  @Override
  public void close() {
    memory.values().forEach(NativeBuffer::close);
    scratch.close();
    workerScratch.forEach(NativeBuffer::close);
  }
}
