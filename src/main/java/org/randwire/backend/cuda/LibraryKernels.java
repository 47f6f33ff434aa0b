// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cuda;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.randwire.backend.KernelCatalog;
import org.randwire.backend.cuda.binding.Algorithm;
import org.randwire.backend.cuda.binding.Device;
import org.randwire.backend.cuda.binding.LibraryProblem;
import org.randwire.backend.cuda.binding.LibraryProblem.Pass;
import org.randwire.op.AveragePool;
import org.randwire.op.Convolution;
import org.randwire.op.Instruction;
import org.randwire.op.MaxPool;
import org.randwire.op.Primitive;
import org.randwire.op.Value;
import org.randwire.op.Window;
import org.randwire.tensor.DataType;
import org.randwire.tensor.TensorShape;

/**
 * Convolutions and pooling of cuDNN and cuBLASLt. Where a library has algorithms for an
 * instruction, they and our own kernel are tried and the fastest is taken.
 */
final class LibraryKernels {

  private final CudaKernel.Factory factory;
  private final Tuning tuning;
  private final Map<LibraryProblem, List<Algorithm>> found = new HashMap<>();

  private LibraryKernels(CudaKernel.Factory factory, Tuning tuning) {
    this.factory = factory;
    this.tuning = tuning;
  }

  static void addTo(KernelCatalog.Builder catalog, CudaKernel.Factory factory, Tuning tuning) {
    LibraryKernels k = new LibraryKernels(factory, tuning);
    KernelCatalog.Builder own = new KernelCatalog.Builder();
    ConvolutionKernels.addTo(own, factory);
    PoolKernels.addTo(own, factory);
    KernelCatalog ours = own.build();
    k.add(catalog, ours, Convolution.class, k::forward);
    k.add(catalog, ours, Convolution.InputGradient.class, k::inputGradient);
    k.add(catalog, ours, Convolution.FilterGradient.class, k::filterGradient);
    k.add(catalog, ours, MaxPool.class, i -> k.pooling(i, ((MaxPool) i.primitive()).window(), 2));
    k.add(
        catalog,
        ours,
        AveragePool.class,
        i -> k.pooling(i, ((AveragePool) i.primitive()).window(), 0));
    k.add(
        catalog,
        ours,
        AveragePool.Gradient.class,
        i -> k.pooling(i, ((AveragePool.Gradient) i.primitive()).window(), 1));
  }

  private void add(
      KernelCatalog.Builder catalog,
      KernelCatalog ours,
      Class<? extends Primitive> primitive,
      Function<Instruction, Optional<LibraryProblem>> problem) {
    catalog.add(
        "library",
        primitive,
        i -> ours.supports(i) && problem.apply(i).map(p -> !algorithms(p).isEmpty()).orElse(false),
        i -> {
          LibraryProblem stated = problem.apply(i).orElseThrow();
          LinkedHashMap<String, CudaKernel> candidates = new LinkedHashMap<>();
          for (Algorithm algorithm : algorithms(stated)) {
            candidates.put(algorithm.name(), kernel(i, stated, algorithm));
          }
          candidates.put("own", (CudaKernel) ours.choose(i).orElseThrow());
          return tuning.fastest(i, stated, candidates);
        });
  }

  private List<Algorithm> algorithms(LibraryProblem problem) {
    return found.computeIfAbsent(problem, tuning.device()::algorithms);
  }

  // ---- what is asked

  private Optional<LibraryProblem> forward(Instruction i) {
    Convolution convolution = (Convolution) i.primitive();
    return convolution(Pass.FORWARD, convolution, i.input(0), i.output(0));
  }

  private Optional<LibraryProblem> inputGradient(Instruction i) {
    Convolution convolution = ((Convolution.InputGradient) i.primitive()).convolution();
    return convolution(Pass.INPUT_GRADIENT, convolution, i.output(0), i.input(0));
  }

  private Optional<LibraryProblem> filterGradient(Instruction i) {
    Convolution convolution = ((Convolution.FilterGradient) i.primitive()).convolution();
    return convolution(Pass.FILTER_GRADIENT, convolution, i.input(0), i.input(1));
  }

  /** Padding channels are taken along; in groups there is no place for them. */
  private Optional<LibraryProblem> convolution(
      Pass pass, Convolution convolution, Value x, Value y) {
    boolean padded = !stored(x).equals(x.shape()) || !stored(y).equals(y.shape());
    return convolution.groups() > 1 && padded
        ? Optional.empty()
        : Optional.of(
            new LibraryProblem.Convolution(
                pass,
                factory.bfloat16(),
                stored(x),
                stored(y),
                convolution.window(),
                convolution.groups()));
  }

