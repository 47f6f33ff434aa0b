// SPDX-License-Identifier: Apache-2.0
//
// A linear layer: y[n][o] = bias[o] + sum over i of x[n][i] * filter[i][o]. A task takes some outputs of every example.
//
// A step streams the filter, which is far larger than everything else: four of its rows at a time meet eight examples,
// whose sums stay in the first cache. Widened inputs lie in the worker's scratch.
#include "kernel.h"
#include "node.h"

namespace rw::RW_ISA {
namespace {

constexpr int columns = RW_LINEAR_OUTPUTS, examples_at_once = 8, rows_at_once = 4;

template <int N, typename X, typename Y>
void multiply(const rw_linear_args& a, int first_example, int first, int end, float* x) {
  alignas(64) float sums[N][columns];
  const int64_t inputs = a.inputs, outputs = a.outputs;
  const X* const source = static_cast<const X*>(a.x) + first_example * inputs;
  for (int64_t i = 0; i < N * inputs; i += lanes) store(x + i, load(source + i));
  for (int n = 0; n < N; n++) std::copy(a.bias + first, a.bias + end, sums[n]);
  for (int64_t i = 0; i < inputs; i += rows_at_once) {
    const float* const rows = a.filter + i * outputs + first;
    for (int c = 0; c < end - first; c += lanes) {
      vec w[rows_at_once];
      RW_UNROLL for (int k = 0; k < rows_at_once; k++) w[k] = load(rows + k * outputs + c);
      RW_UNROLL for (int n = 0; n < N; n++) {
        vec sum = load_aligned(sums[n] + c);
        RW_UNROLL for (int k = 0; k < rows_at_once; k++) sum = fma(broadcast(x[n * inputs + i + k]), w[k], sum);
        store_aligned(sums[n] + c, sum);
      }
    }
  }
  Y* const y = static_cast<Y*>(a.y) + first_example * outputs + first;
  for (int n = 0; n < N; n++) {
    for (int c = 0; c < end - first; c += lanes) store_rounded(y + n * outputs + c, load_aligned(sums[n] + c));
  }
}

template <typename X, typename Y>
int linear(const rw_linear_args& a, int task, int worker) {
  float* const x = static_cast<float* const*>(a.worker_scratch)[worker];
  const int first = task * columns, end = std::min(a.outputs, first + columns);
  int example = 0;
  for (; example + examples_at_once <= a.examples; example += examples_at_once) {
    multiply<examples_at_once, X, Y>(a, example, first, end, x);
  }
  for (; example < a.examples; example++) multiply<1, X, Y>(a, example, first, end, x);
  return RW_OK;
}

}  // namespace
}  // namespace rw::RW_ISA

RW_EXPORT_KERNEL(linear)(const rw_linear_args* args, int task, int worker) {
  using namespace rw::RW_ISA;
  return by_types(args->x_type, args->y_type, [=](auto* x, auto* y) {
    return linear<std::remove_pointer_t<decltype(x)>, std::remove_pointer_t<decltype(y)>>(*args, task, worker);
  });
}
