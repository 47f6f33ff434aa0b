// SPDX-License-Identifier: Apache-2.0
//
// The pointwise convolution: each task multiplies its pixels with the packed filter, block by block, so that a block
// of x stays in the cache while the panels of the filter pass by.
#include "kernel.h"
#include "product.h"

namespace rw::RW_ISA {
namespace {

// Whole tiles: of eight pixels, and of seven.
constexpr int cached_pixels = 56;

template <typename T>
int multiply(const rw_pointwise_args& a, int task) {
  const T* const x = static_cast<const T*>(a.x);
  T* const y = static_cast<T*>(a.y);
  const Tiles tiles(a.inputs);
  const int64_t begin = task * a.pixels_per_task;
  const int64_t end = std::min(a.pixels, begin + a.pixels_per_task);
  for (int64_t first = begin; first < end; first += cached_pixels) {
    T* const target = y + first * a.outputs;
    const int64_t pixels = std::min<int64_t>(cached_pixels, end - first), next = first + pixels;
    Ahead ahead;
    ahead.add(x + next * a.inputs, std::min<int64_t>(cached_pixels, end - next) * a.inputs);
    ahead.spread(product_steps<T>(pixels, a.inputs, a.outputs / lanes));
    product(tiles, x + first * a.inputs, a.inputs, pixels, static_cast<const T*>(a.packed), a.inputs, a.outputs / lanes, ahead,
            [=](int64_t pixel, int64_t vector, vec sum) {
              store_rounded(target + pixel * a.outputs + vector * lanes, sum);
            });
  }
  return RW_OK;
}

}  // namespace
}  // namespace rw::RW_ISA

RW_EXPORT_KERNEL(pointwise)(const rw_pointwise_args* args, int task, int /* worker */) {
  using namespace rw::RW_ISA;
  return by_type(args->type, [=](auto* type) { return multiply<std::remove_pointer_t<decltype(type)>>(*args, task); });
}
