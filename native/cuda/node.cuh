// SPDX-License-Identifier: Apache-2.0
//
// How the kernels of a RandWire node read the node's inputs: x_i less a mean per channel, times a factor per channel, all
// added up to a shift per channel. That is the edge's coefficient and, where the input is the raw output of another node's
// pointwise convolution, its batch normalisation: gamma / sigma * (x - mean) + beta. Predecessors are looped over.
#ifndef RANDWIRE_NODE_CUH
#define RANDWIRE_NODE_CUH

#include "kernel.cuh"

struct NodeInputs {
  const element* const* x;
  const float* const* norm;  // mean, variance, weight, bias of each input; null where it is taken as it is
  const float* weight;       // of the edges
  const float* mask;
  float epsilon;
  int count;
};

// The factors of one slice of channels in shared memory: (count + 2 * slice * count + slice) floats, count rounded up
// to a multiple of four.
struct NodeReader {
  const NodeInputs& in;
  float* const coefficient;
  float* const mean;    // [count][slice]
  float* const factor;  // [count][slice]
  float* const shift;   // [slice]

  __device__ static int floats(int count) { return (count + 3) / 4 * 4 + (2 * count + 1) * slice; }

  __device__ NodeReader(const NodeInputs& inputs, float* space)
      : in(inputs),
        coefficient(space),
        mean(space + (inputs.count + 3) / 4 * 4),
        factor(mean + inputs.count * slice),
        shift(factor + inputs.count * slice) {
    for (int i = threadIdx.x; i < in.count; i += threads) coefficient[i] = edge_coefficient(in.weight[i], in.mask[i]);
    barrier();
  }

  // Works out the slice from `channel` on; to be followed by a barrier.
  __device__ void start(int channel) const {
    for (int i = threadIdx.x; i < in.count * slice; i += threads) {
      const float* const* norm = in.norm + i / slice * 4;
      const int c = channel + i % slice;
      const bool plain = norm[0] == nullptr;
      mean[i] = plain ? 0 : norm[0][c];
      factor[i] = coefficient[i / slice] * (plain ? 1 : norm[2][c] / sqrtf(norm[1][c] + in.epsilon));
    }
    if (threadIdx.x < slice) {
      float sum = 0;
      for (int i = 0; i < in.count; i++) {
        const float* const bias = in.norm[4 * i + 3];
        if (bias != nullptr) sum = fmaf(coefficient[i], bias[channel + threadIdx.x], sum);
      }
      shift[threadIdx.x] = sum;
    }
  }

  // The sum of the inputs at element `offset`, which is channel `local` of the slice.
  __device__ vec sum(i64 offset, int local) const {
    vec total = load(shift + local);
    RW_PAIRS for (int i = 0; i < in.count; i++) {
      const vec x = load(in.x[i] + offset), m = load(mean + i * slice + local), f = load(factor + i * slice + local);
      RW_UNROLL for (int j = 0; j < vector; j++) total.v[j] = fmaf(x.v[j] - m.v[j], f.v[j], total.v[j]);
    }
    return total;
  }
};

// max(v, 0); NaN stays NaN, so that a diverged run is seen.
__device__ inline float rectified(float v) { return v < 0 ? 0 : v; }

#endif
