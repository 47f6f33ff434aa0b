// SPDX-License-Identifier: Apache-2.0
//
// The two sums of batch normalisation's gradient without a pass over memory. The output's gradient is a weighted sum
// of tensors e_t, and whoever wrote e_t had x at hand and left the sums of e_t and of e_t * (x - mean); the sums of
// the weighted sum are the weighted sums of these.
#include "batch_norm.h"
#include "kernel.h"
#include "node.h"

RW_EXPORT_KERNEL(batch_norm_gradient_gather)(const rw_batch_norm_gradient_gather_args* args, int task,
                                             int /* worker */) {
  using namespace rw::RW_ISA;
  const rw_batch_norm_gradient_gather_args& a = *args;
  if (a.terms < 1 || a.terms > max_terms) return RW_INVALID_ARGUMENT;
  const auto* plain_sums = static_cast<const float* const*>(a.plain);
  const auto* centred_sums = static_cast<const float* const*>(a.centred);
  const auto* weight = static_cast<const float* const*>(a.edge_weight);
  const auto* mask = static_cast<const float* const*>(a.edge_mask);
  double coefficient[max_terms];
  for (int i = 0; i < a.terms; i++) coefficient[i] = edge_coefficient(*weight[i], *mask[i]);
  for (int64_t c = lanes * task; c < lanes * (task + 1); c++) {
    if (c >= a.channels) {
      clear_gradient(a, c);
      continue;
    }
    double plain = 0, centred = 0;
    for (int i = 0; i < a.terms; i++) {
      plain += coefficient[i] * plain_sums[i][c];
      centred += coefficient[i] * centred_sums[i][c];
    }
    finish_gradient(a, c, plain, centred);
  }
  return RW_OK;
}
