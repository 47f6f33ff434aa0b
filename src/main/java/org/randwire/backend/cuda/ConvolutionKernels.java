// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cuda;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.randwire.backend.KernelCatalog;
import org.randwire.op.Convolution;
import org.randwire.op.Instruction;
import org.randwire.op.Linear;
import org.randwire.op.Value;
import org.randwire.op.Window;
import org.randwire.tensor.DataType;
import org.randwire.tensor.MemoryLayout;

/**
 * Convolutions and fully connected layers. A dense one is a matrix product whose left operand is
 * gathered; a grouped one is computed directly.
 */
final class ConvolutionKernels {

  /** Shared memory that leaves room for two blocks on a multiprocessor of every architecture. */
  private static final int MOST_SHARED = 48 * 1024;

  /** From this many pixels on, blocks of many rows fill the device. */
  private static final long MANY_PIXELS = 1 << 14;

  private static final int TILE = 64;
  private static final int WANTED_BLOCKS = 512;
  private static final long LEAST_PIXELS = 256;

  /** Orders of a packed filter: [taps][I][O], [taps][O][I], [O][taps][I]. */
  private static final int AS_IT_IS = 0;

  private static final int TRANSPOSED = 1;
  static final int OUTPUTS_FIRST = 2;

  private static final Window POINT = Window.square(1, 1);

  private final CudaKernel.Factory factory;

  private ConvolutionKernels(CudaKernel.Factory factory) {
    this.factory = factory;
  }

  static void addTo(KernelCatalog.Builder catalog, CudaKernel.Factory factory) {
    ConvolutionKernels k = new ConvolutionKernels(factory);
    catalog.add(
        "cuda",
        Convolution.class,
        i -> activations(i.input(0), i.output(0)),
        i -> k.forward(i, (Convolution) i.primitive()));
    catalog.add(
        "cuda",
        Convolution.InputGradient.class,
        i -> activations(i.input(0), i.output(0)),
        i -> k.inputGradient(i, ((Convolution.InputGradient) i.primitive()).convolution()));
    catalog.add(
        "cuda",
        Convolution.FilterGradient.class,
        i -> activations(i.input(0), i.input(1)),
        i -> k.filterGradient(i, ((Convolution.FilterGradient) i.primitive()).convolution()));
    catalog.add(
        "cuda",
        Linear.class,
        i -> activations(i.input(0), i.output(0)),
        i -> k.dense(i, POINT, false, i.input(2)));
    catalog.add(
        "cuda",
        Linear.InputGradient.class,
        i -> activations(i.input(0), i.output(0)),
        i -> k.dense(i, POINT, true, null));
    catalog.add(
        "cuda",
        Linear.ParameterGradient.class,
        i -> activations(i.input(0), i.input(1)),
        k::linearGradient);
  }

  private static boolean activations(Value x, Value y) {
    return x.layout() != MemoryLayout.CHANNELS_FIRST
        && (x.type() == DataType.FLOAT32 || x.type() == DataType.BFLOAT16)
        && Geometry.padded(y);
  }

  private CudaKernel forward(Instruction i, Convolution convolution) {
    return convolution.groups() == 1
        ? dense(i, convolution.window(), false, null)
        : grouped(i, convolution, false);
  }

  private CudaKernel inputGradient(Instruction i, Convolution convolution) {
    return convolution.groups() == 1
        ? dense(i, convolution.window(), true, null)
        : grouped(i, convolution, true);
  }

  private CudaKernel filterGradient(Instruction i, Convolution convolution) {
    if (convolution.groups() > 1) {
      return groupedFilterGradient(i, convolution);
    }
    FilterParts parts = FilterParts.of(i.input(0), i.input(1), convolution.window());
    return factory.kernel(
        i,
        2,
        parts.bytes(),
        o ->
            List.of(
                List.of(parts.products(o, i.input(0), i.input(1))),
                List.of(parts.merge(o, i.output(0)))));
  }

  // ---- dense

