// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cpu;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.Pointer;
import org.jspecify.annotations.Nullable;
import org.randwire.backend.Call;
import org.randwire.backend.Kernel;
import org.randwire.backend.KernelCatalog;
import org.randwire.backend.cpu.binding.Core;
import org.randwire.backend.cpu.binding.rw_batch_norm_gradient_gather_args;
import org.randwire.backend.cpu.binding.rw_batch_norm_merge_args;
import org.randwire.backend.cpu.binding.rw_node_backward_args;
import org.randwire.backend.cpu.binding.rw_node_backward_merge_args;
import org.randwire.backend.cpu.binding.rw_node_forward_args;
import org.randwire.backend.cpu.binding.rw_node_gradient;
import org.randwire.backend.cpu.binding.rw_node_inputs;
import org.randwire.op.BatchNorm;
import org.randwire.op.Convolution;
import org.randwire.op.Instruction;
import org.randwire.op.NodeTransform;
import org.randwire.op.SeparableNode;
import org.randwire.op.Value;
import org.randwire.op.Window;
import org.randwire.tensor.TensorShape;

/**
 * The native core's kernels of RandWire nodes: the front alone ({@link NodeTransform}) and the
 * whole node ({@link SeparableNode}). A task takes whole images, or strips of one where the batch
 * is smaller than the number of tasks to aim at.
 */
final class NodeKernels {

  /** Forward tasks to aim at. A strip computes one or two rows of its neighbours again. */
  private static final int FORWARD_TASKS = 32;

  /** Backward tasks to aim at; each leaves partial sums. */
  private static final int BACKWARD_TASKS = 32;

  /**
   * Below this many images strips are worth the rows that they compute again, products included.
   */
  private static final int FEW_IMAGES = 8;

  private static final int LEAST_ROWS = 8;

  /** With fewer tasks too many workers would wait for too long. */
  private static final int FEWEST_PARTIALS = 4;

  /** Pixels that go through a product together; block_rows of native/cpu/node.h. */
  private static final int BLOCK_PIXELS = 56;

  /** Pixels added to a filter's gradient at once; held_pixels of node_backward.cpp. */
  private static final int HELD_PIXELS = 64;

  private static final int LANES = NativeKernels.LANES;
  private static final int UNSCALED = NodeTransform.GradientSum.UNSCALED;

  private NodeKernels() {}

  static void addTo(KernelCatalog.Builder catalog) {
    NativeKernels.add(
        catalog,
        NodeTransform.Forward.class,
        NodeKernels::fitsFrontForward,
        i -> forward(frontForward(i)));
    NativeKernels.add(
        catalog,
        NodeTransform.Backward.class,
        NodeKernels::fitsFrontBackward,
        i -> backward(frontBackward(i)));
    NativeKernels.add(
        catalog, SeparableNode.PackedFilter.class, i -> true, NodeKernels::packedFilter);
    NativeKernels.add(
        catalog,
        SeparableNode.Forward.class,
        NodeKernels::fitsForward,
        i -> forward(wholeForward(i)));
    NativeKernels.add(
        catalog,
        SeparableNode.Backward.class,
        NodeKernels::fitsBackward,
        i -> backward(wholeBackward(i)));
  }

  // ---- what fits

  private static boolean fitsFrontForward(Instruction i) {
    int inputs = i.inputs().size() - 3;
    Convolution depthwise = ((NodeTransform.Forward) i.primitive()).depthwise();
    return fits(depthwise, i.inputs().subList(0, inputs), i.input(inputs + 2))
        && NativeKernels.streams(List.of(i.input(0), i.output(0)));
  }

  private static boolean fitsFrontBackward(Instruction i) {
    int inputs = i.inputs().size() - 4;
    Convolution depthwise = ((NodeTransform.Backward) i.primitive()).depthwise();
    return fits(depthwise, i.inputs().subList(0, inputs), i.input(inputs + 2))
        && NativeKernels.streams(List.of(i.input(0), i.input(inputs + 3), i.output(0)));
  }

  private static boolean fitsForward(Instruction i) {
    var node = (SeparableNode.Forward) i.primitive();
    int last = SeparableNode.inputOperands(node.raw()) - 1;
    return fits(node.depthwise(), i.inputs().subList(0, node.raw().size()), i.input(last))
        && NativeKernels.streams(List.of(i.input(0), i.output(0)))
        && PointwiseKernels.multiplies(i.input(0).type());
  }

