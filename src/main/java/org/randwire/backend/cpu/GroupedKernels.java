// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cpu;

import java.util.List;
import org.randwire.backend.Call;
import org.randwire.backend.Kernel;
import org.randwire.backend.KernelCatalog;
import org.randwire.backend.cpu.binding.Core;
import org.randwire.backend.cpu.binding.rw_grouped_convolution_args;
import org.randwire.backend.cpu.binding.rw_grouped_filter_gradient_args;
import org.randwire.backend.cpu.binding.rw_transpose_grouped_filter_args;
import org.randwire.op.Convolution;
import org.randwire.op.Instruction;
import org.randwire.op.Value;
import org.randwire.op.Window;
import org.randwire.tensor.DataType;

/**
 * The native core's grouped convolutions as lines of the catalog: 3x3, stride 1 or 2, few channels
 * a group. oneDNN reaches a quarter of the processor's speed with 4 channels a group and half of it
 * with 8.
 */
final class GroupedKernels {

  /** Tasks to aim at, and those that leave partial gradients. */
  private static final int MOST_TASKS = 32;

  private static final int MOST_PARTIALS = 16;

  private GroupedKernels() {}

  /** Appends the kernels; the native core must be available. */
  static void addTo(KernelCatalog.Builder catalog) {
    catalog.add(
        "native.grouped",
        Convolution.class,
        i -> fits((Convolution) i.primitive(), i.input(0), i.output(0), i.input(1)),
        GroupedKernels::forward);
    catalog.add(
        "native.grouped.input-gradient",
        Convolution.InputGradient.class,
        i ->
            fits(
                ((Convolution.InputGradient) i.primitive()).convolution(),
                i.output(0),
                i.input(0),
                i.input(1)),
        GroupedKernels::inputGradient);
    catalog.add(
        "native.grouped.filter-gradient",
        Convolution.FilterGradient.class,
        i ->
            fits(
                ((Convolution.FilterGradient) i.primitive()).convolution(),
                i.input(0),
                i.input(1),
                i.output(0)),
        GroupedKernels::filterGradient);
  }

  private static boolean fits(Convolution convolution, Value x, Value y, Value filter) {
    int group = filter.shape().channels();
    return convolution.groups() > 1
        && (group == 4 || group == 8)
        && (convolution.window().equals(Window.square(3, 1))
            || convolution.window().equals(Window.square(3, 2)))
        && x.shape().channels() == y.shape().channels()
        && NativeKernels.streams(List.of(x, y))
        && filter.type() == DataType.FLOAT32
        && filter.elements() == 9L * group * x.storedChannels();
  }

  private static Kernel forward(Instruction i) {
    return new NativeKernel(
        i,
        1,
        0,
        rowBytes(i.input(0)),
        o -> {
          var a = convolution(o, i.input(0), i.input(1), i.output(0), i.input(0));
          a.filter(o.floats(i.input(1))).stride(stride((Convolution) i.primitive()));
          return List.of(
              o.call(
                  i.label(), tasks(i.output(0)), (t, w) -> Core.rw_grouped_convolution(a, t, w)));
        });
  }

  private static Kernel inputGradient(Instruction i) {
    Value filter = i.input(1);
    Value dx = i.output(0);
    int stride = stride(((Convolution.InputGradient) i.primitive()).convolution());
    return new NativeKernel(
        i,
        2,
        filter.sizeBytes(),
        rowBytes(dx),
        o -> {
          var f = o.own(new rw_transpose_grouped_filter_args());
          f.filter(o.floats(filter)).transposed(o.floatScratch(0));
          f.channels(dx.storedChannels()).group(filter.shape().channels());
          int blocks = dx.storedChannels() / NativeKernels.LANES;
          Call transpose =
              o.call(i.label(), blocks, (t, w) -> Core.rw_transpose_grouped_filter(f, t, w));
          var a = convolution(o, i.input(0), filter, dx, dx);
          a.filter(o.floatScratch(0)).stride(stride);
          return List.of(
              transpose,
              o.call(
                  i.label(),
                  tasks(dx),
                  (t, w) ->
                      stride == 1
                          ? Core.rw_grouped_convolution(a, t, w)
                          : Core.rw_grouped_strided_gradient(a, t, w)));
        });
  }

  private static int stride(Convolution convolution) {
    return convolution.window().strideHeight();
  }

  /** The larger image is the convolution's input, whichever of the two is read. */
  private static rw_grouped_convolution_args convolution(
      NativeOperands o, Value source, Value filter, Value target, Value image) {
    var a = o.own(new rw_grouped_convolution_args());
    a.x(o.address(source)).y(o.address(target)).worker_scratch(o.workerScratch());
    a.type(NativeKernels.type(source)).batch(source.shape().batch());
    a.height(image.shape().height()).width(image.shape().width());
    a.channels(source.storedChannels()).group(filter.shape().channels());
    return a.images_per_task(imagesPerTask(source, MOST_TASKS));
  }

  private static Kernel filterGradient(Instruction i) {
    Value x = i.input(0);
    Value dfilter = i.output(0);
    int images = imagesPerTask(x, MOST_PARTIALS);
    int partials = NativeKernels.ceil(x.shape().batch(), images);
    return new NativeKernel(
        i,
        2,
        partials * dfilter.sizeBytes(),
        rowBytes(x),
        o -> {
          var a = o.own(new rw_grouped_filter_gradient_args());
          a.x(o.address(x)).dy(o.address(i.input(1))).partials(o.floatScratch(0));
          a.worker_scratch(o.workerScratch()).type(NativeKernels.type(x));
          a.batch(x.shape().batch()).height(x.shape().height()).width(x.shape().width());
          a.channels(x.storedChannels()).group(dfilter.shape().channels()).images_per_task(images);
          a.stride(stride(((Convolution.FilterGradient) i.primitive()).convolution()));
          Call sums =
              o.call(i.label(), partials, (t, w) -> Core.rw_grouped_filter_gradient(a, t, w));
          return List.of(sums, PointwiseKernels.mergeCall(i, o, dfilter, partials));
        });
  }

  private static int imagesPerTask(Value x, int tasks) {
    return NativeKernels.ceil(x.shape().batch(), tasks);
  }

  private static int tasks(Value y) {
    return NativeKernels.ceil(y.shape().batch(), imagesPerTask(y, MOST_TASKS));
  }

  /** Three padded rows of one kernel and a row more of the other, 16 channels of each. */
  private static long rowBytes(Value x) {
    return (4L * x.shape().width() + 10) * NativeKernels.LANES * Float.BYTES;
  }
}
