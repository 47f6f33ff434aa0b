// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cpu;

import java.util.List;
import org.bytedeco.javacpp.Pointer;
import org.randwire.backend.Call;
import org.randwire.backend.Kernel;
import org.randwire.backend.KernelCatalog;
import org.randwire.backend.cpu.binding.Core;
import org.randwire.backend.cpu.binding.NativeCore;
import org.randwire.backend.cpu.binding.rw_pack_filter_args;
import org.randwire.backend.cpu.binding.rw_pointwise_args;
import org.randwire.backend.cpu.binding.rw_pointwise_filter_gradient_args;
import org.randwire.backend.cpu.binding.rw_pointwise_filter_gradient_merge_args;
import org.randwire.op.Convolution;
import org.randwire.op.Instruction;
import org.randwire.op.Value;
import org.randwire.tensor.DataType;

/**
 * The native core's matrix products for pointwise convolutions as lines of the catalog. A product
 * packs the filter in a first region and multiplies chunks of pixels in a second. A filter's
 * gradient is cut by its shapes into chunks of pixels, whose sums a second region adds, or into
 * blocks of inputs, which leave nothing to add.
 */
final class PointwiseKernels {

  /** Columns that one task of the core packs. */
  private static final int PACKED_COLUMNS = 96;

  /** Pixels that the core multiplies at a time; tasks are multiples of it. */
  private static final int PIXELS = 56;

  /** Tasks to aim at, and the multiply-adds below which one is not worth its ticket. */
  private static final int MOST_TASKS = 64;

  private static final long LEAST_MULTIPLY_ADDS = 1 << 20;

  /** Chunks of pixels to aim at; each leaves a partial gradient. */
  private static final int MOST_PARTIALS = 32;

  /** Fewer chunks than this are no reason to add up partial gradients: inputs are cut as well. */
  private static final int FEW_PARTIALS = 8;

  /** Of a chunk, so that writing and adding its sums costs a few percent of computing them. */
  private static final int LEAST_PIXELS = 512;

  private static final int LEAST_PIXELS_PER_INPUT = 8;

  /** A block of inputs; each packs the output's gradient again. */
  private static final int BLOCK_INPUTS = 80;

  /** The widest panel of the output's gradient that a worker packs, in channels. */
  static final int PANEL = 48;

  private static final int MERGED_ELEMENTS = 4096;

  private PointwiseKernels() {}

  /** Appends the kernels; the native core must be available. */
  static void addTo(KernelCatalog.Builder catalog) {
    catalog.add(
        "native.pointwise",
        Convolution.class,
        i -> fits((Convolution) i.primitive(), i.input(0), i.output(0), i.input(1)),
        i -> product(i, false));
    catalog.add(
        "native.pointwise.input-gradient",
        Convolution.InputGradient.class,
        i ->
            fits(
                ((Convolution.InputGradient) i.primitive()).convolution(),
                i.output(0),
                i.input(0),
                i.input(1)),
        i -> product(i, true));
    catalog.add(
        "native.pointwise.filter-gradient",
        Convolution.FilterGradient.class,
        i ->
            fits(
                ((Convolution.FilterGradient) i.primitive()).convolution(),
                i.input(0),
                i.input(1),
                i.output(0)),
        PointwiseKernels::filterGradient);
  }

  private static boolean fits(Convolution convolution, Value x, Value y, Value filter) {
    return convolution.isPointwise()
        && NativeKernels.streams(List.of(x, y))
        && filter.type() == DataType.FLOAT32
        && filter.elements() == (long) x.storedChannels() * y.storedChannels()
        && multiplies(x.type());
  }

  /**
   * Not bfloat16 where only oneDNN uses the processor's tiles (AMX): they are faster than vectors.
   */
  static boolean multiplies(DataType type) {
    return type == DataType.FLOAT32 || !OneDnn.usesMatrixTiles() || NativeCore.usesMatrixTiles();
  }

  /** (source, filter) to target; with the filter transposed it is the input's gradient. */
  private static Kernel product(Instruction i, boolean transposed) {
    Value source = i.input(0);
    Value target = i.output(0);
    int depth = source.storedChannels();
    int columns = target.storedChannels();
    long pixels = NativeKernels.pixels(source);
    long least = NativeKernels.ceil(LEAST_MULTIPLY_ADDS, (long) depth * columns);
    long wanted = Math.max(least, NativeKernels.ceil(pixels, MOST_TASKS));
    long perTask = NativeKernels.ceil(wanted, PIXELS) * PIXELS;
    long packedBytes = (long) depth * columns * source.type().sizeBytes();
    return new NativeKernel(
        i,
        2,
        packedBytes,
        0,
        o -> {
          int inputs = transposed ? columns : depth;
          int outputs = transposed ? depth : columns;
          Call pack =
              pack(
                  o,
                  i,
                  i.input(1),
                  o.floatScratch(0),
                  1,
                  inputs,
                  outputs,
                  transposed,
                  source.type());
          var a = o.own(new rw_pointwise_args());
          a.x(o.address(source)).packed(o.floatScratch(0)).y(o.address(target));
          a.type(NativeKernels.type(source)).inputs(depth).outputs(columns);
          a.pixels(pixels).pixels_per_task(perTask);
          int tasks = (int) NativeKernels.ceil(pixels, perTask);
          return List.of(pack, o.call(i.label(), tasks, (t, w) -> Core.rw_pointwise(a, t, w)));
        });
  }

