// SPDX-License-Identifier: Apache-2.0
//
// Maximum over a window, padding never wins: x [N][H][W][C] to y [N][H'][W'][C]. A NaN in the window wins.
// One task takes an image.
#include <limits>

#include "kernel.h"
#include "pool.h"

namespace rw::RW_ISA {
namespace {

template <typename T>
int max_pool(const rw_pool_args& a, int task) {
  const int64_t channels = a.channels;
  const T* x = static_cast<const T*>(a.x) + static_cast<int64_t>(task) * a.height * a.width * channels;
  T* y = static_cast<T*>(a.y) + static_cast<int64_t>(task) * a.out_height * a.out_width * channels;
  for (int oy = 0; oy < a.out_height; oy++) {
    for (int ox = 0; ox < a.out_width; ox++, y += channels) {
      for (int64_t c = 0; c < channels; c += lanes) {
        vec largest = broadcast(-std::numeric_limits<float>::infinity());
        for_window(a, oy, ox, [&](int64_t pixel) {
          // max keeps its second argument where either is NaN, so a NaN stays; v * v + 1 > 0 fails for a new one.
          const vec v = load(x + pixel * channels + c);
          largest = select_if_positive(fma(v, v, broadcast(1)), max(v, largest), v);
        });
        store(y + c, largest);
      }
    }
  }
  return RW_OK;
}

}  // namespace
}  // namespace rw::RW_ISA

RW_EXPORT_KERNEL(max_pool)(const rw_pool_args* args, int task, int /* worker */) {
  using namespace rw::RW_ISA;
  return by_type(args->type, [=](auto* type) { return max_pool<std::remove_pointer_t<decltype(type)>>(*args, task); });
}
