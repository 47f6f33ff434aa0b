// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cuda;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.randwire.backend.KernelCatalog;
import org.randwire.op.BatchNorm;
import org.randwire.op.Instruction;
import org.randwire.op.NormalisedRelu;
import org.randwire.op.Value;

/** Batch normalisation, alone and with the addition and ReLU behind it. */
final class BatchNormKernels {

  /** Shared memory of a block that merges statistics: three doubles a thread. */
  private static final int MOMENTS_BYTES = 3 * Geometry.DOUBLES_BYTES;

  private static final int SUMS_BYTES = Geometry.SUM_BYTES + 2 * Geometry.SLICE * Float.BYTES;

  private final CudaKernel.Factory factory;

  private BatchNormKernels(CudaKernel.Factory factory) {
    this.factory = factory;
  }

  static void addTo(KernelCatalog.Builder catalog, CudaKernel.Factory factory) {
    BatchNormKernels k = new BatchNormKernels(factory);
    catalog.add(
        "cuda",
        BatchNorm.Forward.class,
        BatchNormKernels::padded,
        i -> k.forward(i, (BatchNorm.Forward) i.primitive(), false));
    catalog.add(
        "cuda",
        NormalisedRelu.Forward.class,
        BatchNormKernels::padded,
        i -> k.forward(i, ((NormalisedRelu.Forward) i.primitive()).norm(), true));
    catalog.add(
        "cuda",
        BatchNorm.Inference.class,
        BatchNormKernels::padded,
        i -> k.inference(i, ((BatchNorm.Inference) i.primitive()).epsilon(), false));
    catalog.add(
        "cuda",
        NormalisedRelu.Inference.class,
        BatchNormKernels::padded,
        i -> k.inference(i, ((NormalisedRelu.Inference) i.primitive()).epsilon(), true));
    catalog.add("cuda", BatchNorm.Gradient.class, BatchNormKernels::padded, k::gradient);
    catalog.add("cuda", NormalisedRelu.Gradient.class, BatchNormKernels::padded, k::reluGradient);
  }

  private static boolean padded(Instruction i) {
    return Geometry.padded(i.input(0)) && Geometry.padded(i.output(0));
  }

  // ---- forward

  private CudaKernel forward(Instruction i, BatchNorm.Forward norm, boolean relu) {
    Value x = i.input(0);
    int stored = x.storedChannels();
    long chunk = Geometry.chunk(Geometry.pixels(x));
    int parts = Math.toIntExact(Geometry.ceil(Geometry.pixels(x), chunk));
    Scratch scratch = new Scratch();
    long statistics = scratch.floats(2L * parts * stored);
    long counts = scratch.floats(parts);
    return factory.kernel(
        i,
        3,
        scratch.bytes(),
        o -> {
          long blocks = (long) parts * (stored / Geometry.SLICE);
          Arguments a = Launch.arguments(blocks).address(o.address(x));
          a.address(o.scratch(statistics)).address(o.scratch(counts)).wide(Geometry.pixels(x));
          a.wide(chunk).integer(stored);
          return List.of(
              List.of(Launch.of("batch_norm_statistics", blocks, SUMS_BYTES, a)),
              List.of(
                  merge(
                      x,
                      norm,
                      parts,
                      new long[] {
                        o.scratch(statistics),
                        o.scratch(counts),
                        o.address(i.output(1)),
                        o.address(i.output(2)),
                        o.address(i.input(3)),
                        o.address(i.input(4))
                      })),
              List.of(apply(o, i, i.output(1), i.output(2), norm.epsilon(), relu)));
        });
  }

  /**
   * Merges statistics of y.
   *
   * @param addresses partial statistics, their counts, batch mean and variance, running mean and
   *     variance
   */
  static Launch merge(Value y, BatchNorm.Forward norm, int parts, long[] addresses) {
    long blocks = y.storedChannels() / Geometry.SLICE;
    Arguments a = Launch.arguments(blocks);
    for (long address : addresses) {
      a.address(address);
    }
    a.wideReal(norm.momentum()).integer(parts).integer(y.shape().channels());
    a.integer(y.storedChannels()).flag(norm.updatesRunning());
    return Launch.of("batch_norm_merge", blocks, MOMENTS_BYTES, a);
  }

  private CudaKernel inference(Instruction i, double epsilon, boolean relu) {
    return factory.single(i, o -> apply(o, i, i.input(3), i.input(4), epsilon, relu));
  }

  private static Launch apply(
      CudaOperands o, Instruction i, Value mean, Value variance, double epsilon, boolean relu) {
    Value y = i.output(0);
    boolean shortcut = i.inputs().size() > 5;
    long blocks = Geometry.vectorBlocks(y.elements());
    Arguments a = Launch.arguments(blocks).address(o.address(i.input(0)));
    a.address(o.address(mean)).address(o.address(variance));
    a.address(o.address(i.input(1))).address(o.address(i.input(2)));
    a.address(shortcut ? o.address(i.input(5)) : CudaOperands.NOTHING).address(o.address(y));
    a.wide(y.elements()).real(epsilon).integer(y.storedChannels()).flag(relu);
    return Launch.of("batch_norm_apply", blocks, 0, a);
  }

