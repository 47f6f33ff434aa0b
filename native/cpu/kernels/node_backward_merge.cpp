// SPDX-License-Identifier: Apache-2.0
//
// Adds the partial sums of node_backward.cpp in the order of its tasks, in double. Task 0 gives the gradients of the
// edges' weights: with A = sum of e and Q_i = sum of e * (x_i - mean_i) per channel, and v_i = s_i * (x_i - mean_i) +
// beta_i the value that the edge scales, the sum of e * v_i is the sum over channels of s_i * Q_i + beta_i * A. The
// other tasks take 16 channels each of the filter's gradient and of the sums that the inputs' producers will want.
#include "kernel.h"
#include "node.h"

namespace rw::RW_ISA {
namespace {

double sum_of(const rw_node_backward_merge_args& a, int row, int64_t channel) {
  const int64_t rows = 1 + a.inputs->count;
  double total = 0;
  for (int64_t i = 0; i < a.partials; i++) total += a.input_partials[(i * rows + row) * a.channels + channel];
  return total;
}

void merge_edges(const rw_node_backward_merge_args& a) {
  const rw_node_inputs& in = *a.inputs;
  std::fill_n(a.dweight, a.weight_elements, 0.0f);
  for (int i = 0; i < in.count; i++) {
    const float* const* norm = static_cast<const float* const*>(in.norm) + 4 * i;
    double total = 0;
    for (int64_t c = 0; c < a.channels; c++) {
      const double own = sum_of(a, 1 + i, c);
      total += norm[0] == nullptr ? own
                                  : norm[2][c] / std::sqrt(static_cast<double>(norm[1][c]) + in.epsilon) * own +
                                        norm[3][c] * sum_of(a, 0, c);
    }
    a.dweight[i] = static_cast<float>(edge_slope(in.weight[i], in.mask[i]) * total);
  }
}

void merge_filters(const rw_node_backward_merge_args& a, int block) {
  double total[9 * lanes] = {};
  for (int i = 0; i < a.partials; i++) {
    const float* partial = a.filter_partials + (static_cast<int64_t>(i) * a.channels + block * lanes) * 9;
    for (int j = 0; j < 9 * lanes; j++) total[j] += partial[j];
  }
  for (int tap = 0; tap < 9; tap++) {
    float* target = a.dfilter + tap * a.channels + block * lanes;
    for (int j = 0; j < lanes; j++) target[j] = static_cast<float>(total[tap * lanes + j]);
  }
}

void merge_sums(const rw_node_backward_merge_args& a, int block) {
  for (int row = 0; row <= a.inputs->count; row++) {
    for (int64_t c = lanes * block; c < lanes * (block + 1); c++) {
      a.input_sums[static_cast<int64_t>(row) * a.channels + c] = static_cast<float>(sum_of(a, row, c));
    }
  }
}

}  // namespace
}  // namespace rw::RW_ISA

RW_EXPORT_KERNEL(node_backward_merge)(const rw_node_backward_merge_args* args, int task, int /* worker */) {
  using namespace rw::RW_ISA;
  if (task == 0) {
    merge_edges(*args);
  } else {
    merge_filters(*args, task - 1);
    if (args->input_sums != nullptr) merge_sums(*args, task - 1);
  }
  return RW_OK;
}
