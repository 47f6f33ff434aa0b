// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cpu;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.Predicate;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.Pointer;
import org.randwire.backend.Call;
import org.randwire.backend.Kernel;
import org.randwire.backend.KernelCatalog;
import org.randwire.backend.cpu.binding.Core;
import org.randwire.backend.cpu.binding.rw_copy_channels_args;
import org.randwire.backend.cpu.binding.rw_dropout_args;
import org.randwire.backend.cpu.binding.rw_global_average_pool_args;
import org.randwire.backend.cpu.binding.rw_moving_average_args;
import org.randwire.backend.cpu.binding.rw_pool_args;
import org.randwire.backend.cpu.binding.rw_relu_args;
import org.randwire.backend.cpu.binding.rw_relu_gradient_args;
import org.randwire.backend.cpu.binding.rw_sgd_args;
import org.randwire.backend.cpu.binding.rw_shift_args;
import org.randwire.backend.cpu.binding.rw_softmax_cross_entropy_args;
import org.randwire.backend.cpu.binding.rw_squared_norm_args;
import org.randwire.backend.cpu.binding.rw_squared_norm_merge_args;
import org.randwire.backend.cpu.binding.rw_weighted_sum_args;
import org.randwire.backend.cpu.binding.rw_weighted_sum_merge_args;
import org.randwire.backend.cpu.binding.rw_weighted_sum_products_args;
import org.randwire.op.Add;
import org.randwire.op.AveragePool;
import org.randwire.op.Concat;
import org.randwire.op.Dropout;
import org.randwire.op.GlobalAveragePool;
import org.randwire.op.Instruction;
import org.randwire.op.MaxPool;
import org.randwire.op.Mean;
import org.randwire.op.NodeTransform;
import org.randwire.op.Optimizer;
import org.randwire.op.Primitive;
import org.randwire.op.Relu;
import org.randwire.op.Shift;
import org.randwire.op.SoftmaxCrossEntropy;
import org.randwire.op.Value;
import org.randwire.op.WeightedSum;
import org.randwire.op.Window;
import org.randwire.tensor.DataType;
import org.randwire.tensor.MemoryLayout;

/**
 * The native core's kernels as lines of the catalog. They run instructions whose activations are
 * {@link MemoryLayout#CHANNELS_LAST} in float32 or bfloat16; parameters and statistics are float32.
 * How an instruction is cut into tasks depends on its shapes alone.
 */
final class NativeKernels {

  /** Elements of one task of a kernel that only streams through memory. */
  private static final int STREAM_ELEMENTS = 32_768;

  private static final int UPDATE_ELEMENTS = 16_384;

  /** Tasks to aim at where each leaves partial sums. */
  private static final int MOST_PARTIALS = 32;

  /** Below this many pixels per task partial sums cost more than a few percent of the traffic. */
  private static final int LEAST_PIXELS = 96;

  static final int LANES = 16;

  private NativeKernels() {}

