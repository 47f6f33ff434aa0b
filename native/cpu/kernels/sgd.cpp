// SPDX-License-Identifier: Apache-2.0
//
// Stochastic gradient descent with momentum as PyTorch defines it, over flat float arrays, in place:
//   g = scale * g + decay * p;  v = momentum * v + g;  p -= rate * (nesterov ? g + momentum * v : v)
// One task takes a range of elements. The hyperparameters are read when the task runs: the host writes them each step.
#include <algorithm>

#include "kernel.h"
#include "node.h"

namespace rw::RW_ISA {
namespace {

template <typename V>
struct Hyperparameters {
  V rate, momentum, decay, scale;
};

// The new value of p; v is updated. V is vec or, at the end of the array, float.
template <typename V>
inline V update(const Hyperparameters<V>& h, bool nesterov, V gradient, V p, V& v) {
  using std::fma;
  const V g = fma(h.decay, p, h.scale * gradient);
  v = fma(h.momentum, v, g);
  return p - h.rate * (nesterov ? fma(h.momentum, v, g) : v);
}

}  // namespace
}  // namespace rw::RW_ISA

RW_EXPORT_KERNEL(sgd)(const rw_sgd_args* args, int task, int /* worker */) {
  using namespace rw::RW_ISA;
  const rw_sgd_args& a = *args;
  const float* h = a.hyperparameters;
  const Hyperparameters<float> one{h[RW_LEARNING_RATE], h[RW_MOMENTUM], a.decays != 0 ? h[RW_WEIGHT_DECAY] : 0,
                                   h[RW_GRADIENT_SCALE]};
  const Hyperparameters<vec> all{broadcast(one.rate), broadcast(one.momentum), broadcast(one.decay),
                                 broadcast(one.scale)};
  if (one.scale != one.scale) return RW_OK;  // NaN: this step changes nothing.
  const bool nesterov = a.nesterov != 0;
  int64_t i = task * a.elements_per_task;
  const int64_t end = std::min(a.elements, i + a.elements_per_task);
  for (; i + lanes <= end; i += lanes) {
    vec v = load(a.momentum + i);
    store(a.parameters + i, update(all, nesterov, load(a.gradients + i), load(a.parameters + i), v));
    store(a.momentum + i, v);
  }
  for (; i < end; i++) {
    a.parameters[i] = update(one, nesterov, a.gradients[i], a.parameters[i], a.momentum[i]);
  }
  return RW_OK;
}
