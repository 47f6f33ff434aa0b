// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cuda;

import java.util.List;
import org.randwire.backend.Binding;
import org.randwire.backend.Slice;
import org.randwire.op.Value;

/** Device addresses of an instruction's operands and scratch. */
final class CudaOperands {

  /** The address of a term that has no weight. */
  static final long NOTHING = 0;

  private final Binding binding;

  CudaOperands(Binding binding) {
    this.binding = binding;
  }

  long address(Value value) {
    return address(binding.slice(value), 0);
  }

  List<Long> addresses(List<Value> values) {
    return values.stream().map(this::address).toList();
  }

  /** The address of float {@code index} of a vector. */
  long element(Value vector, long index) {
    return address(binding.slice(vector), index * Float.BYTES);
  }

  long scratch(long offset) {
    return address(binding.scratch(), offset);
  }

  private static long address(Slice slice, long offset) {
    return ((CudaBuffer) slice.buffer()).address() + slice.offset() + offset;
  }
}