  // ---- gradients

  /** What the gradient's kernels read. */
  record Operands(
      Value x,
      Value weight,
      @Nullable Value bias,
      Value mean,
      Value variance,
      @Nullable Value y,
      List<Value> terms,
      double epsilon) {

    boolean relu() {
      return bias != null;
    }

    int parts() {
      return Math.toIntExact(Geometry.ceil(Geometry.pixels(x), Geometry.chunk(Geometry.pixels(x))));
    }

    /** The fields of {@code NormTerms}. */
    void terms(CudaOperands o, Arguments a) {
      a.addresses(o.addresses(terms)).address(o.address(x));
      a.address(y == null ? CudaOperands.NOTHING : o.address(y)).address(o.address(weight));
      a.address(bias == null ? CudaOperands.NOTHING : o.address(bias));
      a.address(o.address(mean)).address(o.address(variance)).wide(Geometry.pixels(x));
      a.real(epsilon).integer(x.storedChannels()).integer(terms.size()).flag(relu());
    }
  }

  /** Where the end of the gradient's sums lies in scratch memory, a vector of channels each. */
  record Slopes(long scale, long dyMean, long slope) {
    static Slopes in(Scratch scratch, int channels) {
      return new Slopes(
          scratch.floats(channels), scratch.floats(channels), scratch.floats(channels));
    }
  }

  /** The fields of {@code NormGradient}. */
  static void normGradient(
      CudaOperands o, Arguments a, Operands operands, Value dweight, Value dbias, Slopes slopes) {
    a.address(o.address(operands.weight())).address(o.address(operands.variance()));
    a.address(o.address(dweight)).address(o.address(dbias)).address(o.scratch(slopes.scale()));
    a.address(o.scratch(slopes.dyMean())).address(o.scratch(slopes.slope()));
    a.wide(Geometry.pixels(operands.x())).wideReal(operands.epsilon());
    a.integer(operands.x().shape().channels()).integer(operands.x().storedChannels());
  }

  /** The sums of a gradient by a pass over it: two regions. */
  static List<List<Launch>> sums(
      CudaOperands o, Operands operands, Value dweight, Value dbias, long partials, Slopes slopes) {
    int stored = operands.x().storedChannels();
    long blocks = (long) operands.parts() * (stored / Geometry.SLICE);
    Arguments a = Launch.arguments(blocks);
    operands.terms(o, a);
    a.address(o.scratch(partials)).wide(Geometry.chunk(Geometry.pixels(operands.x())));
    long merges = stored / Geometry.SLICE;
    Arguments m = Launch.arguments(merges).address(o.scratch(partials));
    normGradient(o, m, operands, dweight, dbias, slopes);
    m.integer(operands.parts());
    return List.of(
        List.of(Launch.of("batch_norm_gradient_sums", blocks, SUMS_BYTES, a)),
        List.of(Launch.of("batch_norm_gradient_merge", merges, 2 * Geometry.DOUBLES_BYTES, m)));
  }

  private CudaKernel gradient(Instruction i) {
    double epsilon = ((BatchNorm.Gradient) i.primitive()).epsilon();
    return gradient(
        i,
        new Operands(
            i.input(0),
            i.input(2),
            null,
            i.input(3),
            i.input(4),
            null,
            List.of(i.input(1)),
            epsilon),
        null);
  }

  private CudaKernel reluGradient(Instruction i) {
    var primitive = (NormalisedRelu.Gradient) i.primitive();
    return gradient(
        i,
        new Operands(
            i.input(0),
            i.input(1),
            i.input(2),
            i.input(3),
            i.input(4),
            primitive.shortcut() ? i.input(5) : null,
            i.inputs().subList(primitive.firstTerm(), i.inputs().size()),
            primitive.epsilon()),
        primitive.shortcut() ? i.output(3) : null);
  }

  private CudaKernel gradient(Instruction i, Operands operands, @Nullable Value dshortcut) {
    Scratch scratch = new Scratch();
    int stored = operands.x().storedChannels();
    long partials = scratch.floats(2L * operands.parts() * stored);
    Slopes slopes = Slopes.in(scratch, stored);
    return factory.kernel(
        i,
        3,
        scratch.bytes(),
        o -> {
          List<List<Launch>> sums = sums(o, operands, i.output(1), i.output(2), partials, slopes);
          long blocks = Geometry.vectorBlocks(operands.x().elements());
          Arguments a = Launch.arguments(blocks);
          operands.terms(o, a);
          a.address(o.scratch(slopes.scale())).address(o.scratch(slopes.dyMean()));
          a.address(o.scratch(slopes.slope())).address(o.address(i.output(0)));
          a.address(dshortcut == null ? CudaOperands.NOTHING : o.address(dshortcut));
          return List.of(
              sums.get(0),
              sums.get(1),
              List.of(Launch.of("batch_norm_gradient_apply", blocks, 0, a)));
        });
  }
}
