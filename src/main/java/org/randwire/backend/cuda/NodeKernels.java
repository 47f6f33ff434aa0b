// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cuda;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.randwire.backend.KernelCatalog;
import org.randwire.op.BatchNorm;
import org.randwire.op.Convolution;
import org.randwire.op.Instruction;
import org.randwire.op.NodeTransform;
import org.randwire.op.SeparableNode;
import org.randwire.op.Value;
import org.randwire.tensor.TensorShape;

/** RandWire nodes forward: the front alone ({@link NodeTransform}) and the whole node. */
final class NodeKernels {

  private static final int MANY_ROWS = 128;
  private static final int FEW_ROWS = 64;

  private final CudaKernel.Factory factory;

  private NodeKernels(CudaKernel.Factory factory) {
    this.factory = factory;
  }

  static void addTo(KernelCatalog.Builder catalog, CudaKernel.Factory factory) {
    NodeKernels k = new NodeKernels(factory);
    catalog.add(
        "cuda",
        NodeTransform.Forward.class,
        i -> k.plan(front(i)).isPresent(),
        i -> k.kernel(front(i)));
    catalog.add("cuda", SeparableNode.PackedFilter.class, k::packedFilter);
    catalog.add(
        "cuda",
        SeparableNode.Forward.class,
        i -> k.plan(whole(i)).isPresent(),
        i -> k.kernel(whole(i)));
  }

  /** What a kernel computes; {@code packed} and {@code norm} are null for a front. */
  private record Forward(
      Instruction instruction,
      NodeInputs inputs,
      Convolution depthwise,
      @Nullable Value packed,
      BatchNorm.@Nullable Forward norm) {

    int stride() {
      return depthwise.window().strideHeight();
    }

    TensorShape out() {
      return instruction.output(0).shape();
    }

    int outputs() {
      return packed == null ? 0 : instruction.output(0).storedChannels();
    }

    /** The output of the front, if anybody wants it. */
    @Nullable Value u() {
      boolean kept =
          !(instruction.primitive() instanceof SeparableNode.Forward node) || node.keepsFront();
      return kept ? instruction.output(instruction.outputs().size() - 1) : null;
    }
  }

  private static Forward front(Instruction i) {
    int count = i.inputs().size() - 3;
    Convolution depthwise = ((NodeTransform.Forward) i.primitive()).depthwise();
    return new Forward(i, NodeInputs.plain(i.inputs(), count), depthwise, null, null);
  }

  private static Forward whole(Instruction i) {
    var node = (SeparableNode.Forward) i.primitive();
    int end = SeparableNode.inputOperands(node.raw());
    NodeInputs inputs = NodeInputs.of(i.inputs().subList(0, end), node.raw(), node.epsilon());
    return new Forward(i, inputs, node.depthwise(), i.input(end), node.norm());
  }

  /** Rows of a block, its tile, and shared memory. */
  private record Plan(int rows, NodeTile tile, int panel, int frontBytes, int sharedBytes) {}

  /** The tile that fits into shared memory, the larger if both do and fill the device. */
  private Optional<Plan> plan(Forward f) {
    if (!f.inputs().fits(f.depthwise()) || !Geometry.padded(f.instruction().output(0))) {
      return Optional.empty();
    }
    boolean small = f.out().height() * f.out().width() < MANY_ROWS;
    for (int rows : small ? new int[] {FEW_ROWS} : new int[] {MANY_ROWS, FEW_ROWS}) {
      Plan plan = plan(f, rows);
      if (plan.sharedBytes() <= factory.sharedBytes()) {
        return Optional.of(plan);
      }
    }
    return Optional.empty();
  }

  private Plan plan(Forward f, int rows) {
    NodeTile tile =
        NodeTile.forward(
            f.inputs().shape().batch(), f.out().height(), f.out().width(), f.stride(), rows);
    int panel = f.inputs().channels();
    int front = f.packed() == null ? 0 : Geometry.productBytes(rows, panel, factory.elementBytes());
    long floats =
        rows
            + Geometry.THREADS
            + f.inputs().readerFloats()
            + tile.forwardHalo(f.stride()) * Geometry.SLICE;
    return new Plan(rows, tile, panel, front, Math.toIntExact(front + floats * Float.BYTES));
  }

  private CudaKernel kernel(Forward f) {
    Instruction i = f.instruction();
    Plan plan = plan(f).orElseThrow();
    NodeTile tile = plan.tile();
    int parts = Math.toIntExact(tile.blocks());
    Value u = f.u();
    Scratch scratch = new Scratch();
    long statistics = f.norm() == null ? 0 : scratch.floats(2L * parts * f.outputs());
    long counts = f.norm() == null ? 0 : scratch.floats(parts);
    return factory.kernel(
        i,
        f.norm() == null ? 1 : 2,
        scratch.bytes(),
        o -> {
          boolean whole = f.packed() != null;
          long blocks = whole ? parts : (long) parts * f.inputs().slices();
          Arguments a = Launch.arguments(blocks);
          f.inputs().write(o, a);
          a.address(o.address(f.inputs().filter()));
          a.address(whole ? o.address(f.packed()) : CudaOperands.NOTHING);
          a.address(u == null ? CudaOperands.NOTHING : o.address(u));
          a.address(whole ? o.address(i.output(0)) : CudaOperands.NOTHING);
          a.address(f.norm() == null ? CudaOperands.NOTHING : o.scratch(statistics));
          a.address(f.norm() == null ? CudaOperands.NOTHING : o.scratch(counts));
          TensorShape shape = f.inputs().shape();
          a.integer(shape.batch()).integer(shape.height()).integer(shape.width());
          a.integer(f.inputs().channels()).integer(f.outputs()).integer(f.stride());
          a.integer(tile.height()).integer(tile.width()).integer(tile.images());
          a.integer(plan.panel()).integer(plan.frontBytes());
          Launch compute = new Launch("node_forward", plan.rows(), blocks, plan.sharedBytes(), a);
          if (f.norm() == null) {
            return List.of(List.of(compute));
          }
          int end = i.inputs().size();
          return List.of(
              List.of(compute),
              List.of(
                  BatchNormKernels.merge(
                      i.output(0),
                      f.norm(),
                      parts,
                      new long[] {
                        o.scratch(statistics),
                        o.scratch(counts),
                        o.address(i.output(1)),
                        o.address(i.output(2)),
                        o.address(i.input(end - 2)),
                        o.address(i.input(end - 1))
                      })));
        });
  }

  private CudaKernel packedFilter(Instruction i) {
    boolean transposed = ((SeparableNode.PackedFilter) i.primitive()).transposed();
    Value filter = i.input(0);
    // A filter is [outputs, inputs, 1, 1], stored [inputs][outputs] with both padded.
    int outputs = Geometry.roundUp(filter.shape().batch(), Geometry.SLICE);
    int inputs = Geometry.roundUp(filter.shape().channels(), Geometry.SLICE);
    return factory.single(
        i,
        o ->
            ConvolutionKernels.pack(
                o.address(filter), o.address(i.output(0)), 1, inputs, outputs, transposed));
  }
}
