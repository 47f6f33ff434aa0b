// SPDX-License-Identifier: Apache-2.0
//
// The gradient of max_pool.cu: of equal values the first in row order takes all. A thread gathers for four channels of an
// input pixel what the windows over it give.
#include "window.cuh"

struct Pool {
  i64 blocks;
  const element* x;
  const element* dy;
  element* y;
  Window window;
  int channels;
};

// Which tap of an output pixel takes the gradient: the first of the largest.
__device__ static void winners(const Pool& a, i64 output, int c, int (&tap_of)[vector]) {
  vec best = splat(0);
  bool found = false;
  for (int tap = 0; tap < a.window.taps(); tap++) {
    const i64 pixel = a.window.input(output, tap);
    if (pixel < 0) continue;
    const vec x = load(a.x + pixel * a.channels + c);
    RW_UNROLL for (int j = 0; j < vector; j++) {
      if (found && x.v[j] <= best.v[j]) continue;
      best.v[j] = x.v[j];
      tap_of[j] = tap;
    }
    found = true;
  }
}

RW_KERNEL(max_pool_gradient, Pool) {
  const i64 at = (static_cast<i64>(blockIdx.x) * threads + threadIdx.x) * vector;
  if (at >= static_cast<i64>(a.window.batch) * a.window.height * a.window.width * a.channels) return;
  const int c = static_cast<int>(at % a.channels);
  vec sum = splat(0);
  for (int tap = 0; tap < a.window.taps(); tap++) {
    const i64 output = a.window.output(at / a.channels, tap);
    if (output < 0) continue;
    int tap_of[vector];
    winners(a, output, c, tap_of);
    const vec dy = load(a.dy + output * a.channels + c);
    RW_UNROLL for (int j = 0; j < vector; j++) sum.v[j] += tap_of[j] == tap ? dy.v[j] : 0;
  }
  store(a.y + at, sum);
}
