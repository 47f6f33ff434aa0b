// SPDX-License-Identifier: Apache-2.0
//
// Where the taps of a convolution's window lie: input pixel h = stride * y - padding + dilation * ky, the same for w.
#ifndef RANDWIRE_WINDOW_CUH
#define RANDWIRE_WINDOW_CUH

#include "kernel.cuh"

struct Window {
  int batch, height, width;          // of the input
  int out_height, out_width;
  int kernel_height, kernel_width, stride_height, stride_width, padding_height, padding_width, dilation;

  __device__ int taps() const { return kernel_height * kernel_width; }

  // The input pixel under a tap of an output pixel; -1 outside.
  __device__ i64 input(i64 output, int tap) const {
    const int x = static_cast<int>(output % out_width), y = static_cast<int>(output / out_width % out_height);
    const int h = y * stride_height - padding_height + tap / kernel_width * dilation;
    const int w = x * stride_width - padding_width + tap % kernel_width * dilation;
    if (h < 0 || h >= height || w < 0 || w >= width) return -1;
    return (output / out_width / out_height * height + h) * width + w;
  }

  // The output pixel whose window has an input pixel under a tap; -1 if there is none.
  __device__ i64 output(i64 input, int tap) const {
    const int top = static_cast<int>(input / width % height) + padding_height - tap / kernel_width * dilation;
    const int left = static_cast<int>(input % width) + padding_width - tap % kernel_width * dilation;
    if (top < 0 || left < 0 || top % stride_height != 0 || left % stride_width != 0) return -1;
    const int y = top / stride_height, x = left / stride_width;
    return y < out_height && x < out_width ? (input / width / height * out_height + y) * out_width + x : -1;
  }
};

#endif
