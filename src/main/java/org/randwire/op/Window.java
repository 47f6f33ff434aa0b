// SPDX-License-Identifier: Apache-2.0
package org.randwire.op;

import org.randwire.tensor.TensorShape;

/**
 * The sliding window of a convolution or pooling.
 *
 * @param dilation distance of neighbouring taps, 1 for an ordinary window
 */
public record Window(
    int height,
    int width,
    int strideHeight,
    int strideWidth,
    int paddingHeight,
    int paddingWidth,
    int dilation) {

  public Window {
    if (height < 1 || width < 1 || strideHeight < 1 || strideWidth < 1 || dilation < 1) {
      throw new IllegalArgumentException(
          "window, stride and dilation must be at least 1, got "
              + height
              + "x"
              + width
              + " stride "
              + strideHeight
              + "x"
              + strideWidth
              + " dilation "
              + dilation);
    }
    if (paddingHeight < 0 || paddingWidth < 0) {
      throw new IllegalArgumentException("padding must not be negative");
    }
  }

  /** A square window whose padding keeps the size at stride 1. */
  public static Window square(int size, int stride) {
    return new Window(size, size, stride, stride, size / 2, size / 2, 1);
  }

  /** A square dilated window whose padding keeps the size at stride 1. */
  public static Window dilated(int size, int stride, int dilation) {
    int padding = dilation * (size - 1) / 2;
    return new Window(size, size, stride, stride, padding, padding, dilation);
  }

  public int outputHeight(int inputHeight) {
    return outputSize(inputHeight, height, strideHeight, paddingHeight);
  }

  public int outputWidth(int inputWidth) {
    return outputSize(inputWidth, width, strideWidth, paddingWidth);
  }

  /** The output's shape, with the input's batch and the given channels. */
  public TensorShape outputShape(TensorShape input, int channels) {
    return new TensorShape(
        input.batch(), channels, outputHeight(input.height()), outputWidth(input.width()));
  }

  private int outputSize(int input, int size, int stride, int padding) {
    int reach = dilation * (size - 1) + 1;
    if (input + 2 * padding < reach) {
      throw new IllegalArgumentException(
          "a window reaching over "
              + reach
              + " does not fit into "
              + input
              + " with padding "
              + padding);
    }
    return (input + 2 * padding - reach) / stride + 1;
  }

  @Override
  public String toString() {
    return height
        + "x"
        + width
        + (strideHeight * strideWidth > 1 ? " stride " + strideHeight : "")
        + (dilation > 1 ? " dilation " + dilation : "");
  }
}