  /** Appends the kernels; the native core must be available. */
  static void addTo(KernelCatalog.Builder catalog) {
    NodeKernels.addTo(catalog);
    add(
        catalog,
        NodeTransform.GradientSum.class,
        NativeKernels::fitsSum,
        NativeKernels::gradientSum);
    add(catalog, WeightedSum.class, NativeKernels::fitsSum, NativeKernels::weightedSum);
    add(
        catalog,
        WeightedSum.InputGradient.class,
        NativeKernels::fitsSum,
        NativeKernels::inputGradient);
    add(
        catalog,
        WeightedSum.WeightGradient.class,
        i -> streams(i.inputs().subList(0, i.inputs().size() - 2)),
        NativeKernels::weightGradient);
    add(catalog, Add.class, NativeKernels::fitsSum, i -> plainSum(i, 1));
    add(catalog, Mean.class, NativeKernels::fitsSum, i -> plainSum(i, 1.0 / i.inputs().size()));
    add(
        catalog,
        Mean.Gradient.class,
        NativeKernels::fitsSum,
        i -> plainSum(i, 1.0 / ((Mean.Gradient) i.primitive()).inputs()));
    add(catalog, Relu.class, NativeKernels::allStream, NativeKernels::relu);
    add(catalog, Relu.Gradient.class, NativeKernels::allStream, NativeKernels::reluGradient);
    add(
        catalog,
        Dropout.class,
        i ->
            streams(List.of(i.input(0), i.output(0)))
                && i.input(1).type() == DataType.FLOAT32
                && i.input(1).elements() == i.output(0).elements(),
        NativeKernels::dropout);
    add(catalog, Concat.class, NativeKernels::allStream, i -> copyChannels(i, 0));
    add(
        catalog,
        Concat.Slice.class,
        NativeKernels::allStream,
        i -> copyChannels(i, ((Concat.Slice) i.primitive()).first()));
    add(catalog, Shift.class, NativeKernels::allStream, i -> shift(i, 1));
    add(catalog, Shift.Gradient.class, NativeKernels::allStream, i -> shift(i, -1));
    add(
        catalog,
        MaxPool.class,
        NativeKernels::allStream,
        i -> pool(i, ((MaxPool) i.primitive()).window(), Core::rw_max_pool));
    add(
        catalog,
        AveragePool.class,
        NativeKernels::allStream,
        i -> pool(i, ((AveragePool) i.primitive()).window(), Core::rw_average_pool));
    add(
        catalog,
        MaxPool.Gradient.class,
        NativeKernels::allStream,
        i ->
            poolGradient(
                i, ((MaxPool.Gradient) i.primitive()).window(), Core::rw_max_pool_gradient));
    add(
        catalog,
        AveragePool.Gradient.class,
        NativeKernels::allStream,
        i ->
            poolGradient(
                i,
                ((AveragePool.Gradient) i.primitive()).window(),
                Core::rw_average_pool_gradient));
    add(
        catalog,
        GlobalAveragePool.class,
        NativeKernels::allStream,
        i -> globalAverage(i, i.input(0), Core::rw_global_average_pool));
    add(
        catalog,
        GlobalAveragePool.Gradient.class,
        NativeKernels::allStream,
        i -> globalAverage(i, i.output(0), Core::rw_global_average_pool_gradient));
    add(catalog, SoftmaxCrossEntropy.class, i -> streams(List.of(i.input(0))), NativeKernels::loss);
    add(
        catalog,
        SoftmaxCrossEntropy.Gradient.class,
        i -> streams(List.of(i.input(0), i.output(0))),
        NativeKernels::lossGradient);
    BatchNormKernels.addTo(catalog);
    add(catalog, Optimizer.Sgd.class, NativeKernels::floats, NativeKernels::sgd);
    add(
        catalog,
        Optimizer.MovingAverage.class,
        NativeKernels::floats,
        NativeKernels::movingAverage);
    add(
        catalog,
        Optimizer.SquaredNorm.class,
        i -> i.input(0).type() == DataType.FLOAT32,
        NativeKernels::squaredNorm);
  }

  static void add(
      KernelCatalog.Builder catalog,
      Class<? extends Primitive> primitive,
      Predicate<Instruction> accepts,
      Function<Instruction, Kernel> create) {
    Class<?> outer = primitive.getEnclosingClass();
    String name = (outer == null ? "" : outer.getSimpleName() + ".") + primitive.getSimpleName();
    catalog.add("native." + name, primitive, accepts, create);
  }

  // ---- what fits

  static boolean streams(List<Value> activations) {
    DataType type = activations.get(0).type();
    return (type == DataType.FLOAT32 || type == DataType.BFLOAT16)
        && activations.stream()
            .allMatch(v -> v.layout() == MemoryLayout.CHANNELS_LAST && v.type() == type);
  }

  private static boolean allStream(Instruction i) {
    List<Value> values = new ArrayList<>(i.inputs());
    values.addAll(i.outputs());
    return streams(values);
  }