  private static boolean fitsBackward(Instruction i) {
    var node = (SeparableNode.Backward) i.primitive();
    int first = i.inputs().size() - SeparableNode.inputOperands(node.raw());
    List<Value> streams = new ArrayList<>(i.inputs().subList(0, node.edges().size()));
    streams.addAll(List.of(i.input(first - 5), i.output(0)));
    if (!node.filterGradient()) {
      streams.add(i.output(6));
    }
    return fits(
            node.depthwise(),
            i.inputs().subList(first, first + node.raw().size()),
            i.input(i.inputs().size() - 1))
        && node.edges().size() <= Core.RW_MAX_TERMS
        && NativeKernels.streams(streams)
        && PointwiseKernels.multiplies(i.input(first).type())
        && (!node.filterGradient() || affordablePartials(i.input(first - 5)) >= FEWEST_PARTIALS);
  }

  /**
   * How many partial sums of a pointwise filter's gradient may be written: together a fraction of
   * the tensors that a fused gradient need not write and read.
   */
  private static int affordablePartials(Value raw) {
    return (int) Math.min(BACKWARD_TASKS, NativeKernels.pixels(raw) / (2L * raw.storedChannels()));
  }

  private static boolean fits(Convolution depthwise, List<Value> inputs, Value filter) {
    Window window = depthwise.window();
    Value x = inputs.get(0);
    return depthwise.groups() == x.shape().channels()
        && depthwise.groups() == depthwise.outputChannels()
        && (window.equals(Window.square(3, 1)) || window.equals(Window.square(3, 2)))
        && inputs.size() <= Core.RW_MAX_TERMS
        && filter.elements() == 9L * x.storedChannels()
        && NativeKernels.streams(inputs);
  }

  // ---- operands of both forms

  /** How a node reads its inputs; where norms are null an input is taken as it is. */
  private record Inputs(
      List<Value> x,
      List<List<Value>> norms,
      double epsilon,
      Value weight,
      Value mask,
      Value filter) {

    /** From the end of an instruction's operands. */
    static Inputs of(List<Value> operands, List<Boolean> raw, double epsilon) {
      int count = raw.size();
      List<List<Value>> norms = new ArrayList<>();
      int next = count;
      for (boolean isRaw : raw) {
        norms.add(isRaw ? operands.subList(next, next + 4) : List.of());
        next += isRaw ? 4 : 0;
      }
      return new Inputs(
          operands.subList(0, count),
          norms,
          epsilon,
          operands.get(next),
          operands.get(next + 1),
          operands.get(next + 2));
    }

    int count() {
      return x.size();
    }

    TensorShape shape() {
      return x.get(0).shape();
    }

    int channels() {
      return x.get(0).storedChannels();
    }

    rw_node_inputs bind(NativeOperands o) {
      List<Pointer> norm = new ArrayList<>();
      for (List<Value> own : norms) {
        for (int part = 0; part < 4; part++) {
          norm.add(own.isEmpty() ? NativeOperands.nothing() : o.address(own.get(part)));
        }
      }
      rw_node_inputs a = o.own(new rw_node_inputs());
      a.x(o.addresses(x)).norm(o.array(norm)).weight(o.floats(weight)).mask(o.floats(mask));
      return a.epsilon((float) epsilon).count(count());
    }
  }

  private static List<Boolean> plain(int inputs) {
    return java.util.Collections.nCopies(inputs, false);
  }

  /** Images and rows of each task of a batch. */
  private record Tiling(int imagesPerTask, int rowsPerTask, int tasks) {

    /** Strips of equal height, so that every task but the last has as many pixels. */
    static Tiling forward(int batch, int rows) {
      int images = NativeKernels.ceil(batch, FORWARD_TASKS);
      int strips = images > 1 ? 1 : Math.max(1, Math.min(FORWARD_TASKS / batch, rows / LEAST_ROWS));
      while (rows % strips != 0) {
        strips--;
      }
      return new Tiling(images, rows / strips, NativeKernels.ceil(batch, images) * strips);
    }