  /** Operands (x, filter) to y, or (dy, filter) to dx. */
  private CudaKernel dense(Instruction i, Window window, boolean transposed, @Nullable Value bias) {
    Value x = i.input(0);
    Value filter = i.input(1);
    Value y = i.output(0);
    int taps = window.height() * window.width();
    int k = taps * x.storedChannels();
    int rows = Geometry.pixels(y) >= MANY_PIXELS ? 128 : 64;
    int panel = panel(k, rows);
    boolean packs = transposed || factory.bfloat16();
    long packedBytes = packs ? (long) k * y.storedChannels() * factory.elementBytes() : 0;
    return factory.kernel(
        i,
        packs ? 2 : 1,
        packedBytes,
        o -> {
          long blocks = Geometry.ceil(Geometry.pixels(y), rows);
          Arguments a = Launch.arguments(blocks).address(o.address(x));
          a.address(packs ? o.scratch(0) : o.address(filter));
          a.address(bias == null ? CudaOperands.NOTHING : o.address(bias)).address(o.address(y));
          a.wide(Geometry.pixels(y));
          Geometry.window(
              a, window, transposed ? y.shape() : x.shape(), transposed ? x.shape() : y.shape());
          a.integer(x.storedChannels()).integer(y.storedChannels()).flag(transposed);
          a.integer(panel);
          int shared = Geometry.productBytes(rows, panel, factory.elementBytes());
          Launch product = new Launch("convolution", rows, blocks, shared, a);
          if (!packs) {
            return List.of(List.of(product));
          }
          int inputs = transposed ? y.storedChannels() : x.storedChannels();
          int outputs = transposed ? x.storedChannels() : y.storedChannels();
          return List.of(
              List.of(pack(o.address(filter), o.scratch(0), taps, inputs, outputs, transposed)),
              List.of(product));
        });
  }

  /**
   * Columns of the panel: all of them, or as many whole stages as leave room for a second block.
   */
  private int panel(int k, int rows) {
    int all = Geometry.roundUp(k, Geometry.SLICE);
    int most = Geometry.DEPTH;
    while (Geometry.productBytes(rows, most + Geometry.DEPTH, factory.elementBytes())
        <= Math.max(MOST_SHARED, factory.sharedBytes() / 2)) {
      most += Geometry.DEPTH;
    }
    return Math.min(all, most);
  }

  /** A filter [taps][inputs][outputs] in the stored type, each tap transposed if asked. */
  static Launch pack(
      long filter, long packed, int taps, int inputs, int outputs, boolean transposed) {
    int order = transposed ? TRANSPOSED : AS_IT_IS;
    return reorder("pack_filter", filter, packed, taps, inputs, outputs, order);
  }

  static Launch reorder(
      String kernel, long from, long to, int taps, int inputs, int outputs, int order) {
    long blocks = Geometry.ceil((long) taps * inputs * outputs, Geometry.THREADS);
    Arguments a = Launch.arguments(blocks).address(from).address(to);
    a.integer(taps).integer(inputs).integer(outputs).integer(order);
    return Launch.of(kernel, blocks, 0, a);
  }

  /** How the pixels of a filter's gradient are split, and where its partial sums lie. */
  private record FilterParts(
      Window window, int taps, int inputs, int outputs, long pixels, long chunk, int parts) {

    static FilterParts of(Value x, Value dy, Window window) {
      int taps = window.height() * window.width();
      long pixels = Geometry.pixels(dy);
      long tiles =
          taps * Geometry.ceil(x.storedChannels(), TILE) * Geometry.ceil(dy.storedChannels(), TILE);
      long wanted =
          Math.max(1, Math.min(WANTED_BLOCKS / tiles, Geometry.ceil(pixels, LEAST_PIXELS)));
      long chunk = Geometry.ceil(Geometry.ceil(pixels, wanted), Geometry.DEPTH) * Geometry.DEPTH;
      return new FilterParts(
          window,
          taps,
          x.storedChannels(),
          dy.storedChannels(),
          pixels,
          chunk,
          Math.toIntExact(Geometry.ceil(pixels, chunk)));
    }

    long elements() {
      return (long) taps * inputs * outputs;
    }

    long bytes() {
      return elements() * parts * Float.BYTES;
    }

    Launch products(CudaOperands o, Value x, Value dy) {
      long blocks = parts * taps * Geometry.ceil(inputs, TILE) * Geometry.ceil(outputs, TILE);
      Arguments a = Launch.arguments(blocks).address(o.address(x)).address(o.address(dy));
      a.address(o.scratch(0)).wide(pixels).wide(chunk);
      Geometry.window(a, window, x.shape(), dy.shape());
      a.integer(inputs).integer(outputs);
      int element = x.type().sizeBytes();
      int shared = 2 * Geometry.DEPTH * (TILE * element + 16);
      return Launch.of("convolution_filter_gradient", blocks, shared, a);
    }

    Launch merge(CudaOperands o, Value dfilter) {
      return sumPartials(o.scratch(0), o.address(dfilter), elements(), parts);
    }
  }

