// SPDX-License-Identifier: Apache-2.0
//
// y = max(x, 0); a NaN stays a NaN, so that a diverged run is seen.
// Flat, elements a multiple of 16; bound by memory. One task takes a range of elements.
#include <algorithm>

#include "kernel.h"
#include "node.h"

namespace rw::RW_ISA {
namespace {

template <typename T>
int elementwise(const rw_relu_args& a, int task) {
  const T* x = static_cast<const T*>(a.x);
  T* y = static_cast<T*>(a.y);
  const int64_t first = task * a.elements_per_task, end = std::min(a.elements, first + a.elements_per_task);
  for (int64_t i = first; i < end; i += lanes) store(y + i, rectified(load(x + i)));
  return RW_OK;
}

}  // namespace
}  // namespace rw::RW_ISA

RW_EXPORT_KERNEL(relu)(const rw_relu_args* args, int task, int /* worker */) {
  using namespace rw::RW_ISA;
  return by_type(args->type,
                 [=](auto* type) { return elementwise<std::remove_pointer_t<decltype(type)>>(*args, task); });
}
