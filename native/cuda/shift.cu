// SPDX-License-Identifier: Apache-2.0
//
// y[h][w] = x[h + by][w + by] per channel, 0 where that lies outside. A thread takes four channels of a pixel.
#include "kernel.cuh"

struct Shift {
  i64 blocks;
  const element* x;
  element* y;
  int batch, height, width, channels, by;
};

RW_KERNEL(shift, Shift) {
  const i64 at = (static_cast<i64>(blockIdx.x) * threads + threadIdx.x) * vector;
  if (at >= static_cast<i64>(a.batch) * a.height * a.width * a.channels) return;
  const int w = static_cast<int>(at / a.channels % a.width) + a.by;
  const int h = static_cast<int>(at / a.channels / a.width % a.height) + a.by;
  const bool inside = h >= 0 && h < a.height && w >= 0 && w < a.width;
  store(a.y + at, inside ? load(a.x + at + (static_cast<i64>(a.by) * a.width + a.by) * a.channels) : splat(0));
}
