// SPDX-License-Identifier: Apache-2.0
//
// The average over a window, padding not counted. A thread takes four channels of an output pixel.
#include "window.cuh"

struct Pool {
  i64 blocks;
  const element* x;
  const element* dy;
  element* y;
  Window window;
  int channels;
};

// Pixels of a window that lie inside.
__device__ static int inside(const Window& window, i64 output) {
  int count = 0;
  for (int tap = 0; tap < window.taps(); tap++) count += window.input(output, tap) >= 0 ? 1 : 0;
  return count;
}

RW_KERNEL(average_pool, Pool) {
  const i64 at = (static_cast<i64>(blockIdx.x) * threads + threadIdx.x) * vector;
  if (at >= static_cast<i64>(a.window.batch) * a.window.out_height * a.window.out_width * a.channels) return;
  const i64 output = at / a.channels;
  vec sum = splat(0);
  for (int tap = 0; tap < a.window.taps(); tap++) {
    const i64 pixel = a.window.input(output, tap);
    if (pixel < 0) continue;
    const vec x = load(a.x + pixel * a.channels + at % a.channels);
    RW_UNROLL for (int j = 0; j < vector; j++) sum.v[j] += x.v[j];
  }
  const float count = static_cast<float>(inside(a.window, output));
  RW_UNROLL for (int j = 0; j < vector; j++) sum.v[j] /= count;
  store(a.y + at, sum);
}
