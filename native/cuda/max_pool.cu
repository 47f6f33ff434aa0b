// SPDX-License-Identifier: Apache-2.0
//
// The maximum over a window; padding never wins, NaN does. A thread takes four channels of an output pixel.
#include "window.cuh"

struct Pool {
  i64 blocks;
  const element* x;
  const element* dy;
  element* y;
  Window window;
  int channels;
};

RW_KERNEL(max_pool, Pool) {
  const i64 at = (static_cast<i64>(blockIdx.x) * threads + threadIdx.x) * vector;
  if (at >= static_cast<i64>(a.window.batch) * a.window.out_height * a.window.out_width * a.channels) return;
  const int c = static_cast<int>(at % a.channels);
  vec best = splat(0);
  bool found = false;
  for (int tap = 0; tap < a.window.taps(); tap++) {
    const i64 pixel = a.window.input(at / a.channels, tap);
    if (pixel < 0) continue;
    const vec x = load(a.x + pixel * a.channels + c);
    RW_UNROLL for (int j = 0; j < vector; j++) best.v[j] = !found || !(x.v[j] <= best.v[j]) ? x.v[j] : best.v[j];
    found = true;
  }
  store(a.y + at, best);
}
