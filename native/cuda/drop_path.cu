// SPDX-License-Identifier: Apache-2.0
//
// y[n] = x[n] * mask[n] for every example n; the mask is float, drawn by the host. A thread takes four elements of an
// example, which has a multiple of 16 of them.
#include "kernel.cuh"

struct DropPath {
  i64 blocks;
  const element* x;
  const float* mask;
  element* y;
  i64 elements;
  i64 example_elements;
};

RW_KERNEL(drop_path, DropPath) {
  const i64 at = (static_cast<i64>(blockIdx.x) * threads + threadIdx.x) * vector;
  if (at >= a.elements) return;
  vec v = load(a.x + at);
  const float factor = a.mask[at / a.example_elements];
  RW_UNROLL for (int j = 0; j < vector; j++) v.v[j] *= factor;
  store(a.y + at, v);
}
