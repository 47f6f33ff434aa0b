// SPDX-License-Identifier: Apache-2.0
//
// The gradient of a weighted sum's raw edge weights: mask * s * (1 - s) * sum(x_i * dy), s = sigmoid(weight), from the
// partial sums of weighted_sum_products.cpp in the order of its tasks. One task.
#include "kernel.h"
#include "node.h"

RW_EXPORT_KERNEL(weighted_sum_merge)(const rw_weighted_sum_merge_args* args, int /* task */, int /* worker */) {
  const rw_weighted_sum_merge_args& a = *args;
  for (int64_t i = 0; i < a.weight_elements; i++) {
    a.dweight[i] = i < a.inputs ? rw::RW_ISA::edge_gradient(a.partials + i, a.inputs, a.partial_count, a.weight[i],
                                                            a.mask[i])
                                : 0.0f;
  }
  return RW_OK;
}
