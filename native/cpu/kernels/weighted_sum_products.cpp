// SPDX-License-Identifier: Apache-2.0
//
// Partial sums of x_i * dy over one task's elements, for the gradient of a weighted sum's edge weights.
//
// Elements are taken in blocks that stay in L1, so dy comes from memory once for all inputs. A block is summed in
// float, blocks in double.
#include <algorithm>

#include "kernel.h"
#include "node.h"

namespace rw::RW_ISA {
namespace {

constexpr int64_t product_block = 4096;

template <typename T>
int products(const rw_weighted_sum_products_args& a, int task) {
  double* const partial = a.partials + static_cast<int64_t>(task) * a.inputs;
  std::fill_n(partial, a.inputs, 0.0);
  const T* const* x = static_cast<const T* const*>(a.x);
  const T* dy = static_cast<const T*>(a.dy);
  const int64_t first = task * a.elements_per_task, end = std::min(a.elements, first + a.elements_per_task);
  for (int64_t block = first; block < end; block += product_block) {
    const int64_t count = std::min(product_block, end - block);
    for (int i = 0; i < a.inputs; i++) partial[i] += dot(x[i] + block, dy + block, count);
  }
  return RW_OK;
}

}  // namespace
}  // namespace rw::RW_ISA

RW_EXPORT_KERNEL(weighted_sum_products)(const rw_weighted_sum_products_args* args, int task, int /* worker */) {
  using namespace rw::RW_ISA;
  return by_type(args->type,
                 [=](auto* type) { return products<std::remove_pointer_t<decltype(type)>>(*args, task); });
}
