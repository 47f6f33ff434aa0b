// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cpu;

import static org.bytedeco.dnnl.global.dnnl.*;

import org.bytedeco.dnnl.dnnl_memory_desc;
import org.bytedeco.javacpp.Pointer;
import org.jspecify.annotations.Nullable;
import org.randwire.backend.cpu.ConvolutionProblem.Operand;

/**
 * One activation of a task: computed where it lies or, if its type or padding forbids that, in a
 * copy in the worker's scratch memory.
 */
final class Staging {

  /** The copy; none if the value is computed where it lies. */
  private final @Nullable OneDnnPrimitive copy;

  /** Bytes of the copy. */
  private final long copyBytes;

  /** Bytes that hold zeros wherever the reorder does not write. */
  private final long clearedBytes;

  private final long[] copies;
  private final NativeAddress[] targets;

  private Staging(@Nullable OneDnnPrimitive copy, long copyBytes, long clearedBytes, int workers) {
    this.copy = copy;
    this.copyBytes = copyBytes;
    this.clearedBytes = clearedBytes;
    this.copies = new long[workers];
    this.targets = new NativeAddress[workers];
    for (int worker = 0; worker < workers; worker++) {
      targets[worker] = new NativeAddress();
    }
  }

  /** For an operand that is read. */
  static Staging load(
      OneDnnScope scope, ConvolutionProblem problem, Operand operand, int units, int workers) {
    if (!operand.staged()) {
      return new Staging(null, 0, 0, workers);
    }
    dnnl_memory_desc stored = problem.stored(scope, operand, units);
    dnnl_memory_desc computed = problem.computed(scope, operand, units);
    return new Staging(
        copy(scope, stored, computed, workers), OneDnnScope.sizeBytes(computed), 0, workers);
  }

  /** For the output's gradient, with zeros between the pixels that a strided window skipped. */
  static Staging loadSpread(OneDnnScope scope, ConvolutionProblem problem, int units, int workers) {
    Operand operand = problem.output();
    if (!operand.staged() && !problem.strided()) {
      return new Staging(null, 0, 0, workers);
    }
    long bytes = OneDnnScope.sizeBytes(problem.spread(scope, units));
    dnnl_memory_desc stored = problem.stored(scope, operand, units);
    return new Staging(
        copy(scope, stored, problem.spreadPixels(scope, units), workers),
        bytes,
        problem.strided() ? bytes : 0,
        workers);
  }

  /** For an operand that is written. */
  static Staging store(
      OneDnnScope scope, ConvolutionProblem problem, Operand operand, int units, int workers) {
    if (!operand.staged()) {
      return new Staging(null, 0, 0, workers);
    }
    dnnl_memory_desc computed = problem.computed(scope, operand, units);
    dnnl_memory_desc stored = problem.stored(scope, operand, units);
    return new Staging(
        copy(scope, computed, stored, workers),
        OneDnnScope.sizeBytes(computed),
        operand.padded() ? units * operand.unitBytes() : 0,
        workers);
  }

  private static OneDnnPrimitive copy(
      OneDnnScope scope, dnnl_memory_desc from, dnnl_memory_desc to, int workers) {
    return scope.primitive(scope.describeReorder(from, to), workers, DNNL_ARG_FROM, DNNL_ARG_TO);
  }

  /** Bytes of the worker's scratch memory, the reorder's own scratchpad last. */
  long bytes() {
    return copy == null ? 0 : OneDnn.align(copyBytes) + OneDnn.align(copy.scratchpadBytes());
  }

  void use(int worker, long address) {
    copies[worker] = address;
    if (copy != null) {
      copy.scratchpad(worker, address + OneDnn.align(copyBytes));
    }
  }

  /** Where the primitive finds the units that lie at {@code stored}. */
  long before(int worker, long stored) {
    if (copy == null) {
      return stored;
    }
    reorder(copy, worker, stored, copies[worker]);
    return copies[worker];
  }

  /** Where the primitive writes the units that shall lie at {@code stored}. */
  long computed(int worker, long stored) {
    return copy == null ? stored : copies[worker];
  }

  /** Brings what the primitive wrote to {@code stored}, zeros in the padding. */
  void after(int worker, long stored) {
    if (copy != null) {
      reorder(copy, worker, copies[worker], stored);
    }
  }

  private void reorder(OneDnnPrimitive reorder, int worker, long from, long to) {
    if (clearedBytes > 0) {
      Pointer.memset(targets[worker].set(to, clearedBytes), 0, clearedBytes);
    }
    reorder.set(worker, 0, from);
    reorder.set(worker, 1, to);
    reorder.execute(worker);
  }
}