  /** The tensors of a sum are those as large as its output; what follows are vectors. */
  private static boolean fitsSum(Instruction i) {
    List<Value> values = new ArrayList<>(i.inputs().subList(0, terms(i)));
    values.addAll(i.outputs());
    return terms(i) <= Core.RW_MAX_TERMS && streams(values);
  }

  private static int terms(Instruction i) {
    if (i.primitive() instanceof NodeTransform.GradientSum sum) {
      return sum.edges().size();
    }
    if (i.primitive() instanceof WeightedSum) {
      return i.inputs().size() - 2;
    }
    return i.primitive() instanceof WeightedSum.InputGradient ? 1 : i.inputs().size();
  }

  private static boolean floats(Instruction i) {
    List<Value> values = new ArrayList<>(i.inputs());
    values.addAll(i.outputs());
    return values.stream().allMatch(v -> v.type() == DataType.FLOAT32);
  }

  // ---- sums

  /** One term's weight and mask, null where it is unscaled. */
  private static final int UNSCALED = NodeTransform.GradientSum.UNSCALED;

  private static Kernel weightedSum(Instruction i) {
    int terms = i.inputs().size() - 2;
    return sum(
        i,
        terms,
        1,
        (o, weights, masks) -> {
          for (int e = 0; e < terms; e++) {
            weights.add(o.element(i.input(terms), e));
            masks.add(o.element(i.input(terms + 1), e));
          }
        });
  }

  private static Kernel inputGradient(Instruction i) {
    int edge = ((WeightedSum.InputGradient) i.primitive()).edge();
    return sum(
        i,
        1,
        1,
        (o, weights, masks) -> {
          weights.add(o.element(i.input(1), edge));
          masks.add(o.element(i.input(2), edge));
        });
  }

  private static Kernel gradientSum(Instruction i) {
    List<Integer> edges = ((NodeTransform.GradientSum) i.primitive()).edges();
    return sum(
        i,
        edges.size(),
        1,
        (o, weights, masks) -> {
          int next = edges.size();
          for (int edge : edges) {
            boolean scaled = edge != UNSCALED;
            weights.add(scaled ? o.element(i.input(next), edge) : NativeOperands.nothing());
            masks.add(scaled ? o.element(i.input(next + 1), edge) : NativeOperands.nothing());
            next += scaled ? 2 : 0;
          }
        });
  }

  private static Kernel plainSum(Instruction i, double scale) {
    int terms = i.inputs().size();
    return sum(
        i,
        terms,
        scale,
        (o, weights, masks) -> {
          for (int e = 0; e < terms; e++) {
            weights.add(NativeOperands.nothing());
            masks.add(NativeOperands.nothing());
          }
        });
  }

  /** Adds the address of each term's weight and mask. */
  private interface Scales {
    void add(NativeOperands operands, List<Pointer> weights, List<Pointer> masks);
  }

  private static Kernel sum(Instruction i, int terms, double scale, Scales scales) {
    Value y = i.output(0);
    return new NativeKernel(
        i,
        1,
        0,
        0,
        o -> {
          List<Pointer> weights = new ArrayList<>();
          List<Pointer> masks = new ArrayList<>();
          scales.add(o, weights, masks);
          var a = o.own(new rw_weighted_sum_args());
          a.x(o.addresses(i.inputs().subList(0, terms)));
          a.weight(o.array(weights)).mask(o.array(masks)).y(o.address(y)).scale((float) scale);
          a.terms(terms).type(type(y)).elements(y.elements()).elements_per_task(STREAM_ELEMENTS);
          return List.of(
              o.call(i.label(), streamTasks(y), (t, w) -> Core.rw_weighted_sum(a, t, w)));
        });
  }

