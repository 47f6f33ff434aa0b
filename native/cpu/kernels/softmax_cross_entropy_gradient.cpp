// SPDX-License-Identifier: Apache-2.0
//
// The gradient of the batch's mean loss: dlogits = (softmax(logits) - target) / N; see softmax_cross_entropy.cpp.
#include "kernel.h"
#include "softmax.h"

namespace rw::RW_ISA {
namespace {

template <typename T>
int loss_gradient(const rw_softmax_cross_entropy_args& a, int task) {
  return for_examples(a, task, [&](int64_t n, int label) {
    const T* logits = static_cast<const T*>(a.logits) + n * a.channels;
    T* dlogits = static_cast<T*>(a.dlogits) + n * a.channels;
    const Softmax softmax(logits, a.classes);
    for (int k = 0; k < a.classes; k++) {
      const double target = (k == label ? 1 - a.label_smoothing : 0) + a.label_smoothing / a.classes;
      const double p = std::exp(softmax.log_probability(load_one(logits + k)));
      store_one(dlogits + k, static_cast<float>((p - target) / a.batch));
    }
    for (int k = a.classes; k < a.channels; k++) store_one(dlogits + k, 0);
  });
}

}  // namespace
}  // namespace rw::RW_ISA

RW_EXPORT_KERNEL(softmax_cross_entropy_gradient)(const rw_softmax_cross_entropy_args* args, int task,
                                                 int /* worker */) {
  using namespace rw::RW_ISA;
  return by_type(args->type,
                 [=](auto* type) { return loss_gradient<std::remove_pointer_t<decltype(type)>>(*args, task); });
}
