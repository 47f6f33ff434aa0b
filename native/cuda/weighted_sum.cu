// SPDX-License-Identifier: Apache-2.0
//
// y = sum over i of c_i * x_i: sums, means, weighted sums and gradients pulled from several readers. c_i is `scale` times
// mask * sigmoid(weight) where these are given. A thread takes four elements.
#include "kernel.cuh"

struct WeightedSum {
  i64 blocks;
  const element* const* x;
  const float* const* weight;
  const float* const* mask;
  element* y;
  i64 elements;
  float scale;
  int terms;
};

RW_KERNEL(weighted_sum, WeightedSum) {
  RW_SHARED(shared);
  float* const coefficient = reinterpret_cast<float*>(shared);
  for (int t = threadIdx.x; t < a.terms; t += threads) {
    coefficient[t] = a.scale * (a.weight[t] == nullptr ? 1 : edge_coefficient(*a.weight[t], *a.mask[t]));
  }
  barrier();
  const i64 at = (static_cast<i64>(blockIdx.x) * threads + threadIdx.x) * vector;
  if (at >= a.elements) return;
  vec sum = splat(0);
  for (int t = 0; t < a.terms; t++) {
    const vec x = load(a.x[t] + at);
    RW_UNROLL for (int j = 0; j < vector; j++) sum.v[j] = fmaf(coefficient[t], x.v[j], sum.v[j]);
  }
  store(a.y + at, sum);
}