  /**
   * @param kind 0 an average, 1 its gradient, 2 a maximum
   */
  private Optional<LibraryProblem> pooling(Instruction i, Window window, int kind) {
    Value x = kind == 1 ? i.output(0) : i.input(0);
    Value y = kind == 1 ? i.input(0) : i.output(0);
    return Optional.of(
        new LibraryProblem.Pooling(
            kind == 2, kind == 1, factory.bfloat16(), stored(x), stored(y), window));
  }

  private static TensorShape stored(Value value) {
    TensorShape shape = value.shape();
    return new TensorShape(shape.batch(), value.storedChannels(), shape.height(), shape.width());
  }

  // ---- how it is done

  private CudaKernel kernel(Instruction i, LibraryProblem problem, Algorithm algorithm) {
    if (problem instanceof LibraryProblem.Convolution convolution) {
      return convolution.pass() == Pass.FILTER_GRADIENT
          ? filterGradient(i, convolution, algorithm)
          : convolution(i, convolution, algorithm);
    }
    return factory.kernel(
        algorithm.library(),
        i,
        1,
        0,
        o ->
            List.of(
                List.of(
                    call(
                        problem, algorithm, o.address(i.input(0)), 0, o.address(i.output(0)), 0))));
  }

  private static Work call(
      LibraryProblem problem,
      Algorithm algorithm,
      long first,
      long second,
      long result,
      long workspace) {
    return new Work.Library(
        new Device.LibraryCall(problem, algorithm, first, second, result, workspace));
  }

  /** The filter in the library's order and type, then the product. */
  private CudaKernel convolution(
      Instruction i, LibraryProblem.Convolution problem, Algorithm algorithm) {
    Room room = new Room(problem, algorithm);
    return factory.kernel(
        algorithm.library(),
        i,
        2,
        room.bytes(),
        o -> {
          Launch pack = filterOrder("pack_filter", problem, o.address(i.input(1)), room.filter(o));
          Work product =
              call(
                  problem,
                  algorithm,
                  o.address(i.input(0)),
                  room.filter(o),
                  o.address(i.output(0)),
                  room.workspace(o));
          return List.of(List.of(pack), List.of(product));
        });
  }

  private CudaKernel filterGradient(
      Instruction i, LibraryProblem.Convolution problem, Algorithm algorithm) {
    Room room = new Room(problem, algorithm);
    return factory.kernel(
        algorithm.library(),
        i,
        2,
        room.bytes(),
        o -> {
          Work product =
              call(
                  problem,
                  algorithm,
                  o.address(i.input(0)),
                  o.address(i.input(1)),
                  room.filter(o),
                  room.workspace(o));
          Launch unpack =
              filterOrder("unpack_filter", problem, room.filter(o), o.address(i.output(0)));
          return List.of(List.of(product), List.of(unpack));
        });
  }

  /** Between our order of a filter, [taps][I][O] in float, and [O][taps][I] as it is multiplied. */
  private static Launch filterOrder(
      String kernel, LibraryProblem.Convolution problem, long from, long to) {
    int taps = problem.window().height() * problem.window().width();
    int outputs = problem.y().channels();
    return ConvolutionKernels.reorder(
        kernel, from, to, taps, problem.groupInputs(), outputs, ConvolutionKernels.OUTPUTS_FIRST);
  }

  /** Scratch: the workspace, then the filter; the workspace begins at a multiple of its own. */
  private record Room(LibraryProblem.Convolution problem, Algorithm algorithm) {

    long filterOffset() {
      long workspace = algorithm.workspaceBytes();
      return workspace == 0
          ? 0
          : Geometry.ceil(workspace, Algorithm.WORKSPACE_ALIGNMENT) * Algorithm.WORKSPACE_ALIGNMENT
              + Algorithm.WORKSPACE_ALIGNMENT;
    }

    long bytes() {
      long elements =
          (long) problem.window().height()
              * problem.window().width()
              * problem.groupInputs()
              * problem.y().channels();
      int element = (problem.bfloat16() ? DataType.BFLOAT16 : DataType.FLOAT32).sizeBytes();
      return filterOffset() + elements * element;
    }

    long workspace(CudaOperands o) {
      return algorithm.workspaceBytes() == 0
          ? CudaOperands.NOTHING
          : Geometry.ceil(o.scratch(0), Algorithm.WORKSPACE_ALIGNMENT)
              * Algorithm.WORKSPACE_ALIGNMENT;
    }

    long filter(CudaOperands o) {
      return o.scratch(filterOffset());
    }
  }
}
