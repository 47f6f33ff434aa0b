// SPDX-License-Identifier: Apache-2.0
//
// The gradients of a weighted sum's weights: mask * sigmoid'(weight) times the sum of weighted_sum_products.cu, added up
// in order and in double. A thread takes one weight; those behind the last edge get 0.
#include "kernel.cuh"

struct WeightedSumMerge {
  i64 blocks;
  const float* partials;
  const float* weight;
  const float* mask;
  float* dweight;
  int parts, terms, stored;
};

RW_KERNEL(weighted_sum_merge, WeightedSumMerge) {
  const int t = static_cast<int>(blockIdx.x) * threads + threadIdx.x;
  if (t >= a.stored) return;
  double sum = 0;
  if (t < a.terms) {
    for (i64 part = 0; part < a.parts; part++) sum += a.partials[part * a.terms + t];
    sum *= edge_slope(a.weight[t], a.mask[t]);
  }
  a.dweight[t] = static_cast<float>(sum);
}
