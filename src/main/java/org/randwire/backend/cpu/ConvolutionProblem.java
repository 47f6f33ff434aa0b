// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cpu;

import java.util.Arrays;
import org.bytedeco.dnnl.dnnl_memory_desc;
import org.randwire.op.Value;
import org.randwire.op.Window;
import org.randwire.tensor.DataType;
import org.randwire.tensor.MemoryLayout;
import org.randwire.tensor.TensorShape;

/**
 * A convolution as oneDNN sees it: padding channels are computed like real ones wherever that gives
 * dense tensors, since oneDNN's fast kernels take nothing else.
 *
 * <p>The batch is cut into units that may be computed apart: images, or single pixels where the
 * window is 1x1 and the tensors are plain matrices.
 *
 * @param units images, or pixels of all images
 * @param matrix whether a unit is a pixel
 * @param groups groups that are computed, those made of padding included
 * @param storedInputs inputs per group in the filter's memory
 * @param storedOutputs outputs in the filter's memory
 */
record ConvolutionProblem(
    int units,
    boolean matrix,
    Window window,
    int groups,
    Operand input,
    Operand output,
    int storedInputs,
    int storedOutputs) {

  /** Cutting finer than this costs more in calls than balance gains. */
  private static final long MULTIPLY_ADDS_PER_TASK = 1 << 20;

  /**
   * One activation: the value in memory, and the dense tensor that is computed.
   *
   * @param channels computed channels; those of the value's memory or, if these do not divide into
   *     groups, the logical ones
   * @param type the computed type
   */
  record Operand(Value value, int channels, DataType type, int height, int width) {

    /** Whether the value has to be copied to be computed. */
    boolean staged() {
      return channels != value.storedChannels() || type != value.type();
    }

    /** Whether memory of the value is left that is not computed. */
    boolean padded() {
      return channels != value.storedChannels();
    }

    long unitBytes() {
      return (long) height * width * value.storedChannels() * value.type().sizeBytes();
    }
  }

  /** Reads the problem of (input, filter) to output. */
  static ConvolutionProblem of(Value input, Value filter, Value output, Window window, int groups) {
    boolean matrix = groups == 1 && window.equals(Window.square(1, 1));
    int storedOutputs = MemoryLayout.CHANNELS_LAST.storedChannels(filter.shape().batch());
    int inputsPerGroup = filter.shape().channels();
    int outputsPerGroup = filter.shape().batch() / groups;
    int storedInputs = groups == 1 ? input.storedChannels() : inputsPerGroup;
    int computedInputs = groups == 1 ? storedInputs : groups * inputsPerGroup;
    int computedOutputs = groups * outputsPerGroup;
    int computedGroups = groups;
    if (output.storedChannels() == storedOutputs) {
      if (groups == 1) {
        computedOutputs = storedOutputs;
      } else if (input.storedChannels() % inputsPerGroup == 0
          && storedOutputs % outputsPerGroup == 0
          && input.storedChannels() / inputsPerGroup == storedOutputs / outputsPerGroup) {
        computedGroups = storedOutputs / outputsPerGroup;
        computedInputs = input.storedChannels();
        computedOutputs = storedOutputs;
      }
    }
    TensorShape in = input.shape();
    TensorShape out = output.shape();
    return new ConvolutionProblem(
        matrix ? Math.multiplyExact(in.batch(), in.pixels()) : in.batch(),
        matrix,
        window,
        computedGroups,
        new Operand(
            input,
            computedInputs,
            output.type(),
            matrix ? 1 : in.height(),
            matrix ? 1 : in.width()),
        new Operand(
            output,
            computedOutputs,
            output.type(),
            matrix ? 1 : out.height(),
            matrix ? 1 : out.width()),
        storedInputs,
        storedOutputs);
  }

  /** Whether oneDNN has fast kernels for it and the memory is as this class assumes. */
  boolean supported(Value filter) {
    return isActivation(input.value())
        && isActivation(output.value())
        && filter.type() == DataType.FLOAT32
        && filter.layout() != MemoryLayout.CHANNELS_FIRST
        && filter.elements() == filterElements();
  }

  /** The same with a bias. */
  boolean supported(Value filter, Value bias) {
    return supported(filter)
        && bias.type() == DataType.FLOAT32
        && bias.elements() >= output.channels();
  }

  private static boolean isActivation(Value value) {
    return value.layout() != MemoryLayout.CHANNELS_FIRST
        && (value.type() == DataType.FLOAT32
            || value.type() == DataType.BFLOAT16 && OneDnn.supportsBfloat16());
  }

  /** Elements of the filter in memory, padding included. */
  long filterElements() {
    return (long) window.height() * window.width() * storedInputs * storedOutputs;
  }

  /** Whether the filter's memory holds weights that are not computed; they must stay zero. */
  boolean filterPadded() {
    return output.channels() != storedOutputs;
  }

  /**
   * Units of one task when about {@code tasks} are wanted: a divisor of all units if one is near,
   * so that no smaller last task needs a primitive of its own. Depends on shapes alone.
   */
  int chunk(int tasks) {
    long unitWork =
        (long) output.height()
            * output.width()
            * output.channels()
            * (input.channels() / groups)
            * window.height()
            * window.width();
    long least = Math.min(units, Math.floorDiv(MULTIPLY_ADDS_PER_TASK - 1, unitWork) + 1);
    int preferred = (int) Math.max(least, Math.floorDiv(units - 1, tasks) + 1);
    for (int chunk = preferred; chunk > preferred / 2; chunk--) {
      if (units % chunk == 0) {
        return chunk;
      }
    }
    return preferred;
  }

  /** The dense tensor of some units that is computed. */
  dnnl_memory_desc computed(OneDnnScope scope, Operand operand, int chunk) {
    return activation(scope, operand, chunk, operand.type(), operand.channels());
  }

  /** The same channels where the value lies in memory. */
  dnnl_memory_desc stored(OneDnnScope scope, Operand operand, int chunk) {
    return activation(
        scope, operand, chunk, operand.value().type(), operand.value().storedChannels());
  }

  private dnnl_memory_desc activation(
      OneDnnScope scope, Operand operand, int chunk, DataType type, long pixelStride) {
    long height = matrix ? chunk : operand.height();
    long width = operand.width();
    return scope.strided(
        type,
        new long[] {matrix ? 1 : chunk, operand.channels(), height, width},
        new long[] {height * width * pixelStride, 1, width * pixelStride, pixelStride});
  }

  /**
   * Whether the input gradient may be computed as a convolution of the output's gradient, spread by
   * the stride, with the mirrored filter. For depthwise convolutions oneDNN's forward kernels are
   * the only ones that are fast with every window, stride, dilation and type.
   */
  boolean mirrored() {
    return isDepthwise()
        && Arrays.stream(mirroredPadding()).allMatch(padding -> padding >= 0)
        && Arrays.stream(mirroredPaddingAfter()).allMatch(padding -> padding >= 0);
  }

  boolean strided() {
    return window.strideHeight() > 1 || window.strideWidth() > 1;
  }

  /** The output's gradient with zeros between its pixels, as many as the stride skips. */
  dnnl_memory_desc spread(OneDnnScope scope, int chunk) {
    return spread(scope, chunk, spreadHeight(), spreadWidth(), 1, 1);
  }

  /** The pixels of {@link #spread} that are not always zero. */
  dnnl_memory_desc spreadPixels(OneDnnScope scope, int chunk) {
    return spread(
        scope, chunk, output.height(), output.width(), window.strideHeight(), window.strideWidth());
  }

  private dnnl_memory_desc spread(
      OneDnnScope scope, int chunk, long height, long width, long rowStep, long columnStep) {
    long channels = output.channels();
    long row = spreadWidth() * channels;
    return scope.strided(
        output.type(),
        new long[] {chunk, channels, height, width},
        new long[] {spreadHeight() * row, 1, rowStep * row, columnStep * channels});
  }

  private long spreadHeight() {
    return (long) output.height() * window.strideHeight();
  }

  private long spreadWidth() {
    return (long) output.width() * window.strideWidth();
  }

  /** Rows above and columns left of the spread gradient that the mirrored window reaches. */
  long[] mirroredPadding() {
    return new long[] {
      reach(window.height()) - 1 - window.paddingHeight(),
      reach(window.width()) - 1 - window.paddingWidth()
    };
  }

  /** The same below and right, where pixels may lie that no window reached. */
  long[] mirroredPaddingAfter() {
    return new long[] {
      input.height() - spreadHeight() + window.paddingHeight(),
      input.width() - spreadWidth() + window.paddingWidth()
    };
  }

  /** Whether the filter gradient is better computed by {@link CrossCorrelation}. */
  boolean crossed() {
    boolean small = window.height() <= 3 && window.width() <= 3 && window.dilation() == 1;
    return isDepthwise()
        && !small
        && storedOutputs == output.channels()
        && Arrays.stream(crossedPaddingAfter()).allMatch(padding -> padding >= 0);
  }

  private boolean isDepthwise() {
    return groups > 1 && groups == input.channels() && groups == output.channels();
  }

  /** Neighbouring taps of the filter are {@code dilation} pixels of the input apart. */
  long[] crossedStrides() {
    return new long[] {window.dilation(), window.dilation()};
  }

  long[] crossedDilations() {
    return new long[] {window.strideHeight() - 1, window.strideWidth() - 1};
  }

  /** Rows below and columns right of the input such that every tap and no more is computed. */
  long[] crossedPaddingAfter() {
    return new long[] {
      (output.height() - 1L) * window.strideHeight()
          + reach(window.height())
          - input.height()
          - window.paddingHeight(),
      (output.width() - 1L) * window.strideWidth()
          + reach(window.width())
          - input.width()
          - window.paddingWidth()
    };
  }

  long[] gradientAsFilterSizes() {
    return new long[] {output.channels(), 1, 1, output.height(), output.width()};
  }

  /** One image of the output's gradient, where it lies. */
  dnnl_memory_desc gradientAsFilter(OneDnnScope scope) {
    long pixel = output.value().storedChannels();
    return scope.strided(
        output.value().type(),
        gradientAsFilterSizes(),
        new long[] {1, pixel, pixel, output.width() * pixel, pixel});
  }

  /** The filter as one image whose pixels are taps, float32. */
  dnnl_memory_desc filterAsImage(OneDnnScope scope) {
    long channels = output.channels();
    long row = window.width() * channels;
    return scope.strided(
        DataType.FLOAT32,
        new long[] {1, channels, window.height(), window.width()},
        new long[] {window.height() * row, 1, row, channels});
  }

  private int reach(int taps) {
    return window.dilation() * (taps - 1) + 1;
  }

  /** The filter where the parameters lie, float32. */
  dnnl_memory_desc storedFilter(OneDnnScope scope) {
    long column = (long) storedInputs * storedOutputs;
    long row = column * window.width();
    return scope.strided(
        DataType.FLOAT32,
        filterSizes(),
        groups == 1
            ? new long[] {1, storedOutputs, row, column}
            : new long[] {output.channels() / groups, 1, storedOutputs, row, column});
  }

  /** The filter in the layout that is best for a primitive. */
  dnnl_memory_desc anyFilter(OneDnnScope scope, DataType filterType) {
    return scope.any(filterType, filterSizes());
  }

  /** A vector of one value per computed output. */
  dnnl_memory_desc bias(OneDnnScope scope) {
    return scope.strided(DataType.FLOAT32, new long[] {output.channels()}, new long[] {1});
  }

  private long[] filterSizes() {
    long outputs = output.channels() / groups;
    long inputs = input.channels() / groups;
    return groups == 1
        ? new long[] {outputs, inputs, window.height(), window.width()}
        : new long[] {groups, outputs, inputs, window.height(), window.width()};
  }

  long[] strides() {
    return new long[] {window.strideHeight(), window.strideWidth()};
  }

  /** Skipped taps between neighbours, oneDNN's way of counting. */
  long[] dilations() {
    return new long[] {window.dilation() - 1, window.dilation() - 1};
  }

  long[] padding() {
    return new long[] {window.paddingHeight(), window.paddingWidth()};
  }
}
