// SPDX-License-Identifier: Apache-2.0
//
// A filter [taps][I][O] in float to the stored element, each tap transposed to [O][I] if asked. A thread takes one weight.
#include "kernel.cuh"

struct PackFilter {
  i64 blocks;
  const float* filter;
  element* packed;
  int taps, inputs, outputs, transposed;
};

RW_KERNEL(pack_filter, PackFilter) {
  const i64 i = static_cast<i64>(blockIdx.x) * threads + threadIdx.x, matrix = static_cast<i64>(a.inputs) * a.outputs;
  if (i >= a.taps * matrix) return;
  const i64 within = i % matrix;
  const i64 from = a.transposed != 0 ? within % a.inputs * a.outputs + within / a.inputs : within;
  round_to(a.filter[i - within + from], a.packed[i]);
}