    /** Strips of even height, so that each begins under the first tap of a window of stride 2. */
    static Tiling backward(int batch, int rows, int mostTasks) {
      int images = NativeKernels.ceil(batch, mostTasks);
      int strips = Math.max(1, Math.min(FEW_IMAGES / batch, rows / LEAST_ROWS));
      int height = strips == 1 ? rows : 2 * NativeKernels.ceil(NativeKernels.ceil(rows, strips), 2);
      return new Tiling(
          images, height, NativeKernels.ceil(batch, images) * NativeKernels.ceil(rows, height));
    }
  }

  private static int blockRows(int rows, int width) {
    int enough = NativeKernels.ceil(BLOCK_PIXELS, width);
    return rows < 2 * enough ? rows : enough;
  }

  // ---- forward

  /** What a forward kernel computes; {@code packed} and what follows are empty for a front. */
  private record Forward(
      Instruction instruction,
      Inputs inputs,
      Window window,
      List<Value> packed,
      BatchNorm.@Nullable Forward norm) {

    boolean whole() {
      return !packed.isEmpty();
    }

    /** The output of the front, if anybody wants it. */
    @Nullable Value u() {
      boolean kept =
          !(instruction.primitive() instanceof SeparableNode.Forward node) || node.keepsFront();
      return kept ? instruction.output(instruction.outputs().size() - 1) : null;
    }

    TensorShape outputShape() {
      return instruction.output(0).shape();
    }

    int outputs() {
      return whole() ? instruction.output(0).storedChannels() : 0;
    }
  }

  private static Forward frontForward(Instruction i) {
    Window window = ((NodeTransform.Forward) i.primitive()).depthwise().window();
    Inputs inputs = Inputs.of(i.inputs(), plain(i.inputs().size() - 3), 1);
    return new Forward(i, inputs, window, List.of(), null);
  }

  private static Forward wholeForward(Instruction i) {
    var node = (SeparableNode.Forward) i.primitive();
    int end = SeparableNode.inputOperands(node.raw());
    Inputs inputs = Inputs.of(i.inputs().subList(0, end), node.raw(), node.epsilon());
    List<Value> packed = i.inputs().subList(end, end + 1);
    return new Forward(i, inputs, node.depthwise().window(), packed, node.norm());
  }

  private static Kernel forward(Forward f) {
    Instruction i = f.instruction();
    TensorShape shape = f.inputs().shape();
    int channels = f.inputs().channels();
    int outputs = f.outputs();
    Value u = f.u();
    TensorShape out = f.outputShape();
    Tiling tiling = Tiling.forward(shape.batch(), out.height());
    long floats =
        (shape.width() + 2L) * (3L * channels + LANES)
            + (f.inputs().count() + 2L) * channels
            + outputs
            + (u == null
                ? (long) blockRows(out.height(), out.width()) * out.width() * channels
                : 0);
    long statisticsBytes = f.norm() == null ? 0 : 16L * tiling.tasks() * outputs;
    return new NativeKernel(
        i,
        f.norm() == null ? 1 : 2,
        statisticsBytes,
        floats * Float.BYTES,
        o -> {
          var a = o.own(new rw_node_forward_args());
          a.inputs(f.inputs().bind(o)).filter(o.floats(f.inputs().filter()));
          if (u != null) {
            a.u(o.address(u));
          }
          if (f.whole()) {
            a.packed(o.address(f.packed().get(0))).y(o.address(i.output(0)));
          }
          if (f.norm() != null) {
            a.statistics(o.doubleScratch(0));
          }
          a.worker_scratch(o.workerScratch()).type(NativeKernels.type(i.output(0)));
          a.batch(shape.batch()).height(shape.height()).width(shape.width()).channels(channels);
          a.outputs(outputs).stride(f.window().strideHeight());
          a.images_per_task(tiling.imagesPerTask()).rows_per_task(tiling.rowsPerTask());
          Call compute = o.call(i.label(), tiling.tasks(), (t, w) -> Core.rw_node_forward(a, t, w));
          return f.norm() == null
              ? List.of(compute)
              : List.of(compute, mergeStatistics(o, f, f.norm(), tiling));
        });
  }

