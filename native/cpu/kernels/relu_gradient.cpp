// SPDX-License-Identifier: Apache-2.0
//
// dx = y > 0 ? dy : 0, where y is the output of the ReLU.
// Flat, elements a multiple of 16; bound by memory. One task takes a range of elements.
#include <algorithm>

#include "kernel.h"
#include "node.h"

namespace rw::RW_ISA {
namespace {

template <typename T>
int elementwise(const rw_relu_gradient_args& a, int task) {
  const T* y = static_cast<const T*>(a.y);
  const T* dy = static_cast<const T*>(a.dy);
  T* dx = static_cast<T*>(a.dx);
  const int64_t first = task * a.elements_per_task, end = std::min(a.elements, first + a.elements_per_task);
  for (int64_t i = first; i < end; i += lanes) store(dx + i, select_if_positive(load(y + i), load(dy + i), zeros()));
  return RW_OK;
}

}  // namespace
}  // namespace rw::RW_ISA

RW_EXPORT_KERNEL(relu_gradient)(const rw_relu_gradient_args* args, int task, int /* worker */) {
  using namespace rw::RW_ISA;
  return by_type(args->type,
                 [=](auto* type) { return elementwise<std::remove_pointer_t<decltype(type)>>(*args, task); });
}
