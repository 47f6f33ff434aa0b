// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cpu;

import java.util.List;
import org.bytedeco.javacpp.Pointer;
import org.jspecify.annotations.Nullable;
import org.randwire.backend.Call;
import org.randwire.backend.Kernel;
import org.randwire.backend.KernelCatalog;
import org.randwire.backend.cpu.binding.Core;
import org.randwire.backend.cpu.binding.rw_batch_norm_apply_args;
import org.randwire.backend.cpu.binding.rw_batch_norm_gradient_apply_args;
import org.randwire.backend.cpu.binding.rw_batch_norm_gradient_merge_args;
import org.randwire.backend.cpu.binding.rw_batch_norm_gradient_sums_args;
import org.randwire.backend.cpu.binding.rw_batch_norm_merge_args;
import org.randwire.backend.cpu.binding.rw_batch_norm_running_args;
import org.randwire.backend.cpu.binding.rw_batch_norm_statistics_args;
import org.randwire.op.BatchNorm;
import org.randwire.op.Instruction;
import org.randwire.op.NormalisedRelu;
import org.randwire.op.Value;

/**
 * The native core's batch normalisations as lines of the catalog, alone and as {@link
 * NormalisedRelu}. Each reads its tensors twice, once for sums over the batch and once to apply
 * them; the merge between is small.
 */
final class BatchNormKernels {

  private BatchNormKernels() {}

  /** Appends the kernels; the native core must be available. */
  static void addTo(KernelCatalog.Builder catalog) {
    NativeKernels.add(
        catalog,
        BatchNorm.Forward.class,
        BatchNormKernels::appliesNorm,
        i -> forward(i, (BatchNorm.Forward) i.primitive(), false));
    NativeKernels.add(
        catalog,
        BatchNorm.Inference.class,
        BatchNormKernels::appliesNorm,
        i -> inference(i, ((BatchNorm.Inference) i.primitive()).epsilon(), false));
    NativeKernels.add(
        catalog,
        BatchNorm.Gradient.class,
        i -> NativeKernels.streams(List.of(i.input(0), i.input(1), i.output(0))),
        i -> gradient(i, GradientOperands.ofNorm(i)));
    NativeKernels.add(
        catalog,
        NormalisedRelu.Forward.class,
        BatchNormKernels::appliesNorm,
        i -> forward(i, ((NormalisedRelu.Forward) i.primitive()).norm(), true));
    NativeKernels.add(
        catalog,
        NormalisedRelu.Inference.class,
        BatchNormKernels::appliesNorm,
        i -> inference(i, ((NormalisedRelu.Inference) i.primitive()).epsilon(), true));
    NativeKernels.add(
        catalog,
        NormalisedRelu.Gradient.class,
        i -> GradientOperands.ofRelu(i).fits(),
        i -> gradient(i, GradientOperands.ofRelu(i)));
  }

  private static boolean appliesNorm(Instruction i) {
    Value shortcut = shortcut(i);
    return NativeKernels.streams(
        shortcut == null
            ? List.of(i.input(0), i.output(0))
            : List.of(i.input(0), i.output(0), shortcut));
  }

  private static @Nullable Value shortcut(Instruction i) {
    return i.inputs().size() > 5 ? i.input(5) : null;
  }

  private static Kernel forward(Instruction i, BatchNorm.Forward op, boolean rectified) {
    Value x = i.input(0);
    int channels = x.storedChannels();
    int partials = partials(x);
    long scaleOffset = 16L * partials * channels;
    long shiftOffset = scaleOffset + 4L * channels;
    return new NativeKernel(
        i,
        3,
        shiftOffset + 4L * channels,
        8L * channels,
        o -> {
          var s = o.own(new rw_batch_norm_statistics_args());
          s.x(o.address(x)).partials(o.doubleScratch(0)).worker_scratch(o.workerScratch());
          s.type(NativeKernels.type(x)).channels(channels).pixels(NativeKernels.pixels(x));
          s.pixels_per_task(NativeKernels.partialPixels(x));
          Call statistics =
              o.call(i.label(), partials, (t, w) -> Core.rw_batch_norm_statistics(s, t, w));
          var m = o.own(new rw_batch_norm_merge_args());
          m.statistics(o.doubleScratch(0)).weight(o.floats(i.input(1))).bias(o.floats(i.input(2)));
          m.running_mean(o.floats(i.input(3))).running_variance(o.floats(i.input(4)));
          m.batch_mean(o.floats(i.output(1))).batch_variance(o.floats(i.output(2)));
          m.scale(o.floatScratch(scaleOffset)).shift(o.floatScratch(shiftOffset));
          m.epsilon(op.epsilon())
              .momentum(op.momentum())
              .updates_running(op.updatesRunning() ? 1 : 0);
          m.channels(x.shape().channels()).stored_channels(channels).partials(partials);
          m.pixels(NativeKernels.pixels(x)).pixels_per_task(NativeKernels.partialPixels(x));
          Call merge = o.call(i.label(), blocks(x), (t, w) -> Core.rw_batch_norm_merge(m, t, w));
          return List.of(
              statistics, merge, apply(i, o, i.output(1), scaleOffset, shiftOffset, rectified));
        });
  }

