// SPDX-License-Identifier: Apache-2.0
//
// dx = dy where y > 0, else 0. A thread takes four elements.
#include "node.cuh"

struct ReluGradient {
  i64 blocks;
  const element* y;
  const element* dy;
  element* dx;
  i64 elements;
};

RW_KERNEL(relu_gradient, ReluGradient) {
  const i64 at = (static_cast<i64>(blockIdx.x) * threads + threadIdx.x) * vector;
  if (at >= a.elements) return;
  const vec y = load(a.y + at);
  vec g = load(a.dy + at);
  RW_UNROLL for (int j = 0; j < vector; j++) g.v[j] = y.v[j] > 0 ? g.v[j] : 0;
  store(a.dx + at, g);
}
