// SPDX-License-Identifier: Apache-2.0
//
// The gradient of the average over a window, padding not counted: dy [N][H'][W'][C] to dx [N][H][W][C].
#include "kernel.h"
#include "pool.h"

namespace rw::RW_ISA {
namespace {

template <typename T>
int average_pool_gradient(const rw_pool_args& a, int task, int worker) {
  pool_gradient<T>(a, task, worker, [&](const T*, const T* dy, int oy, int ox, float* dx) {
    const vec share = load(dy) * broadcast(1.0f / static_cast<float>(std::max(1, window_pixels(a, oy, ox))));
    for_window(a, oy, ox, [&](int64_t pixel) { store(dx + pixel * lanes, load(dx + pixel * lanes) + share); });
  });
  return RW_OK;
}

}  // namespace
}  // namespace rw::RW_ISA

RW_EXPORT_KERNEL(average_pool_gradient)(const rw_pool_args* args, int task, int worker) {
  using namespace rw::RW_ISA;
  return by_type(args->type, [=](auto* type) {
    return average_pool_gradient<std::remove_pointer_t<decltype(type)>>(*args, task, worker);
  });
}