  private static Call mergeStatistics(
      NativeOperands o, Forward f, BatchNorm.Forward norm, Tiling tiling) {
    Instruction i = f.instruction();
    Value y = i.output(0);
    int operands = i.inputs().size();
    var m = o.own(new rw_batch_norm_merge_args());
    m.statistics(o.doubleScratch(0));
    m.running_mean(o.floats(i.input(operands - 2)));
    m.running_variance(o.floats(i.input(operands - 1)));
    m.batch_mean(o.floats(i.output(1))).batch_variance(o.floats(i.output(2)));
    m.epsilon(norm.epsilon()).momentum(norm.momentum());
    m.updates_running(norm.updatesRunning() ? 1 : 0).channels(y.shape().channels());
    m.stored_channels(y.storedChannels()).partials(tiling.tasks()).pixels(NativeKernels.pixels(y));
    m.pixels_per_task((long) tiling.imagesPerTask() * tiling.rowsPerTask() * y.shape().width());
    return o.call(
        i.label(), y.storedChannels() / LANES, (t, w) -> Core.rw_batch_norm_merge(m, t, w));
  }

  private static Kernel packedFilter(Instruction i) {
    boolean transposed = ((SeparableNode.PackedFilter) i.primitive()).transposed();
    Value filter = i.input(0);
    // A filter is [outputs, inputs, 1, 1], stored [inputs][outputs] with both padded.
    int outputs = padded(filter.shape().batch());
    int inputs = padded(filter.shape().channels());
    return new NativeKernel(
        i,
        1,
        0,
        0,
        o ->
            List.of(
                PointwiseKernels.pack(
                    o,
                    i,
                    filter,
                    o.address(i.output(0)),
                    1,
                    inputs,
                    outputs,
                    transposed,
                    i.output(0).type())));
  }

  private static int padded(int channels) {
    return NativeKernels.ceil(channels, LANES) * LANES;
  }

  // ---- backward

  /** What a backward kernel computes; a front's {@code du} is given, a node's is its own. */
  private record Backward(Instruction instruction, Inputs inputs, Window window, List<Value> du) {

    boolean whole() {
      return du.isEmpty();
    }

    SeparableNode.Backward node() {
      return (SeparableNode.Backward) instruction.primitive();
    }

    /** Position of the raw output, which weight, mean, variance and packed filter follow. */
    int raw() {
      return instruction.inputs().size() - SeparableNode.inputOperands(node().raw()) - 5;
    }

    /** The raw output of the node. */
    Value y() {
      return instruction.input(raw());
    }

    boolean filterGradient() {
      return whole() && node().filterGradient();
    }

    Tiling tiling() {
      TensorShape shape = inputs.shape();
      int most = filterGradient() ? affordablePartials(y()) : BACKWARD_TASKS;
      return Tiling.backward(shape.batch(), shape.height(), most);
    }
  }

  private static Backward frontBackward(Instruction i) {
    Window window = ((NodeTransform.Backward) i.primitive()).depthwise().window();
    int inputs = i.inputs().size() - 4;
    return new Backward(
        i,
        Inputs.of(i.inputs(), plain(inputs), 1),
        window,
        i.inputs().subList(inputs + 3, inputs + 4));
  }

  private static Backward wholeBackward(Instruction i) {
    var node = (SeparableNode.Backward) i.primitive();
    int first = i.inputs().size() - SeparableNode.inputOperands(node.raw());
    List<Value> operands = i.inputs().subList(first, i.inputs().size());
    Inputs inputs = Inputs.of(operands, node.raw(), node.epsilon());
    return new Backward(i, inputs, node.depthwise().window(), List.of());
  }

  /** Offsets of a backward kernel's scratch, in bytes. */
  private record Scratch(
      long inputs, long filter, long sums, long scale, long pointwise, long bytes, int outputs) {

    static Scratch of(Backward b, Tiling tiling, long sumPartials) {
      int channels = b.inputs().channels();
      int outputs = b.whole() ? b.y().storedChannels() : 0;
      long filter = 8L * tiling.tasks() * (1 + b.inputs().count()) * channels;
      long sums = filter + 4L * tiling.tasks() * 9 * channels;
      long scale = sums + 16L * sumPartials * outputs;
      long pointwise = scale + 12L * outputs;
      long partials = b.filterGradient() ? 4L * tiling.tasks() * channels * outputs : 0;
      return new Scratch(0, filter, sums, scale, pointwise, pointwise + partials, outputs);
    }

    long dyMean() {
      return scale + 4L * outputs;
    }

    long slope() {
      return scale + 8L * outputs;
    }
  }

