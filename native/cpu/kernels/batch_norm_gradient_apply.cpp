// SPDX-License-Identifier: Apache-2.0
//
// dx = scale[c] * (dy - dy_mean[c] - slope[c] * (x - mean[c])), one pass: all [M][C], C a multiple of 16.
// One task takes a range of pixels. Differences come first, since scale is large where a channel hardly varies.
#include <algorithm>

#include "kernel.h"
#include "node.h"

namespace rw::RW_ISA {
namespace {

template <typename T>
int apply(const rw_batch_norm_gradient_apply_args& a, int task) {
  const int64_t first = task * a.pixels_per_task, end = std::min(a.pixels, first + a.pixels_per_task);
  const T* x = static_cast<const T*>(a.x) + first * a.channels;
  const T* dy = static_cast<const T*>(a.dy) + first * a.channels;
  T* dx = static_cast<T*>(a.dx) + first * a.channels;
  for (int64_t pixel = first; pixel < end; pixel++, x += a.channels, dy += a.channels, dx += a.channels) {
    for (int64_t c = 0; c < a.channels; c += lanes) {
      const vec explained = load(a.slope + c) * (load(x + c) - load(a.batch_mean + c));
      store(dx + c, load(a.scale + c) * ((load(dy + c) - load(a.dy_mean + c)) - explained));
    }
  }
  return RW_OK;
}

}  // namespace
}  // namespace rw::RW_ISA

RW_EXPORT_KERNEL(batch_norm_gradient_apply)(const rw_batch_norm_gradient_apply_args* args, int task,
                                            int /* worker */) {
  using namespace rw::RW_ISA;
  return by_type(args->type,
                 [=](auto* type) { return apply<std::remove_pointer_t<decltype(type)>>(*args, task); });
}
