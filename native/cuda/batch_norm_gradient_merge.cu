// SPDX-License-Identifier: Apache-2.0
//
// Merges the partial sums of batch_norm_gradient_sums.cu in a fixed order, in double, and ends batch normalisation's
// gradient for each channel. A block takes 16 channels; 16 threads share the parts of one.
#include "batch_norm.cuh"

struct NormGradientMerge {
  i64 blocks;
  const float* partials;
  NormGradient norm;
  int parts;
};

RW_KERNEL(batch_norm_gradient_merge, NormGradientMerge) {
  RW_SHARED(shared);
  double* const space = reinterpret_cast<double*>(shared);
  const int c = static_cast<int>(blockIdx.x) * slice + threadIdx.x % slice, lane = threadIdx.x / slice;
  double sums[2] = {0, 0};
  for (i64 part = lane; part < a.parts; part += threads / slice) {
    for (int i = 0; i < 2; i++) sums[i] += a.partials[(part * 2 + i) * a.norm.stored + c];
  }
  for (int i = 0; i < 2; i++) space[i * threads + threadIdx.x] = sums[i];
  barrier();
  if (lane != 0) return;
  for (int i = 0; i < 2; i++) {
    sums[i] = 0;
    for (int j = 0; j < threads / slice; j++) sums[i] += space[i * threads + j * slice + threadIdx.x];
  }
  a.norm.finish(c, sums[0], sums[1]);
}
