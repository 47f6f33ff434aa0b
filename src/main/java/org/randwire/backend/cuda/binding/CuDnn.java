// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cuda.binding;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.cuda.cudnn.cudnnContext;
import org.bytedeco.cuda.cudnn.cudnnConvolutionBwdDataAlgoPerf_t;
import org.bytedeco.cuda.cudnn.cudnnConvolutionBwdFilterAlgoPerf_t;
import org.bytedeco.cuda.cudnn.cudnnConvolutionFwdAlgoPerf_t;
import org.bytedeco.cuda.cudnn.cudnnConvolutionStruct;
import org.bytedeco.cuda.cudnn.cudnnFilterStruct;
import org.bytedeco.cuda.cudnn.cudnnPoolingStruct;
import org.bytedeco.cuda.cudnn.cudnnTensorStruct;
import org.bytedeco.cuda.global.cudnn;
import org.bytedeco.javacpp.FloatPointer;
import org.randwire.op.Window;
import org.randwire.tensor.TensorShape;

/**
 * Convolutions and pooling of cuDNN by its calls of version 7: with fixed types and no fusion they
 * reach the same kernels as its graphs, by a tenth of the calls.
 */
final class CuDnn implements VendorLibrary {

  static final String NAME = "cudnn";

  private static final int MOST_ALGORITHMS = 10;

  private final cudnnContext handle = new cudnnContext();
  private final FloatPointer one = new FloatPointer(1f);
  private final FloatPointer zero = new FloatPointer(0f);

  CuDnn(CUstream_st stream) {
    check(cudnn.cudnnCreate(handle), "cudnnCreate");
    check(cudnn.cudnnSetStream(handle, stream), "cudnnSetStream");
  }

  @Override
  public String description() {
    return "cuDNN " + cudnn.cudnnGetVersion();
  }

  @Override
  public List<Algorithm> algorithms(LibraryProblem problem) {
    if (problem instanceof LibraryProblem.Convolution convolution) {
      try (Convolution operation = new Convolution(convolution, cudnn.CUDNN_DEFAULT_MATH)) {
        return operation.algorithms();
      }
    }
    Window window = ((LibraryProblem.Pooling) problem).window();
    return window.dilation() == 1 ? List.of(new Algorithm(NAME, 0, 0, 0)) : List.of();
  }

  @Override
  public Operation prepare(LibraryProblem problem, Algorithm algorithm) {
    if (problem instanceof LibraryProblem.Convolution convolution) {
      Convolution operation = new Convolution(convolution, algorithm.math());
      operation.algorithm = algorithm.number();
      return operation;
    }
    return new Pooling((LibraryProblem.Pooling) problem);
  }

  @Override
  public void close() {
    cudnn.cudnnDestroy(handle);
    one.close();
    zero.close();
  }

  static void check(int status, String what) {
    if (status != cudnn.CUDNN_STATUS_SUCCESS) {
      throw new IllegalStateException(
          what + " failed: " + cudnn.cudnnGetErrorString(status).getString());
    }
  }

  private static int type(boolean bfloat16) {
    return bfloat16 ? cudnn.CUDNN_DATA_BFLOAT16 : cudnn.CUDNN_DATA_FLOAT;
  }

  private static void describe(cudnnTensorStruct tensor, TensorShape shape, boolean bfloat16) {
    check(cudnn.cudnnCreateTensorDescriptor(tensor), "cudnnCreateTensorDescriptor");
    check(
        cudnn.cudnnSetTensor4dDescriptor(
            tensor,
            cudnn.CUDNN_TENSOR_NHWC,
            type(bfloat16),
            shape.batch(),
            shape.channels(),
            shape.height(),
            shape.width()),
        "cudnnSetTensor4dDescriptor");
  }

  private static DevicePointer at(long address) {
    return new DevicePointer(address);
  }

  // ---- convolution

  private final class Convolution implements Operation {
    private final LibraryProblem.Convolution problem;
    private final cudnnTensorStruct x = new cudnnTensorStruct();
    private final cudnnTensorStruct y = new cudnnTensorStruct();
    private final cudnnFilterStruct filter = new cudnnFilterStruct();
    private final cudnnConvolutionStruct convolution = new cudnnConvolutionStruct();
    private int algorithm;

    /** What {@code math} is matters once an algorithm is known; the first is to ask for them. */
    Convolution(LibraryProblem.Convolution problem, int math) {
      this.problem = problem;
      try {
        describe(math);
        requireShape();
      } catch (RuntimeException | Error e) {
        close();
        throw e;
      }
    }

