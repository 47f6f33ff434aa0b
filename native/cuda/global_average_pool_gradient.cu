// SPDX-License-Identifier: Apache-2.0
//
// The gradient of global_average_pool.cu: x is that of the averages. A thread takes four elements of y.
#include "kernel.cuh"

struct GlobalPool {
  i64 blocks;
  const element* x;
  element* y;
  int batch, pixels, channels;
};

RW_KERNEL(global_average_pool_gradient, GlobalPool) {
  const i64 at = (static_cast<i64>(blockIdx.x) * threads + threadIdx.x) * vector;
  if (at >= static_cast<i64>(a.batch) * a.pixels * a.channels) return;
  vec v = load(a.x + at / a.channels / a.pixels * a.channels + at % a.channels);
  RW_UNROLL for (int j = 0; j < vector; j++) v.v[j] /= static_cast<float>(a.pixels);
  store(a.y + at, v);
}
