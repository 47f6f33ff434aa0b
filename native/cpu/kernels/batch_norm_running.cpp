// SPDX-License-Identifier: Apache-2.0
//
// Scale and shift of batch normalisation by running statistics, y = scale * (x - mean) + shift, for inference.
// One task takes 16 channels; padded channels get zeros.
#include <cmath>

#include "kernel.h"

RW_EXPORT_KERNEL(batch_norm_running)(const rw_batch_norm_running_args* args, int task, int /* worker */) {
  const rw_batch_norm_running_args& a = *args;
  for (int c = 16 * task; c < 16 * (task + 1); c++) {
    const bool padding = c >= a.channels;
    a.scale[c] = padding ? 0 : static_cast<float>(a.weight[c] / std::sqrt(a.running_variance[c] + a.epsilon));
    a.shift[c] = padding ? 0 : a.bias[c];
  }
  return RW_OK;
}
