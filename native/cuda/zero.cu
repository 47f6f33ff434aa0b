// SPDX-License-Identifier: Apache-2.0
//
// y = 0. A thread takes four elements.
#include "kernel.cuh"

struct Zero {
  i64 blocks;
  element* y;
  i64 elements;
};

RW_KERNEL(zero, Zero) {
  const i64 at = (static_cast<i64>(blockIdx.x) * threads + threadIdx.x) * vector;
  if (at < a.elements) store(a.y + at, splat(0));
}
