// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cuda;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.randwire.backend.KernelCatalog;
import org.randwire.op.Add;
import org.randwire.op.Concat;
import org.randwire.op.DropPath;
import org.randwire.op.Dropout;
import org.randwire.op.Instruction;
import org.randwire.op.Mean;
import org.randwire.op.NodeTransform;
import org.randwire.op.Relu;
import org.randwire.op.Shift;
import org.randwire.op.Value;
import org.randwire.op.WeightedSum;
import org.randwire.op.Zero;
import org.randwire.tensor.DataType;

/** Sums of tensors, and what works on one element at a time. */
final class SumKernels {

  private final CudaKernel.Factory factory;

  private SumKernels(CudaKernel.Factory factory) {
    this.factory = factory;
  }

  static void addTo(KernelCatalog.Builder catalog, CudaKernel.Factory factory) {
    SumKernels k = new SumKernels(factory);
    catalog.add("cuda", Add.class, SumKernels::padded, i -> k.sum(i, i.inputs(), List.of(), 1));
    catalog.add(
        "cuda",
        Mean.class,
        SumKernels::padded,
        i -> k.sum(i, i.inputs(), List.of(), 1.0 / i.inputs().size()));
    catalog.add(
        "cuda",
        Mean.Gradient.class,
        SumKernels::padded,
        i -> k.sum(i, i.inputs(), List.of(), 1.0 / ((Mean.Gradient) i.primitive()).inputs()));
    catalog.add(
        "cuda",
        WeightedSum.class,
        i -> padded(i.inputs().subList(0, i.inputs().size() - 2)) && padded(i.outputs()),
        k::weightedSum);
    catalog.add(
        "cuda",
        WeightedSum.InputGradient.class,
        i -> padded(List.of(i.input(0), i.output(0))),
        k::inputGradient);
    catalog.add(
        "cuda",
        WeightedSum.WeightGradient.class,
        i -> padded(i.inputs().subList(0, i.inputs().size() - 2)),
        k::weightGradient);
    catalog.add(
        "cuda",
        NodeTransform.GradientSum.class,
        i -> padded(i.inputs().subList(0, terms(i).size())) && padded(i.outputs()),
        k::gradientSum);
    catalog.add("cuda", Relu.class, SumKernels::padded, i -> k.pointwise(i, "relu", i.input(0)));
    catalog.add(
        "cuda",
        Relu.Gradient.class,
        SumKernels::padded,
        i -> k.pointwise(i, "relu_gradient", i.input(0), i.input(1)));
    catalog.add(
        "cuda",
        Dropout.class,
        i -> padded(i) && i.input(1).type() == DataType.FLOAT32,
        i -> k.pointwise(i, "dropout", i.input(0), i.input(1)));
    catalog.add("cuda", Zero.class, SumKernels::padded, i -> k.pointwise(i, "zero"));
    catalog.add(
        "cuda",
        DropPath.class,
        i -> padded(List.of(i.input(0), i.output(0))) && i.input(1).type() == DataType.FLOAT32,
        k::dropPath);
    catalog.add("cuda", Shift.class, SumKernels::padded, i -> k.shift(i, 1));
    catalog.add("cuda", Shift.Gradient.class, SumKernels::padded, i -> k.shift(i, -1));
    catalog.add("cuda", Concat.class, SumKernels::padded, i -> k.copy(i, 0));
    catalog.add(
        "cuda",
        Concat.Slice.class,
        SumKernels::padded,
        i -> k.copy(i, ((Concat.Slice) i.primitive()).first()));
  }

  private static boolean padded(Instruction i) {
    return padded(i.inputs()) && padded(i.outputs());
  }

  private static boolean padded(List<Value> values) {
    return values.stream().allMatch(Geometry::padded);
  }

  private static List<Integer> terms(Instruction i) {
    return ((NodeTransform.GradientSum) i.primitive()).edges();
  }

  /** A term's coefficient: edge {@code index} of a weight and a mask. */
  private record Edge(Value weight, Value mask, int index) {}

  private CudaKernel weightedSum(Instruction i) {
    int edges = i.inputs().size() - 2;
    List<Edge> coefficients = new ArrayList<>();
    for (int e = 0; e < edges; e++) {
      coefficients.add(new Edge(i.input(edges), i.input(edges + 1), e));
    }
    return sum(i, i.inputs().subList(0, edges), coefficients, 1);
  }

  private CudaKernel inputGradient(Instruction i) {
    int edge = ((WeightedSum.InputGradient) i.primitive()).edge();
    return sum(i, i.inputs().subList(0, 1), List.of(new Edge(i.input(1), i.input(2), edge)), 1);
  }

  private CudaKernel gradientSum(Instruction i) {
    List<Edge> coefficients = new ArrayList<>();
    int next = terms(i).size();
    for (int edge : terms(i)) {
      boolean scaled = edge != NodeTransform.GradientSum.UNSCALED;
      coefficients.add(scaled ? new Edge(i.input(next), i.input(next + 1), edge) : null);
      next += scaled ? 2 : 0;
    }
    return sum(i, i.inputs().subList(0, terms(i).size()), coefficients, 1);
  }

