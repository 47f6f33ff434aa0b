// SPDX-License-Identifier: Apache-2.0
//
// Adds the partial sums of batch_norm_gradient_sums.cpp in the order of its tasks, in double, and gives the gradients
// of weight and bias and the terms of dx. One task takes 16 channels.
#include "batch_norm.h"
#include "kernel.h"

RW_EXPORT_KERNEL(batch_norm_gradient_merge)(const rw_batch_norm_gradient_merge_args* args, int task, int /* worker */) {
  const rw_batch_norm_gradient_merge_args& a = *args;
  for (int64_t c = 16 * task; c < 16 * (task + 1); c++) {
    if (c >= a.channels) {
      rw::RW_ISA::clear_gradient(a, c);
      continue;
    }
    double plain = 0, centred = 0;
    for (int64_t i = 0; i < a.partials; i++) {
      plain += a.sums[i * 2 * a.stored_channels + c];
      centred += a.sums[(i * 2 + 1) * a.stored_channels + c];
    }
    rw::RW_ISA::finish_gradient(a, c, plain, centred);
  }
  return RW_OK;
}
