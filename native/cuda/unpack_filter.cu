// SPDX-License-Identifier: Apache-2.0
//
// A packed filter's gradient to [taps][I][O] in float. A thread takes one weight.
#include "filter.cuh"

struct UnpackFilter {
  i64 blocks;
  const element* packed;
  float* filter;
  int taps, inputs, outputs, order;
};

RW_KERNEL(unpack_filter, UnpackFilter) {
  const i64 i = static_cast<i64>(blockIdx.x) * threads + threadIdx.x;
  if (i >= static_cast<i64>(a.taps) * a.inputs * a.outputs) return;
  a.filter[unpacked_position(i, a.taps, a.inputs, a.outputs, a.order)] = to_float(a.packed[i]);
}
