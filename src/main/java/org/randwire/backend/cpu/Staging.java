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
  private final Operand operand;
  private final int units;

  /** The copy; none if the value is computed where it lies. */
  private final @Nullable OneDnnPrimitive copy;

  private final long[] copies;
  private final NativeAddress[] targets;

  private Staging(Operand operand, int units, @Nullable OneDnnPrimitive copy, int workers) {
    this.operand = operand;
    this.units = units;
    this.copy = copy;
    this.copies = new long[workers];
    this.targets = new NativeAddress[workers];
    for (int worker = 0; worker < workers; worker++) {
      targets[worker] = new NativeAddress();
    }
  }

  /** For an operand that is read. */
  static Staging load(
      OneDnnScope scope, ConvolutionProblem problem, Operand operand, int units, int workers) {
    return new Staging(
        operand,
        units,
        operand.staged()
            ? copy(
                scope,
                problem.stored(scope, operand, units),
                problem.computed(scope, operand, units),
                workers)
            : null,
        workers);
  }

  /** For an operand that is written. */
  static Staging store(
      OneDnnScope scope, ConvolutionProblem problem, Operand operand, int units, int workers) {
    return new Staging(
        operand,
        units,
        operand.staged()
            ? copy(
                scope,
                problem.computed(scope, operand, units),
                problem.stored(scope, operand, units),
                workers)
            : null,
        workers);
  }

  private static OneDnnPrimitive copy(
      OneDnnScope scope, dnnl_memory_desc from, dnnl_memory_desc to, int workers) {
    return scope.primitive(scope.describeReorder(from, to), workers, DNNL_ARG_FROM, DNNL_ARG_TO);
  }

  /** Bytes of the worker's scratch memory, the reorder's own scratchpad last. */
  long bytes() {
    return copy == null
        ? 0
        : OneDnn.align(operand.stagingBytes(units)) + OneDnn.align(copy.scratchpadBytes());
  }

  void use(int worker, long address) {
    copies[worker] = address;
    if (copy != null) {
      copy.scratchpad(worker, address + OneDnn.align(operand.stagingBytes(units)));
    }
  }

  /** Where the primitive finds the units that lie at {@code stored}. */
  long before(int worker, long stored) {
    if (copy == null) {
      return stored;
    }
    copy.set(worker, 0, stored);
    copy.set(worker, 1, copies[worker]);
    copy.execute(worker);
    return copies[worker];
  }

  /** Where the primitive writes the units that shall lie at {@code stored}. */
  long computed(int worker, long stored) {
    return copy == null ? stored : copies[worker];
  }

  /** Brings what the primitive wrote to {@code stored}, zeros in the padding. */
  void after(int worker, long stored) {
    if (copy == null) {
      return;
    }
    if (operand.padded()) {
      Pointer.memset(targets[worker].set(stored, 0), 0, units * operand.unitBytes());
    }
    copy.set(worker, 0, copies[worker]);
    copy.set(worker, 1, stored);
    copy.execute(worker);
  }
}
