// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cpu;

import static org.bytedeco.dnnl.global.dnnl.*;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.dnnl.dnnl_memory_desc;
import org.bytedeco.dnnl.dnnl_primitive_desc;
import org.bytedeco.javacpp.Pointer;
import org.jspecify.annotations.Nullable;
import org.randwire.backend.Binding;
import org.randwire.backend.Call;
import org.randwire.backend.Kernel;
import org.randwire.op.Value;
import org.randwire.tensor.DataType;

/**
 * Gradient of a convolution's filter, and of the bias of a linear layer: a first region computes
 * one partial gradient per chunk of the batch, a second adds the partials in a fixed order, so that
 * the sum does not depend on the workers.
 */
final class OneDnnFilterGradient implements Kernel {
  /** More partials balance better but are written and read once more each. */
  private static final int MOST_PARTIALS = 8;

  private static final long MOST_PARTIAL_BYTES = 16 << 20;

  /** Floats one task adds up; the sum and a partial fit into the second-level cache. */
  private static final int SLICE = 16 << 10;

  private final String name;
  private final ConvolutionProblem problem;
  private final Value filterGradient;
  private final @Nullable Value biasGradient;

  /** Units of each partial; the last may have fewer. */
  private final int chunk;

  private final int partials;
  private final long workerBytes;

