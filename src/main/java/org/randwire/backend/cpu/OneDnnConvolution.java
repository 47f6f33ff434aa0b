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

/**
 * Convolution or its input gradient: one activation and a filter to another activation. A first
 * region copies the filter into the layout oneDNN chose, a second computes chunks of the batch.
 * Scratch memory holds the mirrored filter, if there is one, and then the filter of each part.
 */
final class OneDnnConvolution implements Kernel {
  private static final int TASKS = 16;

  private final String name;
  private final ConvolutionProblem problem;
  private final boolean forward;

  /** Whether an input gradient is computed as a convolution with the mirrored filter. */
  private final boolean mirrored;

  private final Value filter;
  private final @Nullable Value bias;

  /** Units of each task; the last may have fewer. */
  private final int chunk;

  private final boolean packed;
  private final long packedBytes;
  private final long workerBytes;

  private OneDnnConvolution(
      String name,
      ConvolutionProblem problem,
      boolean forward,
      Value filter,
      @Nullable Value bias) {
    this.name = name;
    this.problem = problem;
    this.forward = forward;
    this.mirrored = !forward && problem.mirrored();
    this.filter = filter;
    this.bias = bias;
    this.chunk = problem.chunk(TASKS);
    // Built once to learn the sizes; oneDNN keeps the code, so that binding finds it ready.
    boolean packs = mirrored;
    long packedTotal = mirrored ? OneDnn.align(filter.sizeBytes()) : 0;
    long workerMost = 0;
    try (OneDnnScope scope = new OneDnnScope()) {
      for (int units : chunks()) {
        Chunk part = new Chunk(scope, units, 0);
        packs |= !OneDnnScope.same(part.filterLayout, problem.storedFilter(scope));
        packedTotal += OneDnn.align(OneDnnScope.sizeBytes(part.filterLayout));
        long packing = packing(scope, part, 0).scratchpadBytes();
        workerMost = Math.max(workerMost, Math.max(part.workerBytes(), packing));
      }
    }
    this.packed = packs;
    this.packedBytes = packedTotal;
    this.workerBytes = workerMost;
  }

  /** (input, filter[, bias]) to output. */
  static OneDnnConvolution forward(
      String name, ConvolutionProblem problem, Value filter, @Nullable Value bias) {
    return new OneDnnConvolution(name, problem, true, filter, bias);
  }

