// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cpu;

import java.util.List;
import org.bytedeco.javacpp.Pointer;
import org.randwire.backend.Call;
import org.randwire.backend.Kernel;
import org.randwire.backend.KernelCatalog;
import org.randwire.backend.cpu.binding.Core;
import org.randwire.backend.cpu.binding.NativeCore;
import org.randwire.backend.cpu.binding.rw_convolution_args;
import org.randwire.backend.cpu.binding.rw_convolution_filter_gradient_args;
import org.randwire.op.Convolution;
import org.randwire.op.Instruction;
import org.randwire.op.Value;
import org.randwire.op.Window;
import org.randwire.tensor.DataType;

/**
 * The native core's dense 3x3 convolutions of stride 1 as lines of the catalog, in bfloat16 on the
 * processor's tiles (AMX): filter gradients 1.2 to 1.8 times as fast as oneDNN's in the ResNets of
 * the design spaces paper, the others up to 1.3 times (docs/performance.md).
 */
final class ConvolutionKernels {

  /** Tasks to aim at, and those that leave partial gradients. */
  private static final int MOST_TASKS = 32;

  private static final int MOST_PARTIALS = 8;

  /** Of the images that are laid out at a time: they stay in the second cache beside the filter. */
  private static final long BLOCK_BYTES = 64 << 10;

  /**
   * Of a filter's gradient, whose sums pass through the caches once for every block; oneDNN takes
   * wider ones.
   */
  private static final long MOST_GRADIENT_BYTES = 1 << 20;

  private ConvolutionKernels() {}

  /** Appends the kernels; the native core must be available. */
  static void addTo(KernelCatalog.Builder catalog) {
    catalog.add(
        "native.convolution",
        Convolution.class,
        i -> fits((Convolution) i.primitive(), i.input(0), i.output(0), i.input(1)),
        i -> product(i, false));
    catalog.add(
        "native.convolution.input-gradient",
        Convolution.InputGradient.class,
        i ->
            fits(
                ((Convolution.InputGradient) i.primitive()).convolution(),
                i.output(0),
                i.input(0),
                i.input(1)),
        i -> product(i, true));
    catalog.add(
        "native.convolution.filter-gradient",
        Convolution.FilterGradient.class,
        i ->
            i.output(0).sizeBytes() <= MOST_GRADIENT_BYTES
                && fits(
                    ((Convolution.FilterGradient) i.primitive()).convolution(),
                    i.input(0),
                    i.input(1),
                    i.output(0)),
        ConvolutionKernels::filterGradient);
  }

  private static boolean fits(Convolution convolution, Value x, Value y, Value filter) {
    return convolution.groups() == 1
        && convolution.window().equals(Window.square(3, 1))
        && NativeKernels.streams(List.of(x, y))
        && filter.type() == DataType.FLOAT32
        && filter.elements() == 9L * x.storedChannels() * y.storedChannels()
        && multiplies(x.type());
  }

  static boolean multiplies(DataType type) {
    return type == DataType.BFLOAT16 && NativeCore.usesMatrixTiles();
  }

  /**
   * What is multiplied together: whole images of a task, or some rows of one.
   *
   * @param pixels of a block as it is laid out
   */
  private record Blocks(int images, int rows, long pixels) {
    static Blocks of(Value x, int channels, int imagesPerTask) {
      int height = x.shape().height();
      int pitch = x.shape().width() + 1;
      long rowBytes = (long) pitch * channels * x.type().sizeBytes();
      long affordable = Math.max(1, BLOCK_BYTES / rowBytes - 1);
      int images = (int) Math.max(1, Math.min(imagesPerTask, affordable / (height + 1)));
      int strips = images > 1 ? 1 : NativeKernels.ceil(height, (int) Math.min(height, affordable));
      int rows = NativeKernels.ceil(height, strips);
      long pixels = 1 + (1L + images * (rows + 1)) * pitch + Core.RW_CONVOLUTION_TAIL;
      return new Blocks(images, rows, pixels);
    }
  }

  /** (source, filter) to target; with the filter transposed it is the input's gradient. */
  private static Kernel product(Instruction i, boolean transposed) {
    Value source = i.input(0);
    Value filter = i.input(1);
    Value target = i.output(0);
    int depth = source.storedChannels();
    int columns = target.storedChannels();
    int images = NativeKernels.ceil(source.shape().batch(), MOST_TASKS);
    int tasks = NativeKernels.ceil(source.shape().batch(), images);
    Blocks blocks = Blocks.of(source, depth, images);
    return new NativeKernel(
        i,
        2,
        3L * NativeKernels.ceil(3 * depth, 32) * 32 * columns * source.type().sizeBytes(),
        blocks.pixels() * (4 + 2L * depth) + 64,
        o -> {
          int inputs = transposed ? columns : depth;
          int outputs = transposed ? depth : columns;
          Pointer packed = o.floatScratch(0);
          Call pack =
              PointwiseKernels.pack(
                  o, i, filter, packed, 3, inputs, outputs, transposed, source.type());
          var a = o.own(new rw_convolution_args());
          a.x(o.address(source)).packed(packed).y(o.address(target));
          a.worker_scratch(o.workerScratch())
              .batch(source.shape().batch())
              .height(source.shape().height());
          a.width(source.shape().width()).inputs(depth).outputs(columns).images_per_task(images);
          a.images_per_block(blocks.images()).rows_per_block(blocks.rows());
          return List.of(pack, o.call(i.label(), tasks, (t, w) -> Core.rw_convolution(a, t, w)));
        });
  }

  private static Kernel filterGradient(Instruction i) {
    Value x = i.input(0);
    Value dy = i.input(1);
    Value dfilter = i.output(0);
    int inputs = x.storedChannels();
    int outputs = dy.storedChannels();
    int images = NativeKernels.ceil(x.shape().batch(), MOST_PARTIALS);
    int partials = NativeKernels.ceil(x.shape().batch(), images);
    Blocks blocks = Blocks.of(x, Math.max(inputs, outputs), images);
    return new NativeKernel(
        i,
        2,
        partials * dfilter.sizeBytes(),
        2 * blocks.pixels() * (inputs + outputs)
            + 2 * (blocks.pixels() + 64) * inputs
            + 64L * Core.RW_CONVOLUTION_PIXELS
            + 256,
        o -> {
          var a = o.own(new rw_convolution_filter_gradient_args());
          a.x(o.address(x)).dy(o.address(dy)).partials(o.floatScratch(0));
          a.worker_scratch(o.workerScratch());
          a.batch(x.shape().batch()).height(x.shape().height()).width(x.shape().width());
          a.inputs(inputs).outputs(outputs).images_per_task(images);
          a.images_per_block(blocks.images()).rows_per_block(blocks.rows());
          Call sums =
              o.call(i.label(), partials, (t, w) -> Core.rw_convolution_filter_gradient(a, t, w));
          return List.of(sums, PointwiseKernels.mergeCall(i, o, dfilter, partials));
        });
  }
}