  private static Kernel backward(Backward b) {
    Instruction i = b.instruction();
    TensorShape shape = b.inputs().shape();
    int channels = b.inputs().channels();
    Tiling tiling = b.tiling();
    boolean adds = b.whole() && !b.node().gathers();
    int sumPartials = adds ? BatchNormKernels.partials(b.y()) : 0;
    Scratch scratch = Scratch.of(b, tiling, sumPartials);
    return new NativeKernel(
        i,
        b.whole() ? (adds ? 4 : 3) : 2,
        scratch.bytes(),
        Math.max(workerFloats(b) * Float.BYTES, adds ? BatchNormKernels.sumsWorkerBytes(b.y()) : 0),
        o -> {
          List<Call> calls = new ArrayList<>();
          if (b.whole()) {
            calls.addAll(adds ? addSums(o, b, scratch) : gatherSums(o, b, scratch));
          }
          rw_node_inputs inputs = b.inputs().bind(o);
          var a = o.own(new rw_node_backward_args());
          a.inputs(inputs).filter(o.floats(b.inputs().filter())).e(o.address(i.output(0)));
          if (b.whole()) {
            a.gradient(gradient(o, b, scratch));
          } else {
            a.du(o.address(b.du().get(0)));
          }
          a.filter_partials(o.floatScratch(scratch.filter()));
          a.input_partials(o.doubleScratch(scratch.inputs())).worker_scratch(o.workerScratch());
          a.type(NativeKernels.type(i.output(0))).batch(shape.batch()).height(shape.height());
          a.width(shape.width()).channels(channels).stride(b.window().strideHeight());
          a.images_per_task(tiling.imagesPerTask()).rows_per_task(tiling.rowsPerTask());
          calls.add(o.call(i.label(), tiling.tasks(), (t, w) -> Core.rw_node_backward(a, t, w)));
          calls.add(mergePartials(o, b, scratch, tiling.tasks()));
          return List.copyOf(calls);
        });
  }

  private static long workerFloats(Backward b) {
    TensorShape shape = b.inputs().shape();
    int channels = b.inputs().channels();
    int stride = b.window().strideHeight();
    long width = (shape.width() - 1) / stride + 1;
    int height = (shape.height() - 1) / stride + 1;
    long block = b.whole() ? blockRows(height, (int) width) : 1;
    long pixels = block * width;
    long held = b.filterGradient() ? pixels * Math.max(1, HELD_PIXELS / pixels) : pixels;
    long rows = b.filterGradient() ? (block - 1) * stride + 3 : 1;
    return (width + 2) * ((block + 2) * channels + LANES)
        + (shape.width() + 2L) * (rows * channels + LANES)
        + (2L * b.inputs().count() + 3) * channels
        + (b.whole()
            ? NativeKernels.ceil(pixels, LANES) * LANES + held * b.y().storedChannels()
            : 0)
        + (b.filterGradient()
            ? held * channels + (held + 1) * (channels + PointwiseKernels.PANEL)
            : 0);
  }

  private static Call mergePartials(NativeOperands o, Backward b, Scratch scratch, int partials) {
    Instruction i = b.instruction();
    int channels = b.inputs().channels();
    var m = o.own(new rw_node_backward_merge_args());
    m.inputs(b.inputs().bind(o)).filter_partials(o.floatScratch(scratch.filter()));
    m.input_partials(o.doubleScratch(scratch.inputs())).dweight(o.floats(i.output(1)));
    m.weight_elements(i.output(1).elements()).dfilter(o.floats(i.output(2)));
    if (b.whole()) {
      m.input_sums(o.floats(i.output(5)));
    }
    m.partials(partials).channels(channels);
    int tasks = 1 + channels / LANES;
    if (!b.filterGradient()) {
      return o.call(i.label(), tasks, (t, w) -> Core.rw_node_backward_merge(m, t, w));
    }
    Value dfilter = i.output(6);
    var f = PointwiseKernels.merge(o, dfilter, scratch.pointwise(), partials);
    int more = PointwiseKernels.mergeTasks(dfilter);
    return o.call(
        i.label(),
        tasks + more,
        (t, w) ->
            t < tasks
                ? Core.rw_node_backward_merge(m, t, w)
                : Core.rw_pointwise_filter_gradient_merge(f, t - tasks, w));
  }

