// SPDX-License-Identifier: Apache-2.0
//
// The gradients of a node's edge weights from the sums of node_backward_merge.cu. With A = sum of e and Q_i = sum of
// e * (x_i - mean_i) per channel, and v_i = s_i * (x_i - mean_i) + beta_i the value that the edge scales, the sum of
// e * v_i is the sum over channels of s_i * Q_i + beta_i * A. A block takes one edge; weights behind the last get 0.
#include "node.cuh"

struct NodeEdges {
  i64 blocks;
  NodeInputs inputs;
  const float* input_sums;  // [1 + count][C]
  float* dweight;
  int channels;
};

RW_KERNEL(node_edges, NodeEdges) {
  RW_SHARED(shared);
  double* const space = reinterpret_cast<double*>(shared);
  const int edge = static_cast<int>(blockIdx.x);
  double total = 0;
  if (edge < a.inputs.count) {
    const float* const* norm = a.inputs.norm + 4 * edge;
    for (int c = threadIdx.x; c < a.channels; c += threads) {
      const double own = a.input_sums[(1 + edge) * a.channels + c];
      total += norm[0] == nullptr
                   ? own
                   : norm[2][c] / sqrt(static_cast<double>(norm[1][c]) + a.inputs.epsilon) * own +
                         static_cast<double>(norm[3][c]) * a.input_sums[c];
    }
  }
  space[threadIdx.x] = total;
  barrier();
  if (threadIdx.x == 0) {
    total = 0;
    for (int i = 0; i < threads; i++) total += space[i];
    a.dweight[edge] =
        edge < a.inputs.count ? static_cast<float>(edge_slope(a.inputs.weight[edge], a.inputs.mask[edge]) * total) : 0;
  }
}
