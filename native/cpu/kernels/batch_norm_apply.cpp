// SPDX-License-Identifier: Apache-2.0
//
// y = scale[c] * (x - mean[c]) + shift[c], then perhaps a shortcut and a ReLU, one pass: x, y [M][C], C a multiple of
// 16. One task takes a range of pixels.
// The mean is taken away first: folded into the shift it costs digits where a channel hardly varies.
#include <algorithm>

#include "kernel.h"
#include "node.h"

namespace rw::RW_ISA {
namespace {

template <bool with_shortcut, bool is_rectified, typename T>
int apply(const rw_batch_norm_apply_args& a, int task) {
  const int64_t first = task * a.pixels_per_task, end = std::min(a.pixels, first + a.pixels_per_task);
  const T* x = static_cast<const T*>(a.x) + first * a.channels;
  const T* shortcut = with_shortcut ? static_cast<const T*>(a.shortcut) + first * a.channels : nullptr;
  T* y = static_cast<T*>(a.y) + first * a.channels;
  for (int64_t pixel = first; pixel < end; pixel++, x += a.channels, y += a.channels) {
    for (int64_t c = 0; c < a.channels; c += lanes) {
      vec v = fma(load(x + c) - load(a.mean + c), load(a.scale + c), load(a.shift + c));
      if constexpr (with_shortcut) v = v + load(shortcut + c);
      if constexpr (is_rectified) v = rectified(v);
      store(y + c, v);
    }
    if constexpr (with_shortcut) shortcut += a.channels;
  }
  return RW_OK;
}

template <typename T>
int apply(const rw_batch_norm_apply_args& a, int task) {
  if (a.shortcut != nullptr) return a.rectified != 0 ? apply<true, true, T>(a, task) : apply<true, false, T>(a, task);
  return a.rectified != 0 ? apply<false, true, T>(a, task) : apply<false, false, T>(a, task);
}

}  // namespace
}  // namespace rw::RW_ISA

RW_EXPORT_KERNEL(batch_norm_apply)(const rw_batch_norm_apply_args* args, int task, int /* worker */) {
  using namespace rw::RW_ISA;
  return by_type(args->type,
                 [=](auto* type) { return apply<std::remove_pointer_t<decltype(type)>>(*args, task); });
}