  private static rw_node_gradient gradient(NativeOperands o, Backward b, Scratch scratch) {
    Instruction i = b.instruction();
    List<Integer> edges = b.node().edges();
    List<Pointer> weights = new ArrayList<>();
    List<Pointer> masks = new ArrayList<>();
    for (int term = 0; term < edges.size(); term++) {
      boolean scaled = edges.get(term) != UNSCALED;
      int scale = edges.size() + 3 * term;
      weights.add(scaled ? o.element(i.input(scale), edges.get(term)) : NativeOperands.nothing());
      masks.add(scaled ? o.element(i.input(scale + 1), edges.get(term)) : NativeOperands.nothing());
    }
    var g = o.own(new rw_node_gradient());
    g.e(o.addresses(i.inputs().subList(0, edges.size()))).weight(o.array(weights));
    g.mask(o.array(masks)).y(o.address(i.input(b.raw()))).mean(o.floats(i.input(b.raw() + 2)));
    g.scale(o.floatScratch(scratch.scale())).dy_mean(o.floatScratch(scratch.dyMean()));
    g.slope(o.floatScratch(scratch.slope())).packed(o.address(i.input(b.raw() + 4)));
    if (b.filterGradient()) {
      g.filter_partials(o.floatScratch(scratch.pointwise()));
    } else {
      g.dy(o.address(i.output(6)));
    }
    return g.terms(edges.size()).outputs(scratch.outputs());
  }

  /** The normalisation's gradient from what the readers left. */
  private static List<Call> gatherSums(NativeOperands o, Backward b, Scratch scratch) {
    Instruction i = b.instruction();
    List<Integer> edges = b.node().edges();
    List<Pointer> plain = new ArrayList<>();
    List<Pointer> centred = new ArrayList<>();
    List<Pointer> weights = new ArrayList<>();
    List<Pointer> masks = new ArrayList<>();
    for (int term = 0; term < edges.size(); term++) {
      int scale = edges.size() + 3 * term;
      int edge = edges.get(term);
      weights.add(o.element(i.input(scale), edge));
      masks.add(o.element(i.input(scale + 1), edge));
      plain.add(o.element(i.input(scale + 2), 0));
      centred.add(o.element(i.input(scale + 2), (1 + edge) * scratch.outputs()));
    }
    var g = o.own(new rw_batch_norm_gradient_gather_args());
    g.plain(o.array(plain)).centred(o.array(centred)).edge_weight(o.array(weights));
    g.edge_mask(o.array(masks)).terms(edges.size()).weight(o.floats(i.input(b.raw() + 1)));
    g.batch_mean(o.floats(i.input(b.raw() + 2))).batch_variance(o.floats(i.input(b.raw() + 3)));
    g.dweight(o.floats(i.output(3))).dbias(o.floats(i.output(4)));
    g.scale(o.floatScratch(scratch.scale())).dy_mean(o.floatScratch(scratch.dyMean()));
    g.slope(o.floatScratch(scratch.slope())).epsilon(b.node().epsilon());
    g.channels(b.y().shape().channels()).stored_channels(scratch.outputs());
    g.pixels(NativeKernels.pixels(b.y()));
    int tasks = scratch.outputs() / LANES;
    return List.of(o.call(i.label(), tasks, (t, w) -> Core.rw_batch_norm_gradient_gather(g, t, w)));
  }

  /** The normalisation's gradient by a pass over its output's gradient. */
  private static List<Call> addSums(NativeOperands o, Backward b, Scratch scratch) {
    Instruction i = b.instruction();
    var operands =
        new BatchNormKernels.GradientOperands(
            b.y(),
            i.input(b.raw() + 1),
            null,
            i.input(b.raw() + 2),
            i.input(b.raw() + 3),
            null,
            List.of(i.input(0)),
            null,
            b.node().epsilon());
    List<Value> parameters = i.outputs().subList(3, 5);
    return BatchNormKernels.sums(i, o, operands, parameters, scratch.sums(), scratch.scale());
  }
}
