// SPDX-License-Identifier: Apache-2.0
//
// The gradient of the maximum over a window: x [N][H][W][C], dy [N][H'][W'][C] to dx [N][H][W][C]. Each output's
// gradient goes to the first of the largest inputs in row order (a NaN is the largest), found again from x: storing
// the positions in the forward pass would cost more memory traffic than the few windows of a network's stem.
#include <limits>

#include "kernel.h"
#include "pool.h"

namespace rw::RW_ISA {
namespace {

template <typename T>
int max_pool_gradient(const rw_pool_args& a, int task, int worker) {
  pool_gradient<T>(a, task, worker, [&](const T* x, const T* dy, int oy, int ox, float* dx) {
    float largest[lanes];
    int at[lanes];
    std::fill_n(at, lanes, -1);
    for_window(a, oy, ox, [&](int pixel) {
      float v[lanes];
      store(v, load(x + static_cast<int64_t>(pixel) * a.channels));
      for (int i = 0; i < lanes; i++) {
        const bool larger = at[i] < 0 || v[i] > largest[i] || v[i] != v[i];
        largest[i] = larger ? v[i] : largest[i];
        at[i] = larger ? pixel : at[i];
      }
    });
    for (int i = 0; i < lanes; i++) {
      if (at[i] >= 0) dx[static_cast<int64_t>(at[i]) * lanes + i] += load_one(dy + i);
    }
  });
  return RW_OK;
}

}  // namespace
}  // namespace rw::RW_ISA

RW_EXPORT_KERNEL(max_pool_gradient)(const rw_pool_args* args, int task, int worker) {
  using namespace rw::RW_ISA;
  return by_type(args->type, [=](auto* type) {
    return max_pool_gradient<std::remove_pointer_t<decltype(type)>>(*args, task, worker);
  });
}
