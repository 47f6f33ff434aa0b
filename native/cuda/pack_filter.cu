// SPDX-License-Identifier: Apache-2.0
//
// A filter [taps][I][O] in float to the stored element in another order. A thread takes one weight.
#include "filter.cuh"

struct PackFilter {
  i64 blocks;
  const float* filter;
  element* packed;
  int taps, inputs, outputs, order;
};

RW_KERNEL(pack_filter, PackFilter) {
  const i64 i = static_cast<i64>(blockIdx.x) * threads + threadIdx.x;
  if (i >= static_cast<i64>(a.taps) * a.inputs * a.outputs) return;
  round_to(a.filter[unpacked_position(i, a.taps, a.inputs, a.outputs, a.order)], a.packed[i]);
}
