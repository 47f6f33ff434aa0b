// SPDX-License-Identifier: Apache-2.0
//
// Adds the partial sums of squared_norm.cpp in the order of its tasks. One task.
#include <algorithm>

#include "kernel.h"

RW_EXPORT_KERNEL(squared_norm_merge)(const rw_squared_norm_merge_args* args, int /* task */, int /* worker */) {
  const rw_squared_norm_merge_args& a = *args;
  std::fill_n(a.result, a.result_elements, 0.0);
  for (int i = 0; i < a.partial_count; i++) a.result[0] += a.partials[i];
  return RW_OK;
}
