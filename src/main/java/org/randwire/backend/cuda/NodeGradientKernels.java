// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cuda;

import java.util.ArrayList;
import java.util.List;
import org.randwire.backend.KernelCatalog;
import org.randwire.op.Convolution;
import org.randwire.op.Instruction;
import org.randwire.op.NodeTransform;
import org.randwire.op.SeparableNode;
import org.randwire.op.Value;
import org.randwire.tensor.TensorShape;

/**
 * RandWire nodes backward. Of a whole node: the normalisation's sums, du with dy, then e with all
 * that is summed over pixels. The pointwise filter's gradient stays an instruction of its own, off
 * the longest path.
 */
final class NodeGradientKernels {

  private static final int UNSCALED = NodeTransform.GradientSum.UNSCALED;
  private static final int ROWS = 64;

  /** Rows of sums of the depthwise filter. */
  private static final int TAPS = 9;

  private final CudaKernel.Factory factory;

  private NodeGradientKernels(CudaKernel.Factory factory) {
    this.factory = factory;
  }

  static void addTo(KernelCatalog.Builder catalog, CudaKernel.Factory factory) {
    NodeGradientKernels k = new NodeGradientKernels(factory);
    catalog.add(
        "cuda",
        NodeTransform.Backward.class,
        i -> k.fits(front(i)) && Geometry.padded(i.input(i.inputs().size() - 1)),
        i -> k.frontKernel(front(i)));
    catalog.add(
        "cuda",
        SeparableNode.Backward.class,
        i -> !((SeparableNode.Backward) i.primitive()).filterGradient() && k.fitsWhole(whole(i)),
        i -> k.wholeKernel(whole(i)));
  }

  private record Backward(Instruction instruction, NodeInputs inputs, Convolution depthwise) {

    int stride() {
      return depthwise.window().strideHeight();
    }

    NodeTile tile() {
      TensorShape shape = inputs.shape();
      return NodeTile.backward(
          shape.batch(), shape.height(), shape.width(), stride(), inputs.slices());
    }

    SeparableNode.Backward node() {
      return (SeparableNode.Backward) instruction.primitive();
    }

    /** Position of the raw output, which weight, mean, variance and packed filter follow. */
    int raw() {
      return instruction.inputs().size() - SeparableNode.inputOperands(node().raw()) - 5;
    }

    Value y() {
      return instruction.input(raw());
    }

    int sharedBytes() {
      NodeTile tile = tile();
      long slices =
          2L * TAPS
              + 1L
              + inputs.count()
              + (long) tile.height() * tile.width()
              + tile.backwardHalo(stride());
      return Math.toIntExact(
          Geometry.SUM_BYTES + Float.BYTES * (inputs.readerFloats() + slices * Geometry.SLICE));
    }
  }

  private static Backward front(Instruction i) {
    Convolution depthwise = ((NodeTransform.Backward) i.primitive()).depthwise();
    return new Backward(i, NodeInputs.plain(i.inputs(), i.inputs().size() - 4), depthwise);
  }

  private static Backward whole(Instruction i) {
    var node = (SeparableNode.Backward) i.primitive();
    int first = i.inputs().size() - SeparableNode.inputOperands(node.raw());
    List<Value> operands = i.inputs().subList(first, i.inputs().size());
    return new Backward(i, NodeInputs.of(operands, node.raw(), node.epsilon()), node.depthwise());
  }

  private boolean fits(Backward b) {
    return b.inputs().fits(b.depthwise())
        && Geometry.padded(b.instruction().output(0))
        && b.sharedBytes() <= factory.sharedBytes();
  }

  private boolean fitsWhole(Backward b) {
    return fits(b)
        && b.node().edges().size() <= NodeInputs.MOST
        && b.instruction().inputs().subList(0, b.node().edges().size()).stream()
            .allMatch(Geometry::padded)
        && gradientBytes(b) <= factory.sharedBytes();
  }

  private int gradientBytes(Backward b) {
    return Geometry.productBytes(ROWS, b.y().storedChannels(), factory.elementBytes())
        + Float.BYTES * b.node().edges().size();
  }

  /** Partial sums of the last pass, and where their totals go if nobody else wants them. */
  private record Sums(long filter, long inputs, long totals) {
    static Sums in(Scratch scratch, Backward b) {
      long parts = b.tile().blocks();
      long rows = 1L + b.inputs().count();
      int channels = b.inputs().channels();
      return new Sums(
          scratch.floats(parts * TAPS * channels),
          scratch.floats(parts * rows * channels),
          scratch.floats(rows * channels));
    }
  }

  private CudaKernel frontKernel(Backward b) {
    Instruction i = b.instruction();
    Scratch scratch = new Scratch();
    Sums sums = Sums.in(scratch, b);
    Value du = i.input(i.inputs().size() - 1);
    return factory.kernel(
        i, 3, scratch.bytes(), o -> passes(o, b, o.address(du), sums, o.scratch(sums.totals())));
  }

