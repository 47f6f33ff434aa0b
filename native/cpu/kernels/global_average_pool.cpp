// SPDX-License-Identifier: Apache-2.0
//
// Average over the pixels of an image, [N][pixels][C] to [N][C]. One task takes an image. A row of up to 64 pixels is
// summed in float, rows in turn, so the error does not grow with the image.
#include "kernel.h"
#include "node.h"

namespace rw::RW_ISA {
namespace {

constexpr int average_row = 64;

template <typename T>
int global_average_pool(const rw_global_average_pool_args& a, int task) {
  const int64_t channels = a.channels;
  const T* source = static_cast<const T*>(a.source) + task * a.pixels * channels;
  T* target = static_cast<T*>(a.target) + task * channels;
  const vec share = broadcast(1.0f / static_cast<float>(a.pixels));
  for (int64_t c = 0; c < channels; c += lanes) {
    vec total = zeros();
    for (int first = 0; first < a.pixels; first += average_row) {
      vec row = zeros();
      for (int pixel = first; pixel < std::min(a.pixels, first + average_row); pixel++) {
        row = row + load(source + pixel * channels + c);
      }
      total = total + row;
    }
    store(target + c, total * share);
  }
  return RW_OK;
}

}  // namespace
}  // namespace rw::RW_ISA

RW_EXPORT_KERNEL(global_average_pool)(const rw_global_average_pool_args* args, int task, int /* worker */) {
  using namespace rw::RW_ISA;
  return by_type(args->type,
                 [=](auto* type) { return global_average_pool<std::remove_pointer_t<decltype(type)>>(*args, task); });
}
