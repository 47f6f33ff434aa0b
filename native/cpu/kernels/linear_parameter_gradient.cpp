// SPDX-License-Identifier: Apache-2.0
//
// The gradients of a linear layer's filter and bias: dfilter[i][o] = sum over n of x[n][i] * dy[n][o] and dbias[o] = sum
// over n of dy[n][o], in the order of the examples. A task takes some inputs, the last one the bias. A tile of inputs
// times outputs stays in registers over the examples; memory sees the filter's gradient written once.
#include "kernel.h"
#include "node.h"

namespace rw::RW_ISA {
namespace {

constexpr int gradient_inputs = 4;

template <int NV, typename X, typename Y>
void gradient_tile(const rw_linear_parameter_gradient_args& a, int64_t i, int64_t o) {
  const X* const x = static_cast<const X*>(a.x) + i;
  const Y* const dy = static_cast<const Y*>(a.dy) + o;
  vec sums[gradient_inputs][NV];
  RW_UNROLL for (int k = 0; k < gradient_inputs; k++) RW_UNROLL for (int j = 0; j < NV; j++) sums[k][j] = zeros();
  for (int64_t n = 0; n < a.examples; n++) {
    vec d[NV];
    RW_UNROLL for (int j = 0; j < NV; j++) d[j] = load(dy + n * a.outputs + j * lanes);
    RW_UNROLL for (int k = 0; k < gradient_inputs; k++) {
      const vec factor = broadcast(load_one(x + n * a.inputs + k));
      RW_UNROLL for (int j = 0; j < NV; j++) sums[k][j] = fma(factor, d[j], sums[k][j]);
    }
  }
  RW_UNROLL for (int k = 0; k < gradient_inputs; k++) RW_UNROLL for (int j = 0; j < NV; j++) {
    store(a.dfilter + (i + k) * a.outputs + o + j * lanes, sums[k][j]);
  }
}

template <typename X, typename Y>
int parameter_gradient(const rw_linear_parameter_gradient_args& a, int task) {
  const int64_t first = static_cast<int64_t>(task) * RW_LINEAR_INPUTS;
  if (first >= a.inputs) {
    for (int64_t o = 0; o < a.outputs; o += lanes) {
      vec total = zeros();
      for (int64_t n = 0; n < a.examples; n++) total = total + load(static_cast<const Y*>(a.dy) + n * a.outputs + o);
      store(a.dbias + o, total);
    }
    return RW_OK;
  }
  const int64_t end = std::min<int64_t>(a.inputs, first + RW_LINEAR_INPUTS);
  for (int64_t i = first; i < end; i += gradient_inputs) {
    int64_t o = 0;
    for (; o + 4 * lanes <= a.outputs; o += 4 * lanes) gradient_tile<4, X, Y>(a, i, o);
    for (; o < a.outputs; o += lanes) gradient_tile<1, X, Y>(a, i, o);
  }
  return RW_OK;
}

}  // namespace
}  // namespace rw::RW_ISA

RW_EXPORT_KERNEL(linear_parameter_gradient)(const rw_linear_parameter_gradient_args* args, int task, int /* worker */) {
  using namespace rw::RW_ISA;
  return by_types(args->x_type, args->y_type, [=](auto* x, auto* y) {
    return parameter_gradient<std::remove_pointer_t<decltype(x)>, std::remove_pointer_t<decltype(y)>>(*args, task);
  });
}
