// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cpu;

import static org.bytedeco.dnnl.global.dnnl.*;

import java.util.ArrayDeque;
import java.util.Deque;
import org.bytedeco.dnnl.dnnl_engine;
import org.bytedeco.dnnl.dnnl_memory_desc;
import org.bytedeco.dnnl.dnnl_primitive_attr;
import org.bytedeco.dnnl.dnnl_primitive_desc;
import org.randwire.tensor.DataType;

/**
 * Makes oneDNN's descriptors and primitives, and destroys all it made when it is closed, the newest
 * first. Whatever it makes uses one thread and takes its scratchpad from the caller.
 */
final class OneDnnScope implements AutoCloseable {

  /** Fills in a primitive descriptor and returns oneDNN's status. */
  @FunctionalInterface
  interface Description {
    int create(dnnl_primitive_desc target, dnnl_engine engine, dnnl_primitive_attr attributes);
  }

  private final Deque<AutoCloseable> owned = new ArrayDeque<>();
  private final dnnl_primitive_attr attributes = new dnnl_primitive_attr();

  OneDnnScope() {
    OneDnn.useOneThread();
    OneDnn.check(dnnl_primitive_attr_create(attributes), "primitive_attr_create");
    owned.push(() -> dnnl_primitive_attr_destroy(attributes));
    OneDnn.check(
        dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user),
        "primitive_attr_set_scratchpad_mode");
  }

  /** A tensor of known strides, in elements. */
  dnnl_memory_desc strided(DataType type, long[] sizes, long[] strides) {
    dnnl_memory_desc descriptor = new dnnl_memory_desc();
    OneDnn.check(
        dnnl_memory_desc_create_with_strides(descriptor, sizes.length, sizes, code(type), strides),
        "memory_desc_create_with_strides");
    owned.push(() -> dnnl_memory_desc_destroy(descriptor));
    return descriptor;
  }

  /** A tensor whose layout the primitive may choose. */
  dnnl_memory_desc any(DataType type, long[] sizes) {
    dnnl_memory_desc descriptor = new dnnl_memory_desc();
    OneDnn.check(
        dnnl_memory_desc_create_with_tag(
            descriptor, sizes.length, sizes, code(type), dnnl_format_tag_any),
        "memory_desc_create_with_tag");
    owned.push(() -> dnnl_memory_desc_destroy(descriptor));
    return descriptor;
  }

  /** The fastest implementation oneDNN has for what is described. */
  dnnl_primitive_desc describe(String call, Description description) {
    dnnl_primitive_desc descriptor = new dnnl_primitive_desc();
    OneDnn.check(description.create(descriptor, OneDnn.engine(), attributes), call);
    owned.push(() -> dnnl_primitive_desc_destroy(descriptor));
    return descriptor;
  }

  /** A copy between two layouts or types of the same tensor. */
  dnnl_primitive_desc describeReorder(dnnl_memory_desc from, dnnl_memory_desc to) {
    return describe(
        "reorder_primitive_desc_create",
        (target, engine, attr) ->
            dnnl_reorder_primitive_desc_create(target, from, engine, to, engine, attr));
  }

  /** The sum of two vectors of floats: SRC_0, SRC_1, DST; the target may be the first. */
  OneDnnPrimitive addition(long elements, int workers) {
    dnnl_memory_desc floats = strided(DataType.FLOAT32, new long[] {elements}, new long[] {1});
    return primitive(
        describe(
            "binary_primitive_desc_create",
            (descriptor, engine, attr) ->
                dnnl_binary_primitive_desc_create(
                    descriptor, engine, dnnl_binary_add, floats, floats, floats, attr)),
        workers,
        DNNL_ARG_SRC_0,
        DNNL_ARG_SRC_1,
        DNNL_ARG_DST);
  }

  /** A primitive whose arguments (DNNL_ARG_*) are set by their position in {@code arguments}. */
  OneDnnPrimitive primitive(dnnl_primitive_desc descriptor, int workers, int... arguments) {
    OneDnnPrimitive primitive = new OneDnnPrimitive(descriptor, workers, arguments);
    owned.push(primitive);
    return primitive;
  }

  /** What the primitive expects as one argument (DNNL_ARG_*); belongs to the descriptor. */
  static dnnl_memory_desc argument(dnnl_primitive_desc descriptor, int argument) {
    return dnnl_primitive_desc_query_md(descriptor, dnnl_query_exec_arg_md, argument);
  }

  static long sizeBytes(dnnl_memory_desc descriptor) {
    return dnnl_memory_desc_get_size(descriptor);
  }

  static boolean same(dnnl_memory_desc a, dnnl_memory_desc b) {
    return dnnl_memory_desc_equal(a, b) != 0;
  }

  private static int code(DataType type) {
    return switch (type) {
      case FLOAT32 -> dnnl_f32;
      case BFLOAT16 -> dnnl_bf16;
      default -> throw new IllegalArgumentException("oneDNN kernels do not take " + type);
    };
  }

  @Override
  public void close() {
    while (!owned.isEmpty()) {
      try {
        owned.pop().close();
      } catch (Exception e) {
        throw new IllegalStateException("oneDNN objects could not be destroyed", e);
      }
    }
  }
}
