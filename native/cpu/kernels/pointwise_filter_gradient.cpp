// SPDX-License-Identifier: Apache-2.0
//
// The gradient of a pointwise filter: a task adds up x[pixel][i] * dy[pixel][o] over its pixels for its inputs.
//
// Pixels are taken in blocks that stay in the cache (product.h, outer_products). The blocks' sums are added in their
// order.
#include "kernel.h"
#include "product.h"

namespace rw::RW_ISA {
namespace {

// Pixels of a block. Tiles are quick enough for reading and writing the sums to count; half as wide, twice as many
// factors fit into the scratch.
template <typename T>
constexpr int block_pixels = RW_FILTER_GRADIENT_PIXELS * (in_tiles<T>(RW_FILTER_GRADIENT_PIXELS) ? 2 : 1);

template <typename T>
int run(const rw_pointwise_filter_gradient_args& a, int task, int worker) {
  const int blocks = (a.inputs + a.inputs_per_task - 1) / a.inputs_per_task;
  const int first_input = task % blocks * a.inputs_per_task;
  const int inputs = std::min(a.inputs - first_input, a.inputs_per_task);
  const int64_t chunk = task / blocks;
  const int64_t first_pixel = chunk * a.pixels_per_task;
  const int64_t end_pixel = std::min(a.pixels, first_pixel + a.pixels_per_task);
  auto* const scratch = static_cast<typename Factor<T>::type*>(static_cast<void* const*>(a.worker_scratch)[worker]);
  const Tiles tiles(tile_depth);
  float* const sums = a.partials + (chunk * a.inputs + first_input) * a.outputs;

  for (int64_t pixel = first_pixel; pixel < end_pixel; pixel += block_pixels<T>) {
    const int pixels = static_cast<int>(std::min<int64_t>(block_pixels<T>, end_pixel - pixel));
    const T* const x = static_cast<const T*>(a.x) + pixel * a.inputs;
    const T* const dy = static_cast<const T*>(a.dy) + pixel * a.outputs;
    const int64_t following = std::min<int64_t>(block_pixels<T>, end_pixel - pixel - pixels);
    Ahead ahead;
    ahead.add(dy + static_cast<int64_t>(pixels) * a.outputs, following * a.outputs);
    ahead.add(x + static_cast<int64_t>(pixels) * a.inputs, following * a.inputs);
    ahead.spread(outer_steps<T>(pixels, inputs, a.outputs / lanes));
    outer_products(tiles, x + first_input, a.inputs, inputs, dy, a.outputs, a.outputs, pixels, sums, pixel == first_pixel,
                   scratch, ahead);
  }
  return RW_OK;
}

}  // namespace
}  // namespace rw::RW_ISA

RW_EXPORT_KERNEL(pointwise_filter_gradient)(const rw_pointwise_filter_gradient_args* args, int task, int worker) {
  using namespace rw::RW_ISA;
  return by_type(args->type, [=](auto* type) { return run<std::remove_pointer_t<decltype(type)>>(*args, task, worker); });
}