    private void describe(int math) {
      CuDnn.describe(x, problem.x(), problem.bfloat16());
      CuDnn.describe(y, problem.y(), problem.bfloat16());
      Window window = problem.window();
      check(cudnn.cudnnCreateFilterDescriptor(filter), "cudnnCreateFilterDescriptor");
      check(
          cudnn.cudnnSetFilter4dDescriptor(
              filter,
              type(problem.bfloat16()),
              cudnn.CUDNN_TENSOR_NHWC,
              problem.y().channels(),
              problem.groupInputs(),
              window.height(),
              window.width()),
          "cudnnSetFilter4dDescriptor");
      check(
          cudnn.cudnnCreateConvolutionDescriptor(convolution), "cudnnCreateConvolutionDescriptor");
      check(
          cudnn.cudnnSetConvolution2dDescriptor(
              convolution,
              window.paddingHeight(),
              window.paddingWidth(),
              window.strideHeight(),
              window.strideWidth(),
              window.dilation(),
              window.dilation(),
              cudnn.CUDNN_CROSS_CORRELATION,
              cudnn.CUDNN_DATA_FLOAT),
          "cudnnSetConvolution2dDescriptor");
      check(
          cudnn.cudnnSetConvolutionGroupCount(convolution, problem.groups()),
          "cudnnSetConvolutionGroupCount");
      // float32 stays float32: the default may round operands to TF32.
      int mode =
          problem.bfloat16() && math == cudnn.CUDNN_DEFAULT_MATH
              ? cudnn.CUDNN_TENSOR_OP_MATH
              : problem.bfloat16() ? math : cudnn.CUDNN_FMA_MATH;
      check(cudnn.cudnnSetConvolutionMathType(convolution, mode), "cudnnSetConvolutionMathType");
    }

    /** Both sides must mean the same convolution. */
    private void requireShape() {
      int[] n = new int[1];
      int[] c = new int[1];
      int[] h = new int[1];
      int[] w = new int[1];
      check(
          cudnn.cudnnGetConvolution2dForwardOutputDim(convolution, x, filter, n, c, h, w),
          "cudnnGetConvolution2dForwardOutputDim");
      TensorShape found = new TensorShape(n[0], c[0], h[0], w[0]);
      if (!found.equals(problem.y())) {
        throw new IllegalStateException("cuDNN makes " + found + " of " + problem);
      }
    }

    List<Algorithm> algorithms() {
      return switch (problem.pass()) {
        case FORWARD -> forward();
        case INPUT_GRADIENT -> inputGradient();
        case FILTER_GRADIENT -> filterGradient();
      };
    }

    private List<Algorithm> forward() {
      int[] count = new int[1];
      try (var found = new cudnnConvolutionFwdAlgoPerf_t(MOST_ALGORITHMS)) {
        int status =
            cudnn.cudnnGetConvolutionForwardAlgorithm_v7(
                handle, x, filter, convolution, y, MOST_ALGORITHMS, count, found);
        List<Algorithm> usable = new ArrayList<>();
        for (int i = 0; status == cudnn.CUDNN_STATUS_SUCCESS && i < count[0]; i++) {
          var one = found.getPointer(i);
          add(usable, one.status(), one.determinism(), one.algo(), one.mathType(), one.memory());
        }
        return usable;
      }
    }

    private List<Algorithm> inputGradient() {
      int[] count = new int[1];
      try (var found = new cudnnConvolutionBwdDataAlgoPerf_t(MOST_ALGORITHMS)) {
        int status =
            cudnn.cudnnGetConvolutionBackwardDataAlgorithm_v7(
                handle, filter, y, convolution, x, MOST_ALGORITHMS, count, found);
        List<Algorithm> usable = new ArrayList<>();
        for (int i = 0; status == cudnn.CUDNN_STATUS_SUCCESS && i < count[0]; i++) {
          var one = found.getPointer(i);
          add(usable, one.status(), one.determinism(), one.algo(), one.mathType(), one.memory());
        }
        return usable;
      }
    }

