// SPDX-License-Identifier: Apache-2.0
//
// Batch normalisation's gradient from what the readers of a node left (node_backward_merge.cu): the sums of e and of e
// times the node's raw output less its mean, weighted with the edges' coefficients. A thread takes a channel.
#include "batch_norm.cuh"

struct NormGather {
  i64 blocks;
  const float* const* plain;
  const float* const* centred;
  const float* const* edge_weight;
  const float* const* edge_mask;
  NormGradient norm;
  int terms;
};

RW_KERNEL(batch_norm_gradient_gather, NormGather) {
  const int c = static_cast<int>(blockIdx.x) * threads + threadIdx.x;
  if (c >= a.norm.stored) return;
  double plain = 0, centred = 0;
  for (int i = 0; i < a.terms; i++) {
    const double coefficient = edge_coefficient(*a.edge_weight[i], *a.edge_mask[i]);
    plain += coefficient * a.plain[i][c];
    centred += coefficient * a.centred[i][c];
  }
  a.norm.finish(c, plain, centred);
}
