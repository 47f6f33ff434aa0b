// SPDX-License-Identifier: Apache-2.0
//
// Average over a window, padding not counted: x [N][H][W][C] to y [N][H'][W'][C]. One task takes an image.
#include "kernel.h"
#include "pool.h"

namespace rw::RW_ISA {
namespace {

template <typename T>
int average_pool(const rw_pool_args& a, int task) {
  const int64_t channels = a.channels;
  const T* x = static_cast<const T*>(a.x) + static_cast<int64_t>(task) * a.height * a.width * channels;
  T* y = static_cast<T*>(a.y) + static_cast<int64_t>(task) * a.out_height * a.out_width * channels;
  for (int oy = 0; oy < a.out_height; oy++) {
    for (int ox = 0; ox < a.out_width; ox++, y += channels) {
      const vec share = broadcast(1.0f / static_cast<float>(std::max(1, window_pixels(a, oy, ox))));
      for (int64_t c = 0; c < channels; c += lanes) {
        vec total = zeros();
        for_window(a, oy, ox, [&](int64_t pixel) { total = total + load(x + pixel * channels + c); });
        store(y + c, total * share);
      }
    }
  }
  return RW_OK;
}

}  // namespace
}  // namespace rw::RW_ISA

RW_EXPORT_KERNEL(average_pool)(const rw_pool_args* args, int task, int /* worker */) {
  using namespace rw::RW_ISA;
  return by_type(args->type,
                 [=](auto* type) { return average_pool<std::remove_pointer_t<decltype(type)>>(*args, task); });
}
