// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cpu;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerPointer;
import org.randwire.backend.Binding;
import org.randwire.backend.Call;
import org.randwire.backend.Slice;
import org.randwire.op.Value;

/**
 * Gives the addresses of a bound instruction's operands in the types that the native core's structs
 * take, and collects what one call owns.
 */
final class NativeOperands {

  /** A native kernel with its arguments; returns the core's status. */
  interface Task {
    int run(int task, int worker);
  }

  private final Binding binding;
  private List<Pointer> owned = new ArrayList<>();

  NativeOperands(Binding binding) {
    this.binding = binding;
  }

  /** Keeps memory until the call made next is closed. */
  <P extends Pointer> P own(P memory) {
    owned.add(memory);
    return memory;
  }

  /** A call that frees, when closed, everything owned since the call before. */
  Call call(String name, int tasks, Task task) {
    List<Pointer> memory = owned;
    owned = new ArrayList<>();
    return new NativeCall(name, tasks, task, memory);
  }

  Pointer address(Value value) {
    return pointer(binding.slice(value), 0);
  }

  FloatPointer floats(Value value) {
    return new FloatPointer(address(value));
  }

  DoublePointer doubles(Value value) {
    return new DoublePointer(address(value));
  }

  IntPointer ints(Value value) {
    return new IntPointer(address(value));
  }

  FloatPointer floatScratch(long offset) {
    return new FloatPointer(pointer(binding.scratch(), offset));
  }

  DoublePointer doubleScratch(long offset) {
    return new DoublePointer(pointer(binding.scratch(), offset));
  }

  /** The addresses of values, as an array. */
  Pointer addresses(List<Value> values) {
    return array(values.stream().map(this::address).toList());
  }

  /** The address of float {@code index} of a vector. */
  Pointer element(Value vector, int index) {
    return pointer(binding.slice(vector), (long) index * Float.BYTES);
  }

  /** The address of each worker's scratch memory, as an array. */
  Pointer workerScratch() {
    List<Pointer> addresses = new ArrayList<>();
    for (int worker = 0; worker < binding.workers(); worker++) {
      addresses.add(pointer(binding.workerScratch(worker), 0));
    }
    return array(addresses);
  }

  Pointer array(List<Pointer> addresses) {
    PointerPointer<Pointer> array = own(new PointerPointer<>(addresses.size()));
    for (int i = 0; i < addresses.size(); i++) {
      array.put(i, addresses.get(i));
    }
    return array;
  }

  /** A null address, for a term without weight. */
  static Pointer nothing() {
    return new NativeAddress();
  }

  private static Pointer pointer(Slice slice, long offset) {
    long address = ((NativeBuffer) slice.buffer()).address() + slice.offset() + offset;
    return new NativeAddress().set(address, slice.sizeBytes() - offset);
  }

  private record NativeCall(String name, int tasks, Task task, List<Pointer> memory)
      implements Call {
    @Override
    public void run(int number, int worker) {
      int status = task.run(number, worker);
      if (status != 0) {
        throw new IllegalStateException(
            name + " refused its arguments in task " + number + " (status " + status + ")");
      }
    }

    @Override
    public void close() {
      memory.forEach(Pointer::close);
    }
  }
}
