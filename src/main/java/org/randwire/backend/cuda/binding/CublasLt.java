// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cuda.binding;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.ToIntFunction;
import org.bytedeco.cuda.cublas.cublasLtContext;
import org.bytedeco.cuda.cublas.cublasLtMatmulDescOpaque_t;
import org.bytedeco.cuda.cublas.cublasLtMatmulHeuristicResult_t;
import org.bytedeco.cuda.cublas.cublasLtMatmulPreferenceOpaque_t;
import org.bytedeco.cuda.cublas.cublasLtMatrixLayoutOpaque_t;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.cuda.global.cublas;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerPointer;

/**
 * Pointwise convolutions as matrix products of cuBLASLt. Its matrices go by columns: a tensor of P
 * pixels and C channels is C x P, a filter [O][I] is I x O.
 */
final class CublasLt implements VendorLibrary {

  static final String NAME = "cublaslt";

  private static final int MOST_ALGORITHMS = 8;

  /** Sums of parts in workspace, in a fixed order; in place they would come as they are ready. */
  private static final int REDUCTIONS =
      cublas.CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE | cublas.CUBLASLT_REDUCTION_SCHEME_OUTPUT_TYPE;

  /** Of every tensor of a plan. */
  private static final int ALIGNMENT = 64;

  private final cublasLtContext handle = new cublasLtContext();
  private final CUstream_st stream;
  private final FloatPointer one = new FloatPointer(1f);
  private final FloatPointer zero = new FloatPointer(0f);

  CublasLt(CUstream_st stream) {
    this.stream = stream;
    check(cublas.cublasLtCreate(handle), "cublasLtCreate");
  }

  @Override
  public String description() {
    return "cuBLASLt " + cublas.cublasLtGetVersion();
  }

  @Override
  public List<Algorithm> algorithms(LibraryProblem problem) {
    if (problem instanceof LibraryProblem.Convolution convolution
        && convolution.isMatrixProduct()) {
      try (Product product = new Product(convolution)) {
        return product.algorithms();
      }
    }
    return List.of();
  }

  @Override
  public Operation prepare(LibraryProblem problem, Algorithm algorithm) {
    return new Product((LibraryProblem.Convolution) problem);
  }

  @Override
  public void close() {
    cublas.cublasLtDestroy(handle);
    one.close();
    zero.close();
  }

  private static void check(int status, String what) {
    if (status != 0) {
      throw new IllegalStateException(
          what + " failed: " + cublas.cublasLtGetStatusString(status).getString());
    }
  }

  /** A product with the algorithms that the library has for it, always in the same order. */
  private final class Product implements Operation {
    private final LibraryProblem.Convolution problem;
    private final Deque<Runnable> closing = new ArrayDeque<>();
    private final cublasLtMatmulDescOpaque_t product;
    private final cublasLtMatrixLayoutOpaque_t left;
    private final cublasLtMatrixLayoutOpaque_t right;
    private final cublasLtMatrixLayoutOpaque_t result;
    private final cublasLtMatmulHeuristicResult_t found =
        new cublasLtMatmulHeuristicResult_t(MOST_ALGORITHMS);
    private final int[] count = new int[1];

    Product(LibraryProblem.Convolution problem) {
      this.problem = problem;
      closing.push(found::close);
      int inputs = problem.x().channels();
      int outputs = problem.y().channels();
      long pixels = (long) problem.x().batch() * problem.x().pixels();
      try {
        product =
            new cublasLtMatmulDescOpaque_t(
                made(
                    holder ->
                        cublas.cublasLtMatmulDescCreate(
                            holder, cublas.CUBLAS_COMPUTE_32F, cudart.CUDA_R_32F)));
        closing.push(() -> cublas.cublasLtMatmulDescDestroy(product));
        switch (problem.pass()) {
          case FORWARD -> { // y = filter^T x
            transpose(cublas.CUBLASLT_MATMUL_DESC_TRANSA);
            left = layout(inputs, outputs);
            right = layout(inputs, pixels);
            result = layout(outputs, pixels);
          }
          case INPUT_GRADIENT -> { // dx = filter dy
            left = layout(inputs, outputs);
            right = layout(outputs, pixels);
            result = layout(inputs, pixels);
          }
          case FILTER_GRADIENT -> { // dfilter = x dy^T
            transpose(cublas.CUBLASLT_MATMUL_DESC_TRANSB);
            left = layout(inputs, pixels);
            right = layout(outputs, pixels);
            result = layout(inputs, outputs);
          }
          default -> throw new IllegalStateException(problem.toString());
        }
        find();
      } catch (RuntimeException | Error e) {
        close();
        throw e;
      }
    }

