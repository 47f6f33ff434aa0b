// SPDX-License-Identifier: Apache-2.0
//
// Merges the partial statistics of batch_norm_statistics.cpp in the order of its tasks (Chan, Golub and LeVeque 1983,
// in double), updates the running statistics and gives scale and shift of y = scale * (x - mean) + shift.
// One task takes 16 channels. Padded channels get zeros everywhere; their running statistics are not touched.
#include <algorithm>
#include <cmath>

#include "kernel.h"

namespace rw::RW_ISA {
namespace {

struct Moments {
  double mean = 0, m2 = 0;
};

Moments merge(const rw_batch_norm_merge_args& a, int64_t channel) {
  Moments all;
  for (int64_t i = 0; i < a.partials; i++) {
    const double* partial = a.statistics + i * 2 * a.stored_channels + channel;
    const double before = static_cast<double>(i * a.pixels_per_task);
    const double count = static_cast<double>(std::min(a.pixels - i * a.pixels_per_task, a.pixels_per_task));
    const double weight = count / (before + count), delta = partial[0] - all.mean;
    all.mean += weight * delta;
    all.m2 += partial[a.stored_channels] + weight * before * delta * delta;
  }
  return all;
}

void merge_channel(const rw_batch_norm_merge_args& a, int64_t c) {
  const Moments moments = merge(a, c);
  const double pixels = static_cast<double>(a.pixels), variance = moments.m2 / pixels;
  a.batch_mean[c] = static_cast<float>(moments.mean);
  a.batch_variance[c] = static_cast<float>(variance);
  if (a.updates_running != 0) {
    const double unbiased = moments.m2 / std::max(1.0, pixels - 1);
    a.running_mean[c] = static_cast<float>((1 - a.momentum) * a.running_mean[c] + a.momentum * moments.mean);
    a.running_variance[c] = static_cast<float>((1 - a.momentum) * a.running_variance[c] + a.momentum * unbiased);
  }
  if (a.scale != nullptr) {
    a.scale[c] = static_cast<float>(a.weight[c] / std::sqrt(variance + a.epsilon));
    a.shift[c] = a.bias[c];
  }
}

}  // namespace
}  // namespace rw::RW_ISA

RW_EXPORT_KERNEL(batch_norm_merge)(const rw_batch_norm_merge_args* args, int task, int /* worker */) {
  const rw_batch_norm_merge_args& a = *args;
  const int64_t end = std::min<int64_t>(a.stored_channels, 16 * (task + 1));
  for (int64_t c = 16 * task; c < end; c++) {
    if (c < a.channels) {
      rw::RW_ISA::merge_channel(a, c);
    } else {
      a.batch_mean[c] = a.batch_variance[c] = 0;
      if (a.scale != nullptr) a.scale[c] = a.shift[c] = 0;
    }
  }
  return RW_OK;
}