  /**
   * How a filter's gradient is cut into tasks.
   *
   * @param chunks chunks of pixels, each with partial sums unless it is the only one
   * @param blocks blocks of inputs
   */
  private record Cut(long pixelsPerTask, int chunks, int inputsPerTask, int blocks) {
    static Cut of(long pixels, int inputs) {
      long least = Math.max(LEAST_PIXELS, (long) LEAST_PIXELS_PER_INPUT * inputs);
      long wanted = Math.max(1, Math.min(MOST_PARTIALS, pixels / least));
      int whole = Core.RW_FILTER_GRADIENT_PIXELS;
      long each = NativeKernels.ceil(NativeKernels.ceil(pixels, wanted), whole) * whole;
      int chunks = (int) NativeKernels.ceil(pixels, each);
      int block = chunks < FEW_PARTIALS ? Math.min(inputs, BLOCK_INPUTS) : inputs;
      return new Cut(each, chunks, block, NativeKernels.ceil(inputs, block));
    }
  }

  private static Kernel filterGradient(Instruction i) {
    Value x = i.input(0);
    Value dy = i.input(1);
    Value dfilter = i.output(0);
    int inputs = x.storedChannels();
    Cut cut = Cut.of(NativeKernels.pixels(x), inputs);
    boolean partial = cut.chunks() > 1;
    long workerFloats = (long) Core.RW_FILTER_GRADIENT_PIXELS * (cut.inputsPerTask() + PANEL);
    return new NativeKernel(
        i,
        partial ? 2 : 1,
        partial ? cut.chunks() * dfilter.sizeBytes() : 0,
        workerFloats * Float.BYTES,
        o -> {
          var a = o.own(new rw_pointwise_filter_gradient_args());
          a.x(o.address(x)).dy(o.address(dy)).worker_scratch(o.workerScratch());
          a.partials(partial ? o.floatScratch(0) : o.floats(dfilter)).type(NativeKernels.type(x));
          a.inputs(inputs).outputs(dy.storedChannels()).inputs_per_task(cut.inputsPerTask());
          a.pixels(NativeKernels.pixels(x)).pixels_per_task(cut.pixelsPerTask());
          Call sums =
              o.call(
                  i.label(),
                  cut.chunks() * cut.blocks(),
                  (t, w) -> Core.rw_pointwise_filter_gradient(a, t, w));
          return partial ? List.of(sums, mergeCall(i, o, dfilter, cut.chunks())) : List.of(sums);
        });
  }

  /**
   * Packs a filter {@code [window][window][inputs][outputs]}, padded, for the products of one step.
   */
  static Call pack(
      NativeOperands o,
      Instruction i,
      Value filter,
      Pointer packed,
      int window,
      int inputs,
      int outputs,
      boolean transposed,
      DataType type) {
    var p = o.own(new rw_pack_filter_args());
    p.filter(o.floats(filter)).packed(packed).inputs(inputs).outputs(outputs);
    p.transposed(transposed ? 1 : 0).type(NativeKernels.type(type)).window(window);
    int tasks = NativeKernels.ceil(transposed ? inputs : outputs, PACKED_COLUMNS);
    return o.call(i.label(), tasks, (t, w) -> Core.rw_pack_filter(p, t, w));
  }

  /** How partial gradients of a filter, {@code offset} bytes into the scratch, are added up. */
  static rw_pointwise_filter_gradient_merge_args merge(
      NativeOperands o, Value dfilter, long offset, int partials) {
    var m = o.own(new rw_pointwise_filter_gradient_merge_args());
    m.partials(o.floatScratch(offset)).dfilter(o.floats(dfilter)).partial_count(partials);
    return m.elements(dfilter.elements()).elements_per_task(MERGED_ELEMENTS);
  }

  static int mergeTasks(Value dfilter) {
    return (int) NativeKernels.ceil(dfilter.elements(), MERGED_ELEMENTS);
  }

  /** The same as a call of its own, from the start of the scratch. */
  static Call mergeCall(Instruction i, NativeOperands o, Value dfilter, int partials) {
    var m = merge(o, dfilter, 0, partials);
    return o.call(
        i.label(), mergeTasks(dfilter), (t, w) -> Core.rw_pointwise_filter_gradient_merge(m, t, w));
  }
}
