// SPDX-License-Identifier: Apache-2.0
//
// transposed[8 - tap][j][c] = filter[tap][c % group][c / group * group + j]: the filter that a grouped convolution's
// input gradient takes of the output's gradient. One task takes 16 channels.
#include "kernel.h"

RW_EXPORT_KERNEL(transpose_grouped_filter)(const rw_transpose_grouped_filter_args* args, int task, int /* worker */) {
  const rw_transpose_grouped_filter_args& a = *args;
  for (int tap = 0; tap < 9; tap++) {
    for (int j = 0; j < a.group; j++) {
      float* const target = a.transposed + static_cast<int64_t>((8 - tap) * a.group + j) * a.channels;
      for (int c = 16 * task; c < 16 * (task + 1); c++) {
        const int64_t input = tap * a.group + c % a.group;
        target[c] = a.filter[input * a.channels + c / a.group * a.group + j];
      }
    }
  }
  return RW_OK;
}
