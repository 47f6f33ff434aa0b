// SPDX-License-Identifier: Apache-2.0
//
// The softmax of one example, shared by the loss and its gradient. Double: a few thousand exponentials per step cost
// nothing, and the loss is what everybody looks at.
#ifndef RANDWIRE_SOFTMAX_H
#define RANDWIRE_SOFTMAX_H

#include "node.h"

namespace rw::RW_ISA {

// The largest logit, NaN if any is, and log(sum(exp(logit - largest))).
struct Softmax {
  double largest, log_sum;

  template <typename T>
  Softmax(const T* logits, int classes) : largest(load_one(logits)), log_sum(0) {
    for (int k = 1; k < classes; k++) {
      const double z = load_one(logits + k);
      if (z > largest || std::isnan(z)) largest = z;
    }
    double total = 0;
    for (int k = 0; k < classes; k++) total += std::exp(load_one(logits + k) - largest);
    log_sum = std::log(total);
  }

  double log_probability(double logit) const { return logit - largest - log_sum; }
};

// Calls f(example, label) for a task's examples; refuses the whole task if a label is no class.
template <typename F>
inline int for_examples(const rw_softmax_cross_entropy_args& a, int task, F f) {
  const int first = task * a.examples_per_task, end = std::min(a.batch, first + a.examples_per_task);
  for (int n = first; n < end; n++) {
    const int label = a.labels[static_cast<int64_t>(n) * a.label_stride];
    if (label < 0 || label >= a.classes) return RW_INVALID_ARGUMENT;
  }
  for (int n = first; n < end; n++) f(n, a.labels[static_cast<int64_t>(n) * a.label_stride]);
  return RW_OK;
}

}  // namespace rw::RW_ISA

#endif  // RANDWIRE_SOFTMAX_H
