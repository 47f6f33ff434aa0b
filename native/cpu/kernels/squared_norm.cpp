// SPDX-License-Identifier: Apache-2.0
//
// The sum of squares of a task's elements of a flat float array, in double: sixteen running sums, added in order.
// Squares of floats are exact in double, so the sum is infinite or NaN only if an element is.
#include <algorithm>

#include "kernel.h"

RW_EXPORT_KERNEL(squared_norm)(const rw_squared_norm_args* args, int task, int /* worker */) {
  using namespace rw::RW_ISA;
  const rw_squared_norm_args& a = *args;
  double sums[lanes] = {};
  int64_t i = task * a.elements_per_task;
  const int64_t end = std::min(a.elements, i + a.elements_per_task);
  for (; i + lanes <= end; i += lanes) {
    for (int j = 0; j < lanes; j++) {
      const double x = a.x[i + j];
      sums[j] += x * x;
    }
  }
  for (int j = 0; i < end; i++, j++) {
    const double x = a.x[i];
    sums[j] += x * x;
  }
  double total = 0;
  for (double sum : sums) total += sum;
  a.partials[task] = total;
  return RW_OK;
}