  /** e and its sums: three regions. */
  private static List<List<Launch>> passes(
      CudaOperands o, Backward b, long du, Sums sums, long totals) {
    Instruction i = b.instruction();
    NodeInputs inputs = b.inputs();
    NodeTile tile = b.tile();
    TensorShape shape = inputs.shape();
    long blocks = tile.blocks() * inputs.slices();
    Arguments a = Launch.arguments(blocks);
    inputs.write(o, a);
    a.address(o.address(inputs.filter())).address(du).address(o.address(i.output(0)));
    a.address(o.scratch(sums.filter())).address(o.scratch(sums.inputs()));
    a.integer(shape.batch()).integer(shape.height()).integer(shape.width());
    a.integer(inputs.channels()).integer(b.stride());
    a.integer(tile.height()).integer(tile.width()).integer(tile.images());

    int rows = 1 + inputs.count();
    long merges = (long) (TAPS + rows) * inputs.slices();
    Arguments m = Launch.arguments(merges).address(o.scratch(sums.filter()));
    m.address(o.scratch(sums.inputs())).address(o.address(i.output(2))).address(totals);
    m.integer(Math.toIntExact(tile.blocks())).integer(inputs.channels()).integer(rows);

    long edges = i.output(1).elements();
    Arguments e = Launch.arguments(edges);
    inputs.write(o, e);
    e.address(totals).address(o.address(i.output(1))).integer(inputs.channels());
    return List.of(
        List.of(Launch.of("node_backward", blocks, b.sharedBytes(), a)),
        List.of(Launch.of("node_backward_merge", merges, Geometry.DOUBLES_BYTES, m)),
        List.of(Launch.of("node_edges", edges, Geometry.DOUBLES_BYTES, e)));
  }

  private CudaKernel wholeKernel(Backward b) {
    Instruction i = b.instruction();
    boolean gathers = b.node().gathers();
    Value y = b.y();
    int outputs = y.storedChannels();
    var norm =
        new BatchNormKernels.Operands(
            y,
            i.input(b.raw() + 1),
            null,
            i.input(b.raw() + 2),
            i.input(b.raw() + 3),
            null,
            List.of(i.input(0)),
            b.node().epsilon());
    Scratch scratch = new Scratch();
    Sums sums = Sums.in(scratch, b);
    var slopes = BatchNormKernels.Slopes.in(scratch, outputs);
    long partials = gathers ? 0 : scratch.floats(2L * norm.parts() * outputs);
    long du = scratch.add(Geometry.pixels(y) * b.inputs().channels() * factory.elementBytes());
    return factory.kernel(
        i,
        gathers ? 5 : 6,
        scratch.bytes(),
        o -> {
          List<List<Launch>> regions = new ArrayList<>();
          if (gathers) {
            regions.add(List.of(gather(o, b, norm, slopes)));
          } else {
            regions.addAll(
                BatchNormKernels.sums(o, norm, i.output(3), i.output(4), partials, slopes));
          }
          regions.add(List.of(gradient(o, b, slopes, o.scratch(du))));
          regions.addAll(passes(o, b, o.scratch(du), sums, o.address(i.output(5))));
          return regions;
        });
  }

  /** Position of a term's weight; its mask and sums follow. */
  private static int scale(Backward b, int term) {
    return b.node().edges().size() + 3 * term;
  }

  private static Launch gather(
      CudaOperands o, Backward b, BatchNormKernels.Operands norm, BatchNormKernels.Slopes slopes) {
    Instruction i = b.instruction();
    List<Long> plain = new ArrayList<>();
    List<Long> centred = new ArrayList<>();
    List<Long> weights = new ArrayList<>();
    List<Long> masks = new ArrayList<>();
    int outputs = b.y().storedChannels();
    for (int term = 0; term < b.node().edges().size(); term++) {
      int edge = b.node().edges().get(term);
      int scale = scale(b, term);
      weights.add(o.element(i.input(scale), edge));
      masks.add(o.element(i.input(scale + 1), edge));
      plain.add(o.element(i.input(scale + 2), 0));
      centred.add(o.element(i.input(scale + 2), (1L + edge) * outputs));
    }
    long blocks = Geometry.ceil(outputs, Geometry.THREADS);
    Arguments a = Launch.arguments(blocks).addresses(plain).addresses(centred);
    a.addresses(weights).addresses(masks);
    BatchNormKernels.normGradient(o, a, norm, i.output(3), i.output(4), slopes);
    a.integer(b.node().edges().size());
    return Launch.of("batch_norm_gradient_gather", blocks, 0, a);
  }

  private Launch gradient(CudaOperands o, Backward b, BatchNormKernels.Slopes slopes, long du) {
    Instruction i = b.instruction();
    List<Integer> edges = b.node().edges();
    List<Long> weights = new ArrayList<>();
    List<Long> masks = new ArrayList<>();
    for (int term = 0; term < edges.size(); term++) {
      boolean scaled = edges.get(term) != UNSCALED;
      int scale = scale(b, term);
      weights.add(scaled ? o.element(i.input(scale), edges.get(term)) : CudaOperands.NOTHING);
      masks.add(scaled ? o.element(i.input(scale + 1), edges.get(term)) : CudaOperands.NOTHING);
    }
    Value y = b.y();
    long pixels = Geometry.pixels(y);
    long blocks = Geometry.ceil(pixels, ROWS);
    Arguments a =
        Launch.arguments(blocks).addresses(o.addresses(i.inputs().subList(0, edges.size())));
    a.addresses(weights).addresses(masks).address(o.address(y));
    a.address(o.address(i.input(b.raw() + 2))).address(o.scratch(slopes.scale()));
    a.address(o.scratch(slopes.dyMean())).address(o.scratch(slopes.slope()));
    a.address(o.address(i.input(b.raw() + 4))).address(o.address(i.output(6))).address(du);
    a.wide(pixels).integer(edges.size()).integer(y.storedChannels());
    a.integer(b.inputs().channels()).integer(y.storedChannels());
    a.integer(gradientBytes(b) - Float.BYTES * edges.size());
    return new Launch("node_gradient", ROWS, blocks, gradientBytes(b), a);
  }
}