  private static Kernel weightGradient(Instruction i) {
    int inputs = i.inputs().size() - 3;
    Value dy = i.input(inputs);
    long perTask =
        Math.max(STREAM_ELEMENTS, ceil(ceil(dy.elements(), MOST_PARTIALS), LANES) * LANES);
    int tasks = (int) ceil(dy.elements(), perTask);
    return new NativeKernel(
        i,
        2,
        8L * tasks * inputs,
        0,
        o -> {
          var a = o.own(new rw_weighted_sum_products_args());
          a.x(o.addresses(i.inputs().subList(0, inputs)))
              .dy(o.address(dy))
              .partials(o.doubleScratch(0));
          a.inputs(inputs).type(type(dy)).elements(dy.elements()).elements_per_task(perTask);
          Call sums = o.call(i.label(), tasks, (t, w) -> Core.rw_weighted_sum_products(a, t, w));
          var m = o.own(new rw_weighted_sum_merge_args());
          m.partials(o.doubleScratch(0)).weight(o.floats(i.input(inputs + 1)));
          m.mask(o.floats(i.input(inputs + 2))).dweight(o.floats(i.output(0)));
          m.weight_elements(i.output(0).elements()).inputs(inputs).partial_count(tasks);
          return List.of(sums, o.call(i.label(), 1, (t, w) -> Core.rw_weighted_sum_merge(m, t, w)));
        });
  }

  // ---- element by element

  private static Kernel relu(Instruction i) {
    Value y = i.output(0);
    return new NativeKernel(
        i,
        1,
        0,
        0,
        o -> {
          var a = o.own(new rw_relu_args());
          a.x(o.address(i.input(0))).y(o.address(y)).type(type(y));
          a.elements(y.elements()).elements_per_task(STREAM_ELEMENTS);
          return List.of(o.call(i.label(), streamTasks(y), (t, w) -> Core.rw_relu(a, t, w)));
        });
  }

  private static Kernel reluGradient(Instruction i) {
    Value dx = i.output(0);
    return new NativeKernel(
        i,
        1,
        0,
        0,
        o -> {
          var a = o.own(new rw_relu_gradient_args());
          a.y(o.address(i.input(0))).dy(o.address(i.input(1))).dx(o.address(dx)).type(type(dx));
          a.elements(dx.elements()).elements_per_task(STREAM_ELEMENTS);
          return List.of(
              o.call(i.label(), streamTasks(dx), (t, w) -> Core.rw_relu_gradient(a, t, w)));
        });
  }

  private static Kernel dropout(Instruction i) {
    Value y = i.output(0);
    return new NativeKernel(
        i,
        1,
        0,
        0,
        o -> {
          var a = o.own(new rw_dropout_args());
          a.x(o.address(i.input(0))).mask(o.floats(i.input(1))).y(o.address(y)).type(type(y));
          a.elements(y.elements()).elements_per_task(STREAM_ELEMENTS);
          return List.of(o.call(i.label(), streamTasks(y), (t, w) -> Core.rw_dropout(a, t, w)));
        });
  }

  private static Kernel copyChannels(Instruction i, int first) {
    Value y = i.output(0);
    boolean slice = i.primitive() instanceof Concat.Slice;
    int[] stored = i.inputs().stream().mapToInt(Value::storedChannels).toArray();
    int[] counts = i.inputs().stream().mapToInt(x -> (slice ? y : x).shape().channels()).toArray();
    int[] firsts = new int[stored.length];
    firsts[0] = first;
    return new NativeKernel(
        i,
        1,
        0,
        0,
        o -> {
          var a = o.own(new rw_copy_channels_args());
          a.x(o.addresses(i.inputs())).stored(o.own(new IntPointer(stored)));
          a.first(o.own(new IntPointer(firsts))).count(o.own(new IntPointer(counts)));
          a.y(o.address(y)).inputs(stored.length).type(type(y)).channels(y.storedChannels());
          a.pixels(pixels(y)).pixels_per_task(streamPixels(y));
          int tasks = (int) ceil(pixels(y), streamPixels(y));
          return List.of(o.call(i.label(), tasks, (t, w) -> Core.rw_copy_channels(a, t, w)));
        });
  }

