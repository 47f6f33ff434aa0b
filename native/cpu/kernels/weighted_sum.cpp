// SPDX-License-Identifier: Apache-2.0
//
// y = scale * sum_i c_i x_i with c_i = mask_i * sigmoid(weight_i), or 1 for a term without weight. Add, mean, the
// weighted sum, the gradient of one of its inputs and the sum of a value's gradients are all this kernel.
//
// Flat: any shape, elements a multiple of 16. Four vectors at a time pass through all terms in registers, so each term
// is read once and y written once, whatever their number.
#include <algorithm>

#include "kernel.h"
#include "node.h"

namespace rw::RW_ISA {
namespace {

// N vectors at `offset` of the sum of c[i] * x[i].
template <int N, typename T>
inline void sum_vectors(const T* const* x, const float* c, int terms, int64_t offset, T* target) {
  vec sum[N];
  RW_UNROLL for (int j = 0; j < N; j++) sum[j] = load(x[0] + offset + lanes * j) * broadcast(c[0]);
  for (int i = 1; i < terms; i++) {
    const T* source = x[i] + offset;
    const vec factor = broadcast(c[i]);
    RW_UNROLL for (int j = 0; j < N; j++) sum[j] = fma(load(source + lanes * j), factor, sum[j]);
  }
  RW_UNROLL for (int j = 0; j < N; j++) store(target + lanes * j, sum[j]);
}

template <typename T>
int weighted_sum(const rw_weighted_sum_args& a, int task) {
  const auto* weight = static_cast<const float* const*>(a.weight);
  const auto* mask = static_cast<const float* const*>(a.mask);
  float c[max_terms];
  for (int i = 0; i < a.terms; i++) {
    c[i] = a.scale * (weight[i] == nullptr ? 1.0f : edge_coefficient(*weight[i], *mask[i]));
  }
  const T* const* x = static_cast<const T* const*>(a.x);
  T* y = static_cast<T*>(a.y);
  int64_t i = task * a.elements_per_task;
  const int64_t end = std::min(a.elements, i + a.elements_per_task);
  for (; i + 4 * lanes <= end; i += 4 * lanes) sum_vectors<4>(x, c, a.terms, i, y + i);
  for (; i < end; i += lanes) sum_vectors<1>(x, c, a.terms, i, y + i);
  return RW_OK;
}

}  // namespace
}  // namespace rw::RW_ISA

RW_EXPORT_KERNEL(weighted_sum)(const rw_weighted_sum_args* args, int task, int /* worker */) {
  using namespace rw::RW_ISA;
  if (args->terms < 1 || args->terms > max_terms) return RW_INVALID_ARGUMENT;
  return by_type(args->type,
                 [=](auto* type) { return weighted_sum<std::remove_pointer_t<decltype(type)>>(*args, task); });
}