    private List<Algorithm> filterGradient() {
      int[] count = new int[1];
      try (var found = new cudnnConvolutionBwdFilterAlgoPerf_t(MOST_ALGORITHMS)) {
        int status =
            cudnn.cudnnGetConvolutionBackwardFilterAlgorithm_v7(
                handle, x, y, convolution, filter, MOST_ALGORITHMS, count, found);
        List<Algorithm> usable = new ArrayList<>();
        for (int i = 0; status == cudnn.CUDNN_STATUS_SUCCESS && i < count[0]; i++) {
          var one = found.getPointer(i);
          add(usable, one.status(), one.determinism(), one.algo(), one.mathType(), one.memory());
        }
        return usable;
      }
    }

    private void add(
        List<Algorithm> usable, int status, int determinism, int number, int math, long memory) {
      if (status == cudnn.CUDNN_STATUS_SUCCESS
          && determinism == cudnn.CUDNN_DETERMINISTIC
          && memory <= MOST_WORKSPACE_BYTES) {
        usable.add(new Algorithm(NAME, number, math, memory));
      }
    }

    @Override
    public void run(Device.LibraryCall call) {
      long bytes = call.algorithm().workspaceBytes();
      var first = at(call.first());
      var second = at(call.second());
      var result = at(call.result());
      var workspace = at(call.workspace());
      int status =
          switch (problem.pass()) {
            case FORWARD ->
                cudnn.cudnnConvolutionForward(
                    handle,
                    one,
                    x,
                    first,
                    filter,
                    second,
                    convolution,
                    algorithm,
                    workspace,
                    bytes,
                    zero,
                    y,
                    result);
            case INPUT_GRADIENT ->
                cudnn.cudnnConvolutionBackwardData(
                    handle,
                    one,
                    filter,
                    second,
                    y,
                    first,
                    convolution,
                    algorithm,
                    workspace,
                    bytes,
                    zero,
                    x,
                    result);
            case FILTER_GRADIENT ->
                cudnn.cudnnConvolutionBackwardFilter(
                    handle,
                    one,
                    x,
                    first,
                    y,
                    second,
                    convolution,
                    algorithm,
                    workspace,
                    bytes,
                    zero,
                    filter,
                    result);
          };
      check(status, "cuDNN's " + problem);
    }

    @Override
    public void close() {
      cudnn.cudnnDestroyConvolutionDescriptor(convolution);
      cudnn.cudnnDestroyFilterDescriptor(filter);
      cudnn.cudnnDestroyTensorDescriptor(y);
      cudnn.cudnnDestroyTensorDescriptor(x);
    }
  }

  // ---- pooling

  private final class Pooling implements Operation {
    private final LibraryProblem.Pooling problem;
    private final cudnnTensorStruct x = new cudnnTensorStruct();
    private final cudnnTensorStruct y = new cudnnTensorStruct();
    private final cudnnPoolingStruct pooling = new cudnnPoolingStruct();

    Pooling(LibraryProblem.Pooling problem) {
      this.problem = problem;
      try {
        describe(problem.window());
      } catch (RuntimeException | Error e) {
        close();
        throw e;
      }
    }

    private void describe(Window window) {
      CuDnn.describe(x, problem.x(), problem.bfloat16());
      CuDnn.describe(y, problem.y(), problem.bfloat16());
      check(cudnn.cudnnCreatePoolingDescriptor(pooling), "cudnnCreatePoolingDescriptor");
      check(
          cudnn.cudnnSetPooling2dDescriptor(
              pooling,
              problem.maximum()
                  ? cudnn.CUDNN_POOLING_MAX_DETERMINISTIC
                  : cudnn.CUDNN_POOLING_AVERAGE_COUNT_EXCLUDE_PADDING,
              cudnn.CUDNN_PROPAGATE_NAN,
              window.height(),
              window.width(),
              window.paddingHeight(),
              window.paddingWidth(),
              window.strideHeight(),
              window.strideWidth()),
          "cudnnSetPooling2dDescriptor");
    }

    @Override
    public void run(Device.LibraryCall call) {
      var read = at(call.first());
      var written = at(call.result());
      // Of an average the gradient does not depend on x and y; they have to be there all the same.
      int status =
          problem.gradient()
              ? cudnn.cudnnPoolingBackward(
                  handle, pooling, one, y, read, y, read, x, written, zero, x, written)
              : cudnn.cudnnPoolingForward(handle, pooling, one, x, read, zero, y, written);
      check(status, "cuDNN's " + problem);
    }

    @Override
    public void close() {
      cudnn.cudnnDestroyPoolingDescriptor(pooling);
      cudnn.cudnnDestroyTensorDescriptor(y);
      cudnn.cudnnDestroyTensorDescriptor(x);
    }
  }
}
