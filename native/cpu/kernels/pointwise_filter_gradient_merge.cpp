// SPDX-License-Identifier: Apache-2.0
//
// Adds the chunks of pointwise_filter_gradient.cpp in their order, in double.
#include "kernel.h"
#include "node.h"

RW_EXPORT_KERNEL(pointwise_filter_gradient_merge)(const rw_pointwise_filter_gradient_merge_args* args, int task,
                                                  int /* worker */) {
  using namespace rw::RW_ISA;
  const int64_t begin = task * args->elements_per_task;
  const int64_t end = std::min(args->elements, begin + args->elements_per_task);
  for (int64_t first = begin; first < end; first += lanes) {
    double total[lanes] = {};
    for (int i = 0; i < args->partial_count; i++) {
      const float* const partial = args->partials + i * args->elements + first;
      for (int j = 0; j < lanes; j++) total[j] += partial[j];
    }
    for (int j = 0; j < lanes; j++) args->dfilter[first + j] = static_cast<float>(total[j]);
  }
  return RW_OK;
}