  /** (output's gradient, filter) to input's gradient. */
  static OneDnnConvolution inputGradient(String name, ConvolutionProblem problem, Value filter) {
    return new OneDnnConvolution(name, problem, false, filter, null);
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public int regions() {
    return packed ? 2 : 1;
  }

  @Override
  public long scratchBytes() {
    return packed ? packedBytes : 0;
  }

  @Override
  public long workerScratchBytes() {
    return workerBytes;
  }

  @Override
  public List<Call> bind(Binding binding) {
    List<Call> calls = new ArrayList<>();
    OneDnnScope scope = new OneDnnScope();
    try {
      List<Chunk> parts = new ArrayList<>();
      for (int units : chunks()) {
        parts.add(new Chunk(scope, units, binding.workers()));
      }
      if (packed) {
        calls.add(new Pack(binding, parts));
      }
      calls.add(new Compute(binding, scope, parts));
      return calls;
    } catch (RuntimeException e) {
      calls.forEach(Call::close);
      scope.close();
      throw e;
    }
  }

  /** The sizes of tasks: all alike, or all but the last. */
  private List<Integer> chunks() {
    int last = problem.units() % chunk;
    return last == 0 ? List.of(chunk) : List.of(chunk, last);
  }

  /** The copy of the filter into the layout of a part. */
  private OneDnnPrimitive packing(OneDnnScope scope, Chunk part, int workers) {
    return scope.primitive(
        scope.describeReorder(problem.storedFilter(scope), part.filterLayout),
        workers,
        DNNL_ARG_FROM,
        DNNL_ARG_TO);
  }

  private ConvolutionProblem.Operand source() {
    return forward ? problem.input() : problem.output();
  }

  private ConvolutionProblem.Operand target() {
    return forward ? problem.output() : problem.input();
  }

  /** Where the filter of the first part lies. */
  private long packedAddress(Binding binding) {
    return OneDnn.address(binding.scratch()) + (mirrored ? OneDnn.align(filter.sizeBytes()) : 0);
  }

  /** What computes one task's units. */
  private final class Chunk {
    final OneDnnPrimitive compute;
    final Staging source;
    final Staging target;
    final dnnl_memory_desc filterLayout;

    Chunk(OneDnnScope scope, int units, int workers) {
      dnnl_primitive_desc descriptor =
          forward
              ? forward(scope, units)
              : mirrored ? mirrored(scope, units) : backward(scope, units);
      filterLayout = OneDnnScope.argument(descriptor, DNNL_ARG_WEIGHTS);
      if (!forward && !mirrored) {
        compute =
            scope.primitive(
                descriptor, workers, DNNL_ARG_DIFF_DST, DNNL_ARG_DIFF_SRC, DNNL_ARG_WEIGHTS);
      } else if (bias == null) {
        compute =
            scope.primitive(descriptor, workers, DNNL_ARG_SRC, DNNL_ARG_DST, DNNL_ARG_WEIGHTS);
      } else {
        compute =
            scope.primitive(
                descriptor, workers, DNNL_ARG_SRC, DNNL_ARG_DST, DNNL_ARG_WEIGHTS, DNNL_ARG_BIAS);
      }
      source =
          mirrored
              ? Staging.loadSpread(scope, problem, units, workers)
              : Staging.load(scope, problem, source(), units, workers);
      target = Staging.store(scope, problem, target(), units, workers);
    }

    private dnnl_primitive_desc forward(OneDnnScope scope, int units) {
      return forward(
          scope,
          problem.computed(scope, problem.input(), units),
          problem.computed(scope, problem.output(), units),
          problem.strides(),
          problem.padding(),
          problem.padding());
    }

    private dnnl_primitive_desc mirrored(OneDnnScope scope, int units) {
      return forward(
          scope,
          problem.spread(scope, units),
          problem.computed(scope, problem.input(), units),
          new long[] {1, 1},
          problem.mirroredPadding(),
          problem.mirroredPaddingAfter());
    }

    private dnnl_primitive_desc forward(
        OneDnnScope scope,
        dnnl_memory_desc in,
        dnnl_memory_desc out,
        long[] strides,
        long[] paddingBefore,
        long[] paddingAfter) {
      dnnl_memory_desc weights = problem.anyFilter(scope, problem.output().type());
      dnnl_memory_desc shift = bias == null ? null : problem.bias(scope);
      return scope.describe(
          "convolution_forward_primitive_desc_create",
          (descriptor, engine, attributes) ->
              dnnl_convolution_forward_primitive_desc_create(
                  descriptor,
                  engine,
                  dnnl_forward_training,
                  dnnl_convolution_direct,
                  in,
                  weights,
                  shift,
                  out,
                  strides,
                  problem.dilations(),
                  paddingBefore,
                  paddingAfter,
                  attributes));
    }

    private dnnl_primitive_desc backward(OneDnnScope scope, int units) {
      dnnl_memory_desc in = problem.computed(scope, problem.input(), units);
      dnnl_memory_desc out = problem.computed(scope, problem.output(), units);
      dnnl_memory_desc weights = problem.anyFilter(scope, problem.output().type());
      return scope.describe(
          "convolution_backward_data_primitive_desc_create",
          (descriptor, engine, attributes) ->
              dnnl_convolution_backward_data_primitive_desc_create(
                  descriptor,
                  engine,
                  dnnl_convolution_direct,
                  in,
                  weights,
                  out,
                  problem.strides(),
                  problem.dilations(),
                  problem.padding(),
                  problem.padding(),
                  null,
                  attributes));
    }

    long workerBytes() {
      return OneDnn.align(compute.scratchpadBytes())
          + OneDnn.align(source.bytes())
          + OneDnn.align(target.bytes());
    }

    void useWorkerScratch(int worker, long address) {
      compute.scratchpad(worker, address);
      long staging = address + OneDnn.align(compute.scratchpadBytes());
      source.use(worker, staging);
      target.use(worker, staging + OneDnn.align(source.bytes()));
    }
  }

  /** Region 0: the filter in each part's layout, one task a part. */
  private final class Pack implements Call {
    private final OneDnnScope scope = new OneDnnScope();
    private final List<OneDnnPrimitive> reorders = new ArrayList<>();
    private final NativeAddress from = new NativeAddress();
    private final NativeAddress to = new NativeAddress();
    private final long filterAddress;
    private final long mirrorAddress;

    Pack(Binding binding, List<Chunk> parts) {
      try {
        filterAddress = OneDnn.address(binding.slice(filter));
        mirrorAddress = OneDnn.address(binding.scratch());
        long packedFilter = packedAddress(binding);
        for (Chunk part : parts) {
          OneDnnPrimitive reorder = packing(scope, part, binding.workers());
          for (int worker = 0; worker < binding.workers(); worker++) {
            if (reorder.scratchpadBytes() > 0) {
              reorder.scratchpad(worker, OneDnn.address(binding.workerScratch(worker)));
            }
            reorder.set(worker, 0, mirrored ? mirrorAddress : filterAddress);
            reorder.set(worker, 1, packedFilter);
          }
          reorders.add(reorder);
          packedFilter += OneDnn.align(OneDnnScope.sizeBytes(part.filterLayout));
        }
      } catch (RuntimeException e) {
        scope.close();
        throw e;
      }
    }

    /** One task for all parts that share a mirrored filter. */
    @Override
    public int tasks() {
      return mirrored ? 1 : reorders.size();
    }

    @Override
    public void run(int task, int worker) {
      if (!mirrored) {
        reorders.get(task).execute(worker);
        return;
      }
      mirror();
      for (int i = 0; i < reorders.size(); i++) {
        reorders.get(i).execute(worker);
      }
    }

    /** Copies the taps in reverse order. */
    private void mirror() {
      int taps = filter.shape().pixels();
      long tapBytes = filter.sizeBytes() / taps;
      for (int tap = 0; tap < taps; tap++) {
        Pointer.memcpy(
            to.set(mirrorAddress + tap * tapBytes, tapBytes),
            from.set(filterAddress + (taps - 1 - tap) * tapBytes, tapBytes),
            tapBytes);
      }
    }

    @Override
    public void close() {
      scope.close();
    }
  }

  /** Region 1: the chunks of the batch. */
  private final class Compute implements Call {
    private final OneDnnScope scope;
    private final Chunk full;
    private final Chunk last;
    private final int tasks;
    private final long sourceAddress;
    private final long targetAddress;

    Compute(Binding binding, OneDnnScope scope, List<Chunk> parts) {
      this.scope = scope;
      full = parts.get(0);
      last = parts.get(parts.size() - 1);
      tasks = Math.floorDiv(problem.units() - 1, chunk) + 1;
      sourceAddress = OneDnn.address(binding.slice(source().value()));
      targetAddress = OneDnn.address(binding.slice(target().value()));
      long filterAddress = packed ? packedAddress(binding) : OneDnn.address(binding.slice(filter));
      for (Chunk part : parts) {
        for (int worker = 0; worker < binding.workers(); worker++) {
          if (workerBytes > 0) {
            part.useWorkerScratch(worker, OneDnn.address(binding.workerScratch(worker)));
          }
          part.compute.set(worker, 2, filterAddress);
          if (bias != null) {
            part.compute.set(worker, 3, OneDnn.address(binding.slice(bias)));
          }
        }
        if (packed) {
          filterAddress += OneDnn.align(OneDnnScope.sizeBytes(part.filterLayout));
        }
      }
    }

    @Override
    public int tasks() {
      return tasks;
    }

    @Override
    public void run(int task, int worker) {
      Chunk part = task < tasks - 1 ? full : last;
      long first = (long) task * chunk;
      long target = targetAddress + first * target().unitBytes();
      part.compute.set(
          worker, 0, part.source.before(worker, sourceAddress + first * source().unitBytes()));
      part.compute.set(worker, 1, part.target.computed(worker, target));
      part.compute.execute(worker);
      part.target.after(worker, target);
    }

    @Override
    public void close() {
      scope.close();
    }
  }
}
