// SPDX-License-Identifier: Apache-2.0
//
// dx = scale[c] * (g - dy_mean[c] - slope[c] * (x - mean[c])), one pass: all [M][C], C a multiple of 16; g is dy or, behind
// a ReLU, what its mask leaves of it.
// One task takes a range of pixels. Differences come first, since scale is large where a channel hardly varies.
#include <algorithm>

#include "batch_norm.h"
#include "kernel.h"
#include "node.h"

namespace rw::RW_ISA {
namespace {

template <int mask, bool with_more, typename T>
int apply(const rw_batch_norm_gradient_apply_args& a, int task) {
  const int64_t first = task * a.pixels_per_task, end = std::min(a.pixels, first + a.pixels_per_task);
  const T* const x = static_cast<const T*>(a.x);
  const T* const dy = static_cast<const T*>(a.dy);
  const T* const more_dy = static_cast<const T*>(a.more_dy);
  T* const dx = static_cast<T*>(a.dx);
  for (int64_t at = first * a.channels; at < end * a.channels; at += a.channels) {
    for (int64_t c = 0; c < a.channels; c += lanes) {
      const vec centred = load(x + at + c) - load(a.batch_mean + c);
      const vec g = gradient_behind_relu<mask, with_more, T>(
          dy + at + c, with_more ? more_dy + at + c : nullptr, nullptr, centred, a.scale + c,
          mask == RW_MASK_NORMALISED ? a.bias + c : nullptr);
      store(dx + at + c, load(a.scale + c) * ((g - load(a.dy_mean + c)) - load(a.slope + c) * centred));
    }
  }
  return RW_OK;
}

}  // namespace
}  // namespace rw::RW_ISA

RW_EXPORT_KERNEL(batch_norm_gradient_apply)(const rw_batch_norm_gradient_apply_args* args, int task,
                                            int /* worker */) {
  using namespace rw::RW_ISA;
  return by_mask(args->mask, args->more_dy != nullptr, [=](auto mask, auto with_more) -> int {
    if constexpr (mask == RW_MASK_OUTPUT) {
      return RW_INVALID_ARGUMENT;
    } else {
      return by_type(args->type, [=](auto* type) {
        return apply<mask, with_more, std::remove_pointer_t<decltype(type)>>(*args, task);
      });
    }
  });
}
