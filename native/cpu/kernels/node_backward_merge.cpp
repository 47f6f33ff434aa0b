// SPDX-License-Identifier: Apache-2.0
//
// Adds the partial sums of node_backward.cpp in the order of its tasks, in double.
//
// Task 0 gives the gradients of the edges' raw weights; task 1 + b those of the filters of channels 16b to 16b + 15.
// The partial sums of filters are [partials][C / 16][9][16], the gradient is [3][3][C].
#include "kernel.h"
#include "node.h"

namespace rw::RW_ISA {
namespace {

void merge_edges(const rw_node_backward_merge_args& a) {
  for (int64_t i = 0; i < a.weight_elements; i++) {
    a.dweight[i] =
        i < a.inputs ? edge_gradient(a.edge_partials + i, a.inputs, a.partials, a.weight[i], a.mask[i]) : 0.0f;
  }
}

void merge_filters(const rw_node_backward_merge_args& a, int block) {
  double total[9 * lanes] = {};
  for (int i = 0; i < a.partials; i++) {
    const float* partial = a.filter_partials + (static_cast<int64_t>(i) * a.channels + block * lanes) * 9;
    for (int j = 0; j < 9 * lanes; j++) total[j] += partial[j];
  }
  for (int tap = 0; tap < 9; tap++) {
    float* target = a.dfilter + tap * a.channels + block * lanes;
    for (int j = 0; j < lanes; j++) target[j] = static_cast<float>(total[tap * lanes + j]);
  }
}

}  // namespace
}  // namespace rw::RW_ISA

RW_EXPORT_KERNEL(node_backward_merge)(const rw_node_backward_merge_args* args, int task, int /* worker */) {
  using namespace rw::RW_ISA;
  if (task == 0) {
    merge_edges(*args);
  } else {
    merge_filters(*args, task - 1);
  }
  return RW_OK;
}
