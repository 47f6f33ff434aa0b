// SPDX-License-Identifier: Apache-2.0
//
// The gradient of a linear layer's input: dx[n][i] = sum over o of dy[n][o] * filter[i][o]. A task takes some inputs of
// every example. Rows of the filter are read once for eight examples, whose widened dy lies in the worker's scratch.
#include "kernel.h"
#include "node.h"

namespace rw::RW_ISA {
namespace {

constexpr int gradients_at_once = 8, filter_rows = 2;

template <int N, typename X, typename Y>
void multiply_gradient(const rw_linear_input_gradient_args& a, int first_example, int first, int end, float* dy) {
  const int64_t inputs = a.inputs, outputs = a.outputs;
  const Y* const source = static_cast<const Y*>(a.dy) + first_example * outputs;
  for (int64_t i = 0; i < N * outputs; i += lanes) store(dy + i, load(source + i));
  X* const dx = static_cast<X*>(a.dx) + first_example * inputs;
  for (int64_t i = first; i < end; i += filter_rows) {
    vec sums[N][filter_rows];
    RW_UNROLL for (int n = 0; n < N; n++) RW_UNROLL for (int k = 0; k < filter_rows; k++) sums[n][k] = zeros();
    const float* const rows = a.filter + i * outputs;
    for (int64_t o = 0; o < outputs; o += lanes) {
      vec w[filter_rows];
      RW_UNROLL for (int k = 0; k < filter_rows; k++) w[k] = load(rows + k * outputs + o);
      RW_UNROLL for (int n = 0; n < N; n++) {
        const vec d = load(dy + n * outputs + o);
        RW_UNROLL for (int k = 0; k < filter_rows; k++) sums[n][k] = fma(d, w[k], sums[n][k]);
      }
    }
    for (int n = 0; n < N; n++) {
      for (int k = 0; k < filter_rows; k++) store_one(dx + n * inputs + i + k, sum(sums[n][k]));
    }
  }
}

template <typename X, typename Y>
int input_gradient(const rw_linear_input_gradient_args& a, int task, int worker) {
  float* const dy = static_cast<float* const*>(a.worker_scratch)[worker];
  const int first = task * RW_LINEAR_INPUTS, end = std::min(a.inputs, first + RW_LINEAR_INPUTS);
  int example = 0;
  for (; example + gradients_at_once <= a.examples; example += gradients_at_once) {
    multiply_gradient<gradients_at_once, X, Y>(a, example, first, end, dy);
  }
  for (; example < a.examples; example++) multiply_gradient<1, X, Y>(a, example, first, end, dy);
  return RW_OK;
}

}  // namespace
}  // namespace rw::RW_ISA

RW_EXPORT_KERNEL(linear_input_gradient)(const rw_linear_input_gradient_args* args, int task, int worker) {
  using namespace rw::RW_ISA;
  return by_types(args->x_type, args->y_type, [=](auto* x, auto* y) {
    return input_gradient<std::remove_pointer_t<decltype(x)>, std::remove_pointer_t<decltype(y)>>(*args, task, worker);
  });
}
