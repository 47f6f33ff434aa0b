// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cuda;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.ToLongFunction;
import org.randwire.backend.Binding;
import org.randwire.backend.Call;
import org.randwire.backend.OutOfDeviceMemoryException;
import org.randwire.backend.Slice;
import org.randwire.backend.cuda.binding.Device;
import org.randwire.backend.cuda.binding.LibraryProblem;
import org.randwire.op.Instruction;
import org.randwire.op.Value;
import org.randwire.tensor.DataType;

/**
 * Chooses between kernels for one instruction by running each on memory of its own, before any plan
 * is recorded. What was chosen is kept by the device, since another choice could give other bits.
 */
final class Tuning {

  private static final int PIECE_BYTES = 1 << 20;

  /** Its multiples are spread evenly over the fractions. */
  private static final double GOLDEN_RATIO = (1 + Math.sqrt(5)) / 2;

  private final Device device;
  private final ToLongFunction<List<Call>> nanosOf;
  private final Map<LibraryProblem, String> chosen = new HashMap<>();

  /**
   * @param nanosOf what calls that are bound take, each after the one before
   */
  Tuning(Device device, ToLongFunction<List<Call>> nanosOf) {
    this.device = device;
    this.nanosOf = nanosOf;
  }

  Device device() {
    return device;
  }

  /**
   * The fastest of the candidates for the instruction; the last, without being kept, if there is no
   * memory to try them.
   *
   * @param candidates by the names that choices are kept under
   */
  CudaKernel fastest(
      Instruction i, LibraryProblem problem, LinkedHashMap<String, CudaKernel> candidates) {
    String key = problem + " of " + candidates.keySet();
    String known = chosen.get(problem);
    Optional<String> kept =
        Optional.ofNullable(known)
            .or(() -> device.kept(key))
            .filter(name -> candidates.containsKey(name));
    if (kept.isEmpty()) {
      kept = measure(i, candidates);
      kept.ifPresent(name -> device.keep(key, name));
    }
    kept.ifPresent(name -> chosen.put(problem, name));
    String last = candidates.keySet().stream().reduce((a, b) -> b).orElseThrow();
    return candidates.get(kept.orElse(last));
  }

  private Optional<String> measure(Instruction i, Map<String, CudaKernel> candidates) {
    Optional<String> best = Optional.empty();
    long least = Long.MAX_VALUE;
    try (Trial trial = new Trial(i)) {
      for (Map.Entry<String, CudaKernel> candidate : candidates.entrySet()) {
        long nanos = trial.nanosOf(candidate.getValue());
        if (nanos < least) {
          least = nanos;
          best = Optional.of(candidate.getKey());
        }
      }
      return best;
    } catch (OutOfDeviceMemoryException e) {
      return Optional.empty();
    }
  }

  /** Memory for the operands of an instruction, inputs filled. */
  private final class Trial implements AutoCloseable {
    private final Map<Value, CudaBuffer> operands = new HashMap<>();

    Trial(Instruction i) {
      try {
        for (Value value : i.inputs()) {
          operands.put(value, new CudaBuffer(device, value.sizeBytes()));
          fill(operands.get(value), value.type());
        }
        for (Value value : i.outputs()) {
          operands.put(value, new CudaBuffer(device, value.sizeBytes()));
        }
      } catch (RuntimeException | Error e) {
        close();
        throw e;
      }
    }

    /** Numbers all over [-1, 1): products of zeros take less power and so less time. */
    private void fill(CudaBuffer buffer, DataType type) {
      ByteBuffer piece = ByteBuffer.allocateDirect(PIECE_BYTES).order(ByteOrder.nativeOrder());
      for (double turns = 0; piece.hasRemaining(); turns += GOLDEN_RATIO) {
        float number = (float) (2 * (turns - Math.floor(turns)) - 1);
        if (type == DataType.BFLOAT16) {
          piece.putShort(DataType.toBfloat16(number));
        } else {
          piece.putFloat(number);
        }
      }
      for (long at = 0; at < buffer.sizeBytes(); at += PIECE_BYTES) {
        buffer.write(at, piece.clear().limit((int) Math.min(PIECE_BYTES, buffer.sizeBytes() - at)));
      }
    }

    long nanosOf(CudaKernel kernel) {
      try (CudaBuffer scratch = new CudaBuffer(device, Math.max(1, kernel.scratchBytes()))) {
        return Tuning.this.nanosOf.applyAsLong(
            kernel.bind(
                new Binding() {
                  @Override
                  public Slice slice(Value value) {
                    return new Slice(operands.get(value), 0, value.sizeBytes());
                  }

                  @Override
                  public Slice scratch() {
                    return new Slice(scratch, 0, kernel.scratchBytes());
                  }

                  @Override
                  public Slice workerScratch(int worker) {
                    return scratch();
                  }

                  @Override
                  public int workers() {
                    return 1;
                  }
                }));
      }
    }

    @Override
    public void close() {
      operands.values().forEach(CudaBuffer::close);
    }
  }
}
