// SPDX-License-Identifier: Apache-2.0
//
// Adds rows of partial sums in a fixed order, in double: out[r][c] = sum over parts of in[part][r][c]. A block takes one
// row and 16 channels; 16 threads share the parts of a channel. After node_backward.cu: the depthwise filter's gradient,
// and the sums that the producers of the node's inputs will want.
#include "kernel.cuh"

struct NodeBackwardMerge {
  i64 blocks;
  const float* filter_partials;
  const float* input_partials;
  float* dfilter;     // [9][C]
  float* input_sums;  // [rows][C]
  int parts, channels, rows;
};

RW_KERNEL(node_backward_merge, NodeBackwardMerge) {
  RW_SHARED(shared);
  double* const space = reinterpret_cast<double*>(shared);
  const int slices = a.channels / slice, row = static_cast<int>(blockIdx.x / slices);
  const int c = static_cast<int>(blockIdx.x % slices) * slice + threadIdx.x % slice, lane = threadIdx.x / slice;
  const int count = row < 9 ? 9 : a.rows, own = row < 9 ? row : row - 9;
  const float* const partials = row < 9 ? a.filter_partials : a.input_partials;
  double sum = 0;
  for (int part = lane; part < a.parts; part += threads / slice) {
    sum += partials[(static_cast<i64>(part) * count + own) * a.channels + c];
  }
  space[threadIdx.x] = sum;
  barrier();
  if (lane == 0) {
    sum = 0;
    for (int i = 0; i < threads / slice; i++) sum += space[i * slice + threadIdx.x];
    (row < 9 ? a.dfilter : a.input_sums)[own * a.channels + c] = static_cast<float>(sum);
  }
}