  private static Kernel shift(Instruction i, int offset) {
    Value y = i.output(0);
    return new NativeKernel(
        i,
        1,
        0,
        0,
        o -> {
          var a = o.own(new rw_shift_args());
          a.x(o.address(i.input(0))).y(o.address(y)).type(type(y)).batch(y.shape().batch());
          a.height(y.shape().height()).width(y.shape().width()).channels(y.storedChannels());
          a.offset(offset);
          return List.of(o.call(i.label(), y.shape().batch(), (t, w) -> Core.rw_shift(a, t, w)));
        });
  }

  // ---- pooling

  /** A native function of one struct. */
  private interface Function3<A> {
    int run(A arguments, int task, int worker);
  }

  private static Kernel pool(Instruction i, Window window, Function3<rw_pool_args> function) {
    Value x = i.input(0);
    return new NativeKernel(
        i,
        1,
        0,
        0,
        o -> {
          var a = poolArguments(o, window, x, i.output(0));
          a.x(o.address(x)).y(o.address(i.output(0)));
          return List.of(o.call(i.label(), x.shape().batch(), (t, w) -> function.run(a, t, w)));
        });
  }

  private static Kernel poolGradient(
      Instruction i, Window window, Function3<rw_pool_args> function) {
    Value dx = i.output(0);
    Value dy = i.input(i.inputs().size() - 1);
    int tasks = dx.shape().batch() * (dx.storedChannels() / LANES);
    return new NativeKernel(
        i,
        1,
        0,
        4L * LANES * dx.shape().pixels(),
        o -> {
          var a = poolArguments(o, window, dx, dy);
          if (i.inputs().size() == 2) {
            a.x(o.address(i.input(0)));
          } else {
            a.x(NativeOperands.nothing());
          }
          a.dy(o.address(dy)).dx(o.address(dx)).worker_scratch(o.workerScratch());
          return List.of(o.call(i.label(), tasks, (t, w) -> function.run(a, t, w)));
        });
  }

  private static rw_pool_args poolArguments(NativeOperands o, Window window, Value x, Value y) {
    var a = o.own(new rw_pool_args());
    a.type(type(x)).batch(x.shape().batch()).channels(x.storedChannels());
    a.height(x.shape().height()).width(x.shape().width());
    a.out_height(y.shape().height()).out_width(y.shape().width());
    a.window_height(window.height()).window_width(window.width());
    a.stride_height(window.strideHeight()).stride_width(window.strideWidth());
    a.padding_height(window.paddingHeight()).padding_width(window.paddingWidth());
    return a.dilation(window.dilation());
  }

  private static Kernel globalAverage(
      Instruction i, Value image, Function3<rw_global_average_pool_args> function) {
    return new NativeKernel(
        i,
        1,
        0,
        0,
        o -> {
          var a = o.own(new rw_global_average_pool_args());
          a.source(o.address(i.input(0))).target(o.address(i.output(0))).type(type(image));
          a.batch(image.shape().batch()).pixels(image.shape().pixels());
          a.channels(image.storedChannels());
          return List.of(o.call(i.label(), image.shape().batch(), (t, w) -> function.run(a, t, w)));
        });
  }

  // ---- loss

  private static Kernel loss(Instruction i) {
    double smoothing = ((SoftmaxCrossEntropy) i.primitive()).labelSmoothing();
    return lossKernel(
        i,
        smoothing,
        Core::rw_softmax_cross_entropy,
        (o, a) -> {
          Value losses = i.output(0);
          a.losses(o.floats(losses))
              .loss_stride((int) (losses.elements() / losses.shape().batch()));
        });
  }

  private static Kernel lossGradient(Instruction i) {
    double smoothing = ((SoftmaxCrossEntropy.Gradient) i.primitive()).labelSmoothing();
    return lossKernel(
        i,
        smoothing,
        Core::rw_softmax_cross_entropy_gradient,
        (o, a) -> a.dlogits(o.address(i.output(0))));
  }

  private interface Target {
    void set(NativeOperands operands, rw_softmax_cross_entropy_args arguments);
  }

