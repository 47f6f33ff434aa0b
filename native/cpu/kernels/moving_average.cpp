// SPDX-License-Identifier: Apache-2.0
//
// average = decay * average + (1 - decay) * parameters over flat float arrays, in place. One task takes a range.
#include <algorithm>

#include "kernel.h"

RW_EXPORT_KERNEL(moving_average)(const rw_moving_average_args* args, int task, int /* worker */) {
  using namespace rw::RW_ISA;
  const rw_moving_average_args& a = *args;
  if (a.hyperparameters[RW_GRADIENT_SCALE] != a.hyperparameters[RW_GRADIENT_SCALE]) return RW_OK;
  const float decay = a.hyperparameters[RW_AVERAGE_DECAY], rest = 1 - decay;
  int64_t i = task * a.elements_per_task;
  const int64_t end = std::min(a.elements, i + a.elements_per_task);
  for (; i + lanes <= end; i += lanes) {
    store(a.average + i, fma(broadcast(decay), load(a.average + i), broadcast(rest) * load(a.parameters + i)));
  }
  for (; i < end; i++) a.average[i] = std::fma(decay, a.average[i], rest * a.parameters[i]);
  return RW_OK;
}
