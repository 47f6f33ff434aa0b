// SPDX-License-Identifier: Apache-2.0
//
// Partial sums of x_i * dy over a chunk of elements: what the gradients of a weighted sum's weights need.
// partials: [chunks][terms]. A block takes one chunk, all terms one after the other.
#include "kernel.cuh"

struct WeightedSumProducts {
  i64 blocks;
  const element* const* x;
  const element* dy;
  float* partials;
  i64 elements, chunk;
  int terms;
};

RW_KERNEL(weighted_sum_products, WeightedSumProducts) {
  RW_SHARED(shared);
  float* const space = reinterpret_cast<float*>(shared);
  const i64 start = static_cast<i64>(blockIdx.x) * a.chunk, end = smaller(a.elements, start + a.chunk);
  for (int t = 0; t < a.terms; t++) {
    float sum = 0;
    for (i64 at = start + threadIdx.x * vector; at < end; at += threads * vector) {
      const vec x = load(a.x[t] + at), dy = load(a.dy + at);
      RW_UNROLL for (int j = 0; j < vector; j++) sum = fmaf(x.v[j], dy.v[j], sum);
    }
    RW_UNROLL for (int mask = 1; mask < 32; mask *= 2) sum += shuffle_xor(sum, mask);
    barrier();
    if (threadIdx.x % 32 == 0) space[threadIdx.x / 32] = sum;
    barrier();
    if (threadIdx.x == 0) {
      sum = 0;
      for (int i = 0; i < warps; i++) sum += space[i];
      a.partials[static_cast<i64>(blockIdx.x) * a.terms + t] = sum;
    }
  }
}