  OneDnnFilterGradient(
      String name, ConvolutionProblem problem, Value filterGradient, @Nullable Value biasGradient) {
    this.name = name;
    this.problem = problem;
    this.filterGradient = filterGradient;
    this.biasGradient = biasGradient;
    long affordable = MOST_PARTIAL_BYTES / filterGradient.sizeBytes();
    this.chunk = problem.chunk((int) Math.max(2, Math.min(MOST_PARTIALS, affordable)));
    this.partials = Math.floorDiv(problem.units() - 1, chunk) + 1;
    // Built once to learn the sizes; oneDNN keeps the code, so that binding finds it ready.
    try (OneDnnScope scope = new OneDnnScope()) {
      long most = 0;
      for (int units : chunks()) {
        most = Math.max(most, part(scope, units, 0).workerBytes());
      }
      this.workerBytes = most;
    }
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public int regions() {
    return partials > 1 ? 2 : 1;
  }

  @Override
  public long scratchBytes() {
    return partials > 1 ? partials * partialBytes() : 0;
  }

  @Override
  public long workerScratchBytes() {
    return workerBytes;
  }

  @Override
  public List<Call> bind(Binding binding) {
    Call partial = new Partial(binding);
    try {
      return partials > 1 ? List.of(partial, new Total(binding)) : List.of(partial);
    } catch (RuntimeException e) {
      partial.close();
      throw e;
    }
  }

  /** Floats of the bias' gradient that are computed. */
  private int biasElements() {
    return biasGradient == null ? 0 : problem.output().channels();
  }

  private long filterBytes() {
    return OneDnn.align(filterGradient.sizeBytes());
  }

  private long partialBytes() {
    return filterBytes() + OneDnn.align((long) biasElements() * Float.BYTES);
  }

  /** The sizes of tasks: all alike, or all but the last. */
  private List<Integer> chunks() {
    int last = problem.units() % chunk;
    return last == 0 ? List.of(chunk) : List.of(chunk, last);
  }

  private FilterGradientPart part(OneDnnScope scope, int units, int workers) {
    return biasGradient == null && problem.crossed()
        ? new CrossCorrelation(scope, problem, units, workers)
        : new Direct(scope, units, workers);
  }

  /** oneDNN's own primitive. */
  private final class Direct implements FilterGradientPart {
    final OneDnnPrimitive compute;
    final Staging input;
    final Staging output;
    private final NativeAddress[] targets;

    /** From oneDNN's layout to that of the parameters; none where they agree. */
    private final @Nullable OneDnnPrimitive unpack;

    private final long packedBytes;
    private final long[] packed;

    Direct(OneDnnScope scope, int units, int workers) {
      dnnl_primitive_desc descriptor = describe(scope, units);
      compute =
          biasGradient == null
              ? scope.primitive(
                  descriptor, workers, DNNL_ARG_SRC, DNNL_ARG_DIFF_DST, DNNL_ARG_DIFF_WEIGHTS)
              : scope.primitive(
                  descriptor,
                  workers,
                  DNNL_ARG_SRC,
                  DNNL_ARG_DIFF_DST,
                  DNNL_ARG_DIFF_WEIGHTS,
                  DNNL_ARG_DIFF_BIAS);
      input = Staging.load(scope, problem, problem.input(), units, workers);
      output = Staging.load(scope, problem, problem.output(), units, workers);
      dnnl_memory_desc chosen = OneDnnScope.argument(descriptor, DNNL_ARG_DIFF_WEIGHTS);
      dnnl_memory_desc plain = problem.storedFilter(scope);
      packed = new long[workers];
      targets = new NativeAddress[workers];
      for (int worker = 0; worker < workers; worker++) {
        targets[worker] = new NativeAddress();
      }
      if (OneDnnScope.same(chosen, plain)) {
        unpack = null;
        packedBytes = 0;
      } else {
        unpack =
            scope.primitive(
                scope.describeReorder(chosen, plain), workers, DNNL_ARG_FROM, DNNL_ARG_TO);
        packedBytes = OneDnnScope.sizeBytes(chosen);
      }
    }

    private dnnl_primitive_desc describe(OneDnnScope scope, int units) {
      dnnl_memory_desc in = problem.computed(scope, problem.input(), units);
      dnnl_memory_desc out = problem.computed(scope, problem.output(), units);
      dnnl_memory_desc weights = problem.anyFilter(scope, DataType.FLOAT32);
      dnnl_memory_desc shift = biasGradient == null ? null : problem.bias(scope);
      return scope.describe(
          "convolution_backward_weights_primitive_desc_create",
          (descriptor, engine, attributes) ->
              dnnl_convolution_backward_weights_primitive_desc_create(
                  descriptor,
                  engine,
                  dnnl_convolution_direct,
                  in,
                  weights,
                  shift,
                  out,
                  problem.strides(),
                  problem.dilations(),
                  problem.padding(),
                  problem.padding(),
                  null,
                  attributes));
    }

    /** The scratchpads of the primitive and of unpacking are never needed at once. */
    private long scratchpadBytes() {
      return OneDnn.align(
          Math.max(compute.scratchpadBytes(), unpack == null ? 0 : unpack.scratchpadBytes()));
    }

    @Override
    public long workerBytes() {
      return scratchpadBytes()
          + OneDnn.align(input.bytes())
          + OneDnn.align(output.bytes())
          + OneDnn.align(packedBytes);
    }

    @Override
    public void useWorkerScratch(int worker, long address) {
      compute.scratchpad(worker, address);
      long next = address + scratchpadBytes();
      input.use(worker, next);
      next += OneDnn.align(input.bytes());
      output.use(worker, next);
      packed[worker] = next + OneDnn.align(output.bytes());
      if (unpack != null) {
        unpack.scratchpad(worker, address);
      }
    }

    @Override
    public void run(int worker, long inputAddress, long outputAddress, long filter, long bias) {
      compute.set(worker, 0, input.before(worker, inputAddress));
      compute.set(worker, 1, output.before(worker, outputAddress));
      compute.set(worker, 2, unpack == null ? filter : packed[worker]);
      if (biasGradient != null) {
        compute.set(worker, 3, bias);
      }
      compute.execute(worker);
      if (unpack != null) {
        if (problem.filterPadded()) {
          Pointer.memset(targets[worker].set(filter, 0), 0, filterGradient.sizeBytes());
        }
        unpack.set(worker, 0, packed[worker]);
        unpack.set(worker, 1, filter);
        unpack.execute(worker);
      }
    }
  }

  /** Region 0: one partial gradient a task; the gradient itself if there is only one. */
  private final class Partial implements Call {
    private final OneDnnScope scope = new OneDnnScope();
    private final FilterGradientPart full;
    private final FilterGradientPart last;
    private final long inputAddress;
    private final long outputAddress;
    private final long filterAddress;
    private final long biasAddress;

    Partial(Binding binding) {
      try {
        List<FilterGradientPart> parts = new ArrayList<>();
        for (int units : chunks()) {
          parts.add(part(scope, units, binding.workers()));
        }
        full = parts.get(0);
        last = parts.get(parts.size() - 1);
        if (workerBytes > 0) {
          for (int worker = 0; worker < binding.workers(); worker++) {
            full.useWorkerScratch(worker, OneDnn.address(binding.workerScratch(worker)));
            last.useWorkerScratch(worker, OneDnn.address(binding.workerScratch(worker)));
          }
        }
        inputAddress = OneDnn.address(binding.slice(problem.input().value()));
        outputAddress = OneDnn.address(binding.slice(problem.output().value()));
        filterAddress =
            OneDnn.address(partials > 1 ? binding.scratch() : binding.slice(filterGradient));
        if (partials > 1) {
          biasAddress = filterAddress + filterBytes();
        } else {
          biasAddress = biasGradient == null ? 0 : OneDnn.address(binding.slice(biasGradient));
        }
      } catch (RuntimeException e) {
        scope.close();
        throw e;
      }
    }

    @Override
    public int tasks() {
      return partials;
    }

    @Override
    public void run(int task, int worker) {
      long first = (long) task * chunk;
      (task < partials - 1 ? full : last)
          .run(
              worker,
              inputAddress + first * problem.input().unitBytes(),
              outputAddress + first * problem.output().unitBytes(),
              filterAddress + task * partialBytes(),
              biasAddress + task * partialBytes());
    }

    @Override
    public void close() {
      scope.close();
    }
  }

  /** Region 1: the sum of all partials, a slice of the filter or the bias a task. */
  private final class Total implements Call {
    private final OneDnnScope scope = new OneDnnScope();
    private final List<Slice> slices = new ArrayList<>();
    private final long partialAddress;

    /** Some floats at an offset of each partial, and where their sum goes. */
    private record Slice(OneDnnPrimitive add, long offset, long target) {}

    Total(Binding binding) {
      try {
        partialAddress = OneDnn.address(binding.scratch());
        slice(binding, 0, filterGradient.elements(), filterGradient);
        if (biasGradient != null) {
          slice(binding, filterBytes(), biasElements(), biasGradient);
        }
      } catch (RuntimeException e) {
        scope.close();
        throw e;
      }
    }

    private void slice(Binding binding, long offset, long elements, Value gradient) {
      long target = OneDnn.address(binding.slice(gradient));
      OneDnnPrimitive whole = elements < SLICE ? null : scope.addition(SLICE, binding.workers());
      for (long first = 0; first < elements; first += SLICE) {
        boolean full = elements - first >= SLICE;
        slices.add(
            new Slice(
                full && whole != null ? whole : scope.addition(elements - first, binding.workers()),
                offset + first * Float.BYTES,
                target + first * Float.BYTES));
      }
    }

    @Override
    public int tasks() {
      return slices.size();
    }

    @Override
    public void run(int task, int worker) {
      Slice slice = slices.get(task);
      long partial = partialAddress + slice.offset();
      slice.add().set(worker, 0, partial);
      slice.add().set(worker, 2, slice.target());
      for (int i = 1; i < partials; i++) {
        slice.add().set(worker, 1, partial + i * partialBytes());
        slice.add().execute(worker);
        slice.add().set(worker, 0, slice.target());
      }
    }

    @Override
    public void close() {
      scope.close();
    }
  }
}
