// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cpu;

import static org.bytedeco.dnnl.global.dnnl.*;

import org.bytedeco.dnnl.dnnl_exec_arg_t;
import org.bytedeco.dnnl.dnnl_memory;
import org.bytedeco.dnnl.dnnl_memory_desc;
import org.bytedeco.dnnl.dnnl_primitive;
import org.bytedeco.dnnl.dnnl_primitive_desc;
import org.bytedeco.dnnl.dnnl_stream;
import org.bytedeco.javacpp.Pointer;

/**
 * A primitive that several workers run at once, each with arguments and a stream of its own.
 * Running moves the arguments' data handles and executes; it allocates nothing.
 */
final class OneDnnPrimitive implements AutoCloseable {
  private final dnnl_primitive primitive = new dnnl_primitive();
  private final Lane[] lanes;
  private final long scratchpadBytes;

  OneDnnPrimitive(dnnl_primitive_desc descriptor, int workers, int... arguments) {
    OneDnn.check(dnnl_primitive_create(primitive, descriptor), "primitive_create");
    scratchpadBytes = OneDnnScope.sizeBytes(OneDnnScope.argument(descriptor, DNNL_ARG_SCRATCHPAD));
    lanes = new Lane[workers];
    for (int worker = 0; worker < workers; worker++) {
      lanes[worker] = new Lane(descriptor, arguments, scratchpadBytes > 0);
    }
  }

  /** Scratch memory one run needs. */
  long scratchpadBytes() {
    return scratchpadBytes;
  }

  /** Where the worker's runs take their scratchpad from, 64-byte aligned. */
  void scratchpad(int worker, long address) {
    if (scratchpadBytes > 0) {
      lanes[worker].set(lanes[worker].memories.length - 1, address);
    }
  }

  /** Where the worker's next runs find the argument at this position. */
  void set(int worker, int position, long address) {
    lanes[worker].set(position, address);
  }

  void execute(int worker) {
    Lane lane = lanes[worker];
    OneDnn.check(
        dnnl_primitive_execute(primitive, lane.stream, lane.memories.length, lane.arguments),
        "primitive_execute");
  }

  @Override
  public void close() {
    for (Lane lane : lanes) {
      lane.close();
    }
    dnnl_primitive_destroy(primitive);
  }

  /** What one worker needs to run the primitive. */
  private static final class Lane implements AutoCloseable {
    final dnnl_stream stream = new dnnl_stream();
    final dnnl_memory[] memories;
    final dnnl_exec_arg_t arguments;
    private final NativeAddress handle = new NativeAddress();

    Lane(dnnl_primitive_desc descriptor, int[] kinds, boolean scratchpad) {
      OneDnn.check(
          dnnl_stream_create(stream, OneDnn.engine(), dnnl_stream_default_flags), "stream_create");
      memories = new dnnl_memory[kinds.length + (scratchpad ? 1 : 0)];
      arguments = new dnnl_exec_arg_t(memories.length);
      for (int i = 0; i < memories.length; i++) {
        int kind = i < kinds.length ? kinds[i] : DNNL_ARG_SCRATCHPAD;
        dnnl_memory_desc layout = OneDnnScope.argument(descriptor, kind);
        memories[i] = new dnnl_memory();
        OneDnn.check(
            dnnl_memory_create(memories[i], layout, OneDnn.engine(), (Pointer) null),
            "memory_create");
        arguments.position(i).arg(kind).memory(memories[i]);
      }
      arguments.position(0);
    }

    void set(int position, long address) {
      OneDnn.check(
          dnnl_memory_set_data_handle(memories[position], handle.set(address, 0)),
          "memory_set_data_handle");
    }

    @Override
    public void close() {
      for (dnnl_memory memory : memories) {
        dnnl_memory_destroy(memory);
      }
      arguments.close();
      dnnl_stream_destroy(stream);
    }
  }
}
