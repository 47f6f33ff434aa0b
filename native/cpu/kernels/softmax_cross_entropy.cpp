// SPDX-License-Identifier: Apache-2.0
//
// The loss of each example, -sum_k t_k log p_k with p = softmax(logits) and the target t smoothed: 1 - smoothing on
// the label plus smoothing / K on every class. Logits [N][C], the first K of each row; losses in float.
#include "kernel.h"
#include "softmax.h"

namespace rw::RW_ISA {
namespace {

template <typename T>
int losses(const rw_softmax_cross_entropy_args& a, int task) {
  return for_examples(a, task, [&](int64_t n, int label) {
    const T* logits = static_cast<const T*>(a.logits) + n * a.channels;
    const Softmax softmax(logits, a.classes);
    double smooth = 0;
    if (a.label_smoothing > 0) {
      for (int k = 0; k < a.classes; k++) smooth += softmax.log_probability(load_one(logits + k));
    }
    const double sharp = softmax.log_probability(load_one(logits + label));
    float* loss = a.losses + n * a.loss_stride;
    std::fill_n(loss, a.loss_stride, 0.0f);
    *loss = static_cast<float>(-(1 - a.label_smoothing) * sharp - a.label_smoothing / a.classes * smooth);
  });
}

}  // namespace
}  // namespace rw::RW_ISA

RW_EXPORT_KERNEL(softmax_cross_entropy)(const rw_softmax_cross_entropy_args* args, int task, int /* worker */) {
  using namespace rw::RW_ISA;
  return by_type(args->type,
                 [=](auto* type) { return losses<std::remove_pointer_t<decltype(type)>>(*args, task); });
}