  /** An empty list of edges is a plain sum; a null one a term taken as it is. */
  private CudaKernel sum(Instruction i, List<Value> x, List<Edge> edges, double scale) {
    return factory.single(
        i,
        o -> {
          List<Long> weights = new ArrayList<>();
          List<Long> masks = new ArrayList<>();
          for (Edge edge : edges.isEmpty() ? Collections.<Edge>nCopies(x.size(), null) : edges) {
            weights.add(
                edge == null ? CudaOperands.NOTHING : o.element(edge.weight(), edge.index()));
            masks.add(edge == null ? CudaOperands.NOTHING : o.element(edge.mask(), edge.index()));
          }
          long elements = i.output(0).elements();
          long blocks = Geometry.vectorBlocks(elements);
          Arguments a = Launch.arguments(blocks).addresses(o.addresses(x));
          a.addresses(weights).addresses(masks).address(o.address(i.output(0))).wide(elements);
          a.real(scale).integer(x.size());
          return Launch.of("weighted_sum", blocks, Float.BYTES * x.size(), a);
        });
  }

  private CudaKernel weightGradient(Instruction i) {
    int terms = i.inputs().size() - 3;
    Value dy = i.input(terms);
    long elements = dy.elements();
    long chunk = Geometry.chunk(Geometry.ceil(elements, Geometry.VECTOR)) * Geometry.VECTOR;
    int parts = Math.toIntExact(Geometry.ceil(elements, chunk));
    return factory.kernel(
        i,
        2,
        (long) parts * terms * Float.BYTES,
        o -> {
          Arguments a =
              Launch.arguments(parts).addresses(o.addresses(i.inputs().subList(0, terms)));
          a.address(o.address(dy)).address(o.scratch(0)).wide(elements).wide(chunk).integer(terms);
          int stored = Math.toIntExact(i.output(0).elements());
          long blocks = Geometry.ceil(stored, Geometry.THREADS);
          Arguments m = Launch.arguments(blocks).address(o.scratch(0));
          m.address(o.address(i.input(terms + 1))).address(o.address(i.input(terms + 2)));
          m.address(o.address(i.output(0))).integer(parts).integer(terms).integer(stored);
          return List.of(
              List.of(Launch.of("weighted_sum_products", parts, Geometry.SUM_BYTES, a)),
              List.of(Launch.of("weighted_sum_merge", blocks, 0, m)));
        });
  }

  private CudaKernel pointwise(Instruction i, String kernel, Value... operands) {
    return factory.single(
        i,
        o -> {
          long elements = i.output(0).elements();
          long blocks = Geometry.vectorBlocks(elements);
          Arguments a = Launch.arguments(blocks);
          for (Value operand : operands) {
            a.address(o.address(operand));
          }
          a.address(o.address(i.output(0))).wide(elements);
          return Launch.of(kernel, blocks, 0, a);
        });
  }

  private CudaKernel dropPath(Instruction i) {
    return factory.single(
        i,
        o -> {
          long elements = i.output(0).elements();
          long blocks = Geometry.vectorBlocks(elements);
          Arguments a = Launch.arguments(blocks).address(o.address(i.input(0)));
          a.address(o.address(i.input(1))).address(o.address(i.output(0))).wide(elements);
          a.wide(elements / i.output(0).shape().batch());
          return Launch.of("drop_path", blocks, 0, a);
        });
  }

  private CudaKernel shift(Instruction i, int by) {
    return factory.single(
        i,
        o -> {
          Value x = i.input(0);
          long blocks = Geometry.vectorBlocks(x.elements());
          Arguments a = Launch.arguments(blocks).address(o.address(x));
          a.address(o.address(i.output(0))).integer(x.shape().batch()).integer(x.shape().height());
          a.integer(x.shape().width()).integer(x.storedChannels()).integer(by);
          return Launch.of("shift", blocks, 0, a);
        });
  }

  private CudaKernel copy(Instruction i, int first) {
    Value y = i.output(0);
    List<Integer> starts = new ArrayList<>(List.of(0));
    for (Value x : i.inputs()) {
      int last = starts.get(starts.size() - 1);
      starts.add(Math.min(y.shape().channels(), last + x.shape().channels()));
    }
    return factory.single(
        i,
        o -> {
          long blocks = Geometry.ceil(y.elements(), Geometry.THREADS);
          Arguments a = Launch.arguments(blocks).addresses(o.addresses(i.inputs()));
          a.address(o.address(y)).integers(starts);
          a.integers(i.inputs().stream().map(Value::storedChannels).toList());
          a.wide(Geometry.pixels(y)).integer(i.inputs().size()).integer(first);
          a.integer(y.storedChannels());
          return Launch.of("copy_channels", blocks, 0, a);
        });
  }
}