    private void transpose(int which) {
      try (IntPointer transposed = new IntPointer(new int[] {cublas.CUBLAS_OP_T})) {
        check(
            cublas.cublasLtMatmulDescSetAttribute(product, which, transposed, Integer.BYTES),
            "cublasLtMatmulDescSetAttribute");
      }
    }

    private cublasLtMatrixLayoutOpaque_t layout(long rows, long columns) {
      int type = problem.bfloat16() ? cudart.CUDA_R_16BF : cudart.CUDA_R_32F;
      var layout =
          new cublasLtMatrixLayoutOpaque_t(
              made(holder -> cublas.cublasLtMatrixLayoutCreate(holder, type, rows, columns, rows)));
      closing.push(() -> cublas.cublasLtMatrixLayoutDestroy(layout));
      return layout;
    }

    private void find() {
      var preference =
          new cublasLtMatmulPreferenceOpaque_t(made(cublas::cublasLtMatmulPreferenceCreate));
      try (LongPointer workspace = new LongPointer(new long[] {MOST_WORKSPACE_BYTES});
          IntPointer reductions = new IntPointer(new int[] {REDUCTIONS});
          IntPointer alignment = new IntPointer(new int[] {ALIGNMENT})) {
        prefer(preference, cublas.CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, workspace, Long.BYTES);
        prefer(
            preference,
            cublas.CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK,
            reductions,
            Integer.BYTES);
        for (int which :
            new int[] {
              cublas.CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES,
              cublas.CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES,
              cublas.CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES,
              cublas.CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES
            }) {
          prefer(preference, which, alignment, Integer.BYTES);
        }
        int status =
            cublas.cublasLtMatmulAlgoGetHeuristic(
                handle,
                product,
                left,
                right,
                result,
                result,
                preference,
                MOST_ALGORITHMS,
                found,
                count);
        if (status != 0) {
          count[0] = 0; // It has none for this problem.
        }
      } finally {
        cublas.cublasLtMatmulPreferenceDestroy(preference);
      }
    }

    private void prefer(
        cublasLtMatmulPreferenceOpaque_t preference, int which, Pointer value, long bytes) {
      check(
          cublas.cublasLtMatmulPreferenceSetAttribute(preference, which, value, bytes),
          "cublasLtMatmulPreferenceSetAttribute");
    }

    List<Algorithm> algorithms() {
      List<Algorithm> usable = new ArrayList<>();
      for (int i = 0; i < count[0]; i++) {
        var one = found.getPointer(i);
        if (one.state() == 0 && one.workspaceSize() <= MOST_WORKSPACE_BYTES) {
          usable.add(new Algorithm(NAME, i, 0, one.workspaceSize()));
        }
      }
      return usable;
    }

    @Override
    public void run(Device.LibraryCall call) {
      boolean filterGradient = problem.pass() == LibraryProblem.Pass.FILTER_GRADIENT;
      var a = new DevicePointer(filterGradient ? call.first() : call.second());
      var b = new DevicePointer(filterGradient ? call.second() : call.first());
      var d = new DevicePointer(call.result());
      check(
          cublas.cublasLtMatmul(
              handle,
              product,
              one,
              a,
              left,
              b,
              right,
              zero,
              d,
              result,
              d,
              result,
              found.getPointer(call.algorithm().number()).algo(),
              new DevicePointer(call.workspace()),
              call.algorithm().workspaceBytes(),
              stream),
          "cuBLASLt's " + problem);
    }

    @Override
    public void close() {
      while (!closing.isEmpty()) {
        closing.pop().run();
      }
    }
  }

  /** What the library makes itself: sizes of its structs differ between releases. */
  private static Pointer made(ToIntFunction<PointerPointer<Pointer>> create) {
    try (PointerPointer<Pointer> holder = new PointerPointer<>(1)) {
      check(create.applyAsInt(holder), "cuBLASLt");
      return holder.get(0);
    }
  }
}
