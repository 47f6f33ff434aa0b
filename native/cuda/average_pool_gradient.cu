// SPDX-License-Identifier: Apache-2.0
//
// The gradient of average_pool.cu, gathered. A thread takes four channels of an input pixel.
#include "window.cuh"

struct Pool {
  i64 blocks;
  const element* x;
  const element* dy;
  element* y;
  Window window;
  int channels;
};

__device__ static int inside(const Window& window, i64 output) {
  int count = 0;
  for (int tap = 0; tap < window.taps(); tap++) count += window.input(output, tap) >= 0 ? 1 : 0;
  return count;
}

RW_KERNEL(average_pool_gradient, Pool) {
  const i64 at = (static_cast<i64>(blockIdx.x) * threads + threadIdx.x) * vector;
  if (at >= static_cast<i64>(a.window.batch) * a.window.height * a.window.width * a.channels) return;
  vec sum = splat(0);
  for (int tap = 0; tap < a.window.taps(); tap++) {
    const i64 output = a.window.output(at / a.channels, tap);
    if (output < 0) continue;
    const vec dy = load(a.dy + output * a.channels + at % a.channels);
    const float count = static_cast<float>(inside(a.window, output));
    RW_UNROLL for (int j = 0; j < vector; j++) sum.v[j] += dy.v[j] / count;
  }
  store(a.y + at, sum);
}