  private static Kernel lossKernel(
      Instruction i,
      double smoothing,
      Function3<rw_softmax_cross_entropy_args> function,
      Target target) {
    Value logits = i.input(0);
    Value labels = i.input(1);
    int batch = logits.shape().batch();
    int perTask = ceil(batch, MOST_PARTIALS);
    return new NativeKernel(
        i,
        1,
        0,
        0,
        o -> {
          var a = o.own(new rw_softmax_cross_entropy_args());
          a.logits(o.address(logits)).labels(o.ints(labels)).label_smoothing(smoothing);
          a.label_stride((int) (labels.elements() / batch)).type(type(logits)).batch(batch);
          a.classes(logits.shape().channels()).channels(logits.storedChannels());
          a.examples_per_task(perTask);
          target.set(o, a);
          return List.of(o.call(i.label(), ceil(batch, perTask), (t, w) -> function.run(a, t, w)));
        });
  }

  // ---- optimizer

  private static Kernel sgd(Instruction i) {
    var op = (Optimizer.Sgd) i.primitive();
    Value p = i.output(0);
    return new NativeKernel(
        i,
        1,
        0,
        0,
        o -> {
          var a = o.own(new rw_sgd_args());
          a.gradients(o.floats(i.input(0))).hyperparameters(o.floats(i.input(1)));
          a.parameters(o.floats(p)).momentum(o.floats(i.output(1)));
          a.nesterov(op.nesterov() ? 1 : 0).decays(op.decays() ? 1 : 0);
          a.elements(p.elements()).elements_per_task(UPDATE_ELEMENTS);
          return List.of(o.call(i.label(), updateTasks(p), (t, w) -> Core.rw_sgd(a, t, w)));
        });
  }

  private static Kernel movingAverage(Instruction i) {
    Value average = i.output(0);
    return new NativeKernel(
        i,
        1,
        0,
        0,
        o -> {
          var a = o.own(new rw_moving_average_args());
          a.parameters(o.floats(i.input(0))).hyperparameters(o.floats(i.input(1)));
          a.average(o.floats(average));
          a.elements(average.elements()).elements_per_task(UPDATE_ELEMENTS);
          return List.of(
              o.call(i.label(), updateTasks(average), (t, w) -> Core.rw_moving_average(a, t, w)));
        });
  }

  private static Kernel squaredNorm(Instruction i) {
    Value x = i.input(0);
    int tasks = updateTasks(x);
    return new NativeKernel(
        i,
        2,
        8L * tasks,
        0,
        o -> {
          var a = o.own(new rw_squared_norm_args());
          a.x(o.floats(x)).partials(o.doubleScratch(0)).elements(x.elements());
          a.elements_per_task(UPDATE_ELEMENTS);
          Call squares = o.call(i.label(), tasks, (t, w) -> Core.rw_squared_norm(a, t, w));
          var m = o.own(new rw_squared_norm_merge_args());
          m.partials(o.doubleScratch(0)).result(o.doubles(i.output(0)));
          m.result_elements(i.output(0).elements()).partial_count(tasks);
          return List.of(
              squares, o.call(i.label(), 1, (t, w) -> Core.rw_squared_norm_merge(m, t, w)));
        });
  }

  // ---- sizes

  static int type(Value activation) {
    return type(activation.type());
  }

  static int type(DataType type) {
    return type == DataType.FLOAT32 ? Core.RW_FLOAT32 : Core.RW_BFLOAT16;
  }

  static long pixels(Value activation) {
    return (long) activation.shape().batch() * activation.shape().pixels();
  }

  static long streamPixels(Value activation) {
    return Math.max(1, STREAM_ELEMENTS / activation.storedChannels());
  }

  static long partialPixels(Value x) {
    return Math.max(LEAST_PIXELS, ceil(pixels(x), MOST_PARTIALS));
  }

  private static int streamTasks(Value activation) {
    return (int) ceil(activation.elements(), STREAM_ELEMENTS);
  }

  private static int updateTasks(Value parameters) {
    return (int) ceil(parameters.elements(), UPDATE_ELEMENTS);
  }

  static int ceil(int all, int each) {
    return (all + each - 1) / each;
  }

  static long ceil(long all, long each) {
    return (all + each - 1) / each;
  }
}
