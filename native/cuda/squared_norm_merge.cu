// SPDX-License-Identifier: Apache-2.0
//
// Adds the partial sums of squared_norm.cu in order. One thread does it: they are few.
#include "kernel.cuh"

struct SquaredNormMerge {
  i64 blocks;
  const double* partials;
  double* out;
  int parts;
};

RW_KERNEL(squared_norm_merge, SquaredNormMerge) {
  if (threadIdx.x != 0) return;
  double sum = 0;
  for (int i = 0; i < a.parts; i++) sum += a.partials[i];
  *a.out = sum;
}
