// SPDX-License-Identifier: Apache-2.0
//
// The gradient of the average over an image's pixels, [N][C] to [N][pixels][C]. One task takes an image.
#include "kernel.h"
#include "node.h"

namespace rw::RW_ISA {
namespace {

template <typename T>
int spread(const rw_global_average_pool_args& a, int task) {
  const int64_t channels = a.channels;
  const T* source = static_cast<const T*>(a.source) + task * channels;
  T* target = static_cast<T*>(a.target) + task * a.pixels * channels;
  const vec share = broadcast(1.0f / static_cast<float>(a.pixels));
  for (int pixel = 0; pixel < a.pixels; pixel++, target += channels) {
    for (int64_t c = 0; c < channels; c += lanes) store(target + c, load(source + c) * share);
  }
  return RW_OK;
}

}  // namespace
}  // namespace rw::RW_ISA

RW_EXPORT_KERNEL(global_average_pool_gradient)(const rw_global_average_pool_args* args, int task, int /* worker */) {
  using namespace rw::RW_ISA;
  return by_type(args->type,
                 [=](auto* type) { return spread<std::remove_pointer_t<decltype(type)>>(*args, task); });
}
