// SPDX-License-Identifier: Apache-2.0
//
// out[i] = sum over parts of partials[part][i], in order and in double. A thread takes one element.
#include "kernel.cuh"

struct SumPartials {
  i64 blocks;
  const float* partials;
  float* out;
  i64 elements;
  int parts;
};

RW_KERNEL(sum_partials, SumPartials) {
  const i64 i = static_cast<i64>(blockIdx.x) * threads + threadIdx.x;
  if (i >= a.elements) return;
  double sum = 0;
  for (i64 part = 0; part < a.parts; part++) sum += a.partials[part * a.elements + i];
  a.out[i] = static_cast<float>(sum);
}