  private static Kernel inference(Instruction i, double epsilon, boolean rectified) {
    Value x = i.input(0);
    int channels = x.storedChannels();
    return new NativeKernel(
        i,
        2,
        8L * channels,
        0,
        o -> {
          var r = o.own(new rw_batch_norm_running_args());
          r.weight(o.floats(i.input(1))).bias(o.floats(i.input(2)));
          r.running_variance(o.floats(i.input(4))).scale(o.floatScratch(0));
          r.shift(o.floatScratch(4L * channels)).epsilon(epsilon).channels(x.shape().channels());
          Call running =
              o.call(i.label(), blocks(x), (t, w) -> Core.rw_batch_norm_running(r, t, w));
          return List.of(running, apply(i, o, i.input(3), 0, 4L * channels, rectified));
        });
  }

  private static Call apply(
      Instruction i, NativeOperands o, Value mean, long scale, long shift, boolean rectified) {
    Value y = i.output(0);
    Value shortcut = shortcut(i);
    var a = o.own(new rw_batch_norm_apply_args());
    a.x(o.address(i.input(0))).mean(o.floats(mean)).scale(o.floatScratch(scale));
    a.shortcut(shortcut == null ? NativeOperands.nothing() : o.address(shortcut));
    a.shift(o.floatScratch(shift)).y(o.address(y)).rectified(rectified ? 1 : 0);
    a.type(NativeKernels.type(y)).channels(y.storedChannels()).pixels(NativeKernels.pixels(y));
    a.pixels_per_task(NativeKernels.streamPixels(y));
    return o.call(i.label(), streamTasks(y), (t, w) -> Core.rw_batch_norm_apply(a, t, w));
  }

  /**
   * The operands of a gradient, whatever their order.
   *
   * @param bias none without a ReLU
   * @param y the ReLU's output if it tells the mask
   * @param terms one or two, whose sum is the gradient of the output
   * @param masked where the gradient behind the mask goes
   */
  record GradientOperands(
      Value x,
      Value weight,
      @Nullable Value bias,
      Value mean,
      Value variance,
      @Nullable Value y,
      List<Value> terms,
      @Nullable Value masked,
      double epsilon) {

    static GradientOperands ofNorm(Instruction i) {
      return new GradientOperands(
          i.input(0),
          i.input(2),
          null,
          i.input(3),
          i.input(4),
          null,
          List.of(i.input(1)),
          null,
          ((BatchNorm.Gradient) i.primitive()).epsilon());
    }

    static GradientOperands ofRelu(Instruction i) {
      var op = (NormalisedRelu.Gradient) i.primitive();
      return new GradientOperands(
          i.input(0),
          i.input(1),
          i.input(2),
          i.input(3),
          i.input(4),
          op.shortcut() ? i.input(5) : null,
          i.inputs().subList(op.firstTerm(), i.inputs().size()),
          op.shortcut() ? i.output(3) : null,
          op.epsilon());
    }

    boolean fits() {
      return terms.size() <= 2
          && NativeKernels.streams(List.of(x))
          && NativeKernels.streams(terms)
          && terms.get(0).type() == x.type()
          && (y == null || masked != null && NativeKernels.streams(List.of(x, y, masked)));
    }

    int mask() {
      if (bias == null) {
        return Core.RW_MASK_NONE;
      }
      return y == null ? Core.RW_MASK_NORMALISED : Core.RW_MASK_OUTPUT;
    }

    rw_batch_norm_gradient_sums_args sums(NativeOperands o) {
      var s = o.own(new rw_batch_norm_gradient_sums_args());
      s.x(o.address(x)).dy(o.address(terms.get(0))).more_dy(second(o));
      s.y(y == null ? NativeOperands.nothing() : o.address(y));
      s.masked(masked == null ? NativeOperands.nothing() : o.address(masked));
      s.batch_mean(o.floats(mean)).batch_variance(o.floats(variance)).weight(o.floats(weight));
      return s.bias(bias == null ? null : o.floats(bias)).epsilon(epsilon).mask(mask());
    }

    /** The second pass takes what the first wrote down rather than mask again. */
    rw_batch_norm_gradient_apply_args apply(NativeOperands o) {
      var a = o.own(new rw_batch_norm_gradient_apply_args());
      a.x(o.address(x)).batch_mean(o.floats(mean)).bias(bias == null ? null : o.floats(bias));
      return masked == null
          ? a.dy(o.address(terms.get(0))).more_dy(second(o)).mask(mask())
          : a.dy(o.address(masked)).more_dy(NativeOperands.nothing()).mask(Core.RW_MASK_NONE);
    }

    private Pointer second(NativeOperands o) {
      return terms.size() > 1 ? o.address(terms.get(1)) : NativeOperands.nothing();
    }
  }

