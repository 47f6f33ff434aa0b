// SPDX-License-Identifier: Apache-2.0
//
// Adds the partial sums of batch_norm_gradient_sums.cpp in the order of its tasks, in double, and gives the gradients
// of weight and bias and the terms of dx = scale * (dy - dy_mean - slope * (x - mean)) (Ioffe and Szegedy 2015,
// section 3):
//   dx = weight / sigma * (dy - sum(dy) / M - xhat * sum(dy * xhat) / M),  xhat = (x - mean) / sigma
// One task takes 16 channels; padded channels get zeros everywhere.
#include <cmath>

#include "kernel.h"

namespace rw::RW_ISA {
namespace {

void merge_channel(const rw_batch_norm_gradient_merge_args& a, int64_t c) {
  double plain = 0, centred = 0;
  for (int64_t i = 0; i < a.partials; i++) {
    plain += a.sums[i * 2 * a.stored_channels + c];
    centred += a.sums[(i * 2 + 1) * a.stored_channels + c];
  }
  const double inverse_sigma = 1 / std::sqrt(a.batch_variance[c] + a.epsilon), pixels = static_cast<double>(a.pixels);
  const double dweight = centred * inverse_sigma;
  a.dweight[c] = static_cast<float>(dweight);
  a.dbias[c] = static_cast<float>(plain);
  a.scale[c] = static_cast<float>(a.weight[c] * inverse_sigma);
  a.dy_mean[c] = static_cast<float>(plain / pixels);
  a.slope[c] = static_cast<float>(inverse_sigma * dweight / pixels);
}

}  // namespace
}  // namespace rw::RW_ISA

RW_EXPORT_KERNEL(batch_norm_gradient_merge)(const rw_batch_norm_gradient_merge_args* args, int task, int /* worker */) {
  const rw_batch_norm_gradient_merge_args& a = *args;
  for (int64_t c = 16 * task; c < 16 * (task + 1); c++) {
    if (c < a.channels) {
      rw::RW_ISA::merge_channel(a, c);
    } else {
      a.dweight[c] = a.dbias[c] = a.scale[c] = a.dy_mean[c] = a.slope[c] = 0;
    }
  }
  return RW_OK;
}
