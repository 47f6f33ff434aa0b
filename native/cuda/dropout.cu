// SPDX-License-Identifier: Apache-2.0
//
// y = x * mask; the mask is float, drawn by the host. A thread takes four elements.
#include "node.cuh"

struct Dropout {
  i64 blocks;
  const element* x;
  const float* mask;
  element* y;
  i64 elements;
};

RW_KERNEL(dropout, Dropout) {
  const i64 at = (static_cast<i64>(blockIdx.x) * threads + threadIdx.x) * vector;
  if (at >= a.elements) return;
  vec v = load(a.x + at);
  const vec mask = load(a.mask + at);
  RW_UNROLL for (int j = 0; j < vector; j++) v.v[j] *= mask.v[j];
  store(a.y + at, v);
}
