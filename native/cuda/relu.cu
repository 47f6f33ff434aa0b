// SPDX-License-Identifier: Apache-2.0
//
// y = max(x, 0); NaN stays NaN. A thread takes four elements.
#include "node.cuh"

struct Relu {
  i64 blocks;
  const element* x;
  element* y;
  i64 elements;
};

RW_KERNEL(relu, Relu) {
  const i64 at = (static_cast<i64>(blockIdx.x) * threads + threadIdx.x) * vector;
  if (at >= a.elements) return;
  vec v = load(a.x + at);
  RW_UNROLL for (int j = 0; j < vector; j++) v.v[j] = rectified(v.v[j]);
  store(a.y + at, v);
}
