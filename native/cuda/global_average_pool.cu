// SPDX-License-Identifier: Apache-2.0
//
// The average over all pixels of an image: [N][pixels][C] to [N][C]. A thread takes four channels of an image.
#include "kernel.cuh"

struct GlobalPool {
  i64 blocks;
  const element* x;
  element* y;
  int batch, pixels, channels;
};

RW_KERNEL(global_average_pool, GlobalPool) {
  const i64 at = (static_cast<i64>(blockIdx.x) * threads + threadIdx.x) * vector;
  if (at >= static_cast<i64>(a.batch) * a.channels) return;
  const element* const x = a.x + at / a.channels * a.pixels * a.channels + at % a.channels;
  vec sum = splat(0);
  for (int pixel = 0; pixel < a.pixels; pixel++) {
    const vec v = load(x + static_cast<i64>(pixel) * a.channels);
    RW_UNROLL for (int j = 0; j < vector; j++) sum.v[j] += v.v[j];
  }
  RW_UNROLL for (int j = 0; j < vector; j++) sum.v[j] /= static_cast<float>(a.pixels);
  store(a.y + at, sum);
}