  private static Launch sumPartials(long partials, long out, long elements, int parts) {
    long blocks = Geometry.ceil(elements, Geometry.THREADS);
    Arguments a = Launch.arguments(blocks).address(partials).address(out).wide(elements);
    return Launch.of("sum_partials", blocks, 0, a.integer(parts));
  }

  private CudaKernel linearGradient(Instruction i) {
    Value x = i.input(0);
    Value dy = i.input(1);
    FilterParts parts = FilterParts.of(x, dy, POINT);
    return factory.kernel(
        i,
        2,
        parts.bytes(),
        o -> {
          long blocks = Geometry.ceil(dy.storedChannels(), Geometry.THREADS);
          Arguments b = Launch.arguments(blocks).address(o.address(dy));
          b.address(o.address(i.output(1))).integer(dy.shape().batch());
          b.integer(dy.storedChannels());
          return List.of(
              List.of(parts.products(o, x, dy)),
              List.of(parts.merge(o, i.output(0)), Launch.of("column_sums", blocks, 0, b)));
        });
  }

  // ---- grouped

  /** Inputs and outputs of a group. */
  private static int groupInputs(Value x, Convolution convolution) {
    return x.shape().channels() / convolution.groups();
  }

  private static int groupOutputs(Convolution convolution) {
    return convolution.outputChannels() / convolution.groups();
  }

  private CudaKernel grouped(Instruction i, Convolution convolution, boolean gradient) {
    Value x = gradient ? i.output(0) : i.input(0);
    Value y = gradient ? i.input(0) : i.output(0);
    return factory.single(
        i,
        o -> {
          long blocks = Geometry.ceil(i.output(0).elements(), Geometry.THREADS);
          Arguments a = Launch.arguments(blocks).address(o.address(i.input(0)));
          a.address(o.address(i.input(1))).address(o.address(i.output(0)));
          Geometry.window(a, convolution.window(), x.shape(), y.shape());
          a.integer(convolution.groups()).integer(groupInputs(x, convolution));
          a.integer(groupOutputs(convolution)).integer(i.input(0).storedChannels());
          a.integer(i.output(0).storedChannels()).integer(y.storedChannels());
          return Launch.of(
              gradient ? "grouped_input_gradient" : "grouped_convolution", blocks, 0, a);
        });
  }

  private CudaKernel groupedFilterGradient(Instruction i, Convolution convolution) {
    Value x = i.input(0);
    Value dy = i.input(1);
    Window window = convolution.window();
    long weights =
        (long) window.height() * window.width() * groupInputs(x, convolution) * dy.storedChannels();
    long pixels = Geometry.pixels(dy);
    long chunk = Geometry.chunk(pixels);
    int parts = Math.toIntExact(Geometry.ceil(pixels, chunk));
    return factory.kernel(
        i,
        2,
        weights * parts * Float.BYTES,
        o -> {
          long blocks = Geometry.ceil(weights * parts, Geometry.THREADS);
          Arguments a = Launch.arguments(blocks).address(o.address(x)).address(o.address(dy));
          a.address(o.scratch(0)).wide(pixels).wide(chunk);
          Geometry.window(a, window, x.shape(), dy.shape());
          a.integer(convolution.groups()).integer(groupInputs(x, convolution));
          a.integer(groupOutputs(convolution)).integer(x.storedChannels());
          a.integer(dy.storedChannels()).integer(dy.storedChannels()).integer(parts);
          return List.of(
              List.of(Launch.of("grouped_filter_gradient", blocks, 0, a)),
              List.of(sumPartials(o.scratch(0), o.address(i.output(0)), weights, parts)));
        });
  }
}