  private static Kernel gradient(Instruction i, GradientOperands operands) {
    Value x = operands.x();
    int channels = x.storedChannels();
    int partials = partials(x);
    long vectors = 16L * partials * channels;
    return new NativeKernel(
        i,
        3,
        vectors + 12L * channels,
        sumsWorkerBytes(x),
        o -> {
          List<Call> sums = sums(i, o, operands, i.outputs().subList(1, 3), 0, vectors);
          var a = operands.apply(o);
          a.scale(o.floatScratch(vectors)).dy_mean(o.floatScratch(vectors + 4L * channels));
          a.slope(o.floatScratch(vectors + 8L * channels)).dx(o.address(i.output(0)));
          a.type(NativeKernels.type(x)).channels(channels).pixels(NativeKernels.pixels(x));
          a.pixels_per_task(NativeKernels.streamPixels(x));
          Call apply =
              o.call(
                  i.label(), streamTasks(x), (t, w) -> Core.rw_batch_norm_gradient_apply(a, t, w));
          return List.of(sums.get(0), sums.get(1), apply);
        });
  }

  /** Scratch of a worker that {@link #sums} takes. */
  static long sumsWorkerBytes(Value x) {
    return 12L * x.storedChannels();
  }

  /**
   * The first two regions of a gradient: those of weight and bias, and three vectors of dx = scale
   * * (dy - dy_mean - slope * (x - mean)), one behind the other.
   *
   * @param parameters where the gradients of weight and bias go
   * @param partials in bytes, where the scratch has 16 of them for each channel and partial sum
   * @param vectors in bytes, where the scratch has 12 for each channel
   */
  static List<Call> sums(
      Instruction i,
      NativeOperands o,
      GradientOperands operands,
      List<Value> parameters,
      long partials,
      long vectors) {
    Value x = operands.x();
    int channels = x.storedChannels();
    var s = operands.sums(o);
    s.partials(o.doubleScratch(partials)).worker_scratch(o.workerScratch());
    s.type(NativeKernels.type(x)).channels(channels).pixels(NativeKernels.pixels(x));
    s.pixels_per_task(NativeKernels.partialPixels(x));
    Call sums = o.call(i.label(), partials(x), (t, w) -> Core.rw_batch_norm_gradient_sums(s, t, w));
    var m = o.own(new rw_batch_norm_gradient_merge_args());
    m.sums(o.doubleScratch(partials)).weight(o.floats(operands.weight()));
    m.batch_mean(o.floats(operands.mean())).batch_variance(o.floats(operands.variance()));
    m.dweight(o.floats(parameters.get(0))).dbias(o.floats(parameters.get(1)));
    m.scale(o.floatScratch(vectors)).dy_mean(o.floatScratch(vectors + 4L * channels));
    m.slope(o.floatScratch(vectors + 8L * channels)).epsilon(operands.epsilon());
    m.channels(x.shape().channels()).stored_channels(channels);
    m.partials(partials(x)).pixels(NativeKernels.pixels(x));
    Call merge = o.call(i.label(), blocks(x), (t, w) -> Core.rw_batch_norm_gradient_merge(m, t, w));
    return List.of(sums, merge);
  }

  static int partials(Value x) {
    return (int) NativeKernels.ceil(NativeKernels.pixels(x), NativeKernels.partialPixels(x));
  }

  private static int blocks(Value x) {
    return x.storedChannels() / NativeKernels.LANES;
  }

  private static int streamTasks(Value x) {
    return (int) NativeKernels.ceil(NativeKernels.pixels(x), NativeKernels.streamPixels(x));
  }
}
