// SPDX-License-Identifier: Apache-2.0
//
// What the kernels of a RandWire node share: the edges' coefficients, the sum of a row's inputs and the division of a
// batch into tasks.
//
// Rows that a kernel keeps in its worker's scratch are blocked: all pixels of 16 channels, then those of the next 16.
// A depthwise window then reads consecutive vectors, whatever the number of channels.
#ifndef RANDWIRE_NODE_H
#define RANDWIRE_NODE_H

#include <algorithm>
#include <cmath>

#include "randwire.h"
#include "simd.h"

#define RW_UNROLL _Pragma("GCC unroll 32")

namespace rw::RW_ISA {

// The most terms a sum may have: their coefficients live on the stack.
constexpr int max_terms = RW_MAX_TERMS;

// sigmoid(w), by the branch that cannot overflow.
inline double sigmoid(double w) {
  if (w >= 0) return 1 / (1 + std::exp(-w));
  const double e = std::exp(w);
  return e / (1 + e);
}

// mask * sigmoid(weight), rounded once.
inline float edge_coefficient(float weight, float mask) { return static_cast<float>(mask * sigmoid(weight)); }

// The derivative of mask * sigmoid(weight).
inline double edge_slope(float weight, float mask) {
  const double s = sigmoid(weight);
  return mask * s * (1 - s);
}

inline vec zeros() { return broadcast(0); }

// max(v, 0); NaN stays NaN, so that a diverged run is seen.
inline vec rectified(vec v) { return max(zeros(), v); }

// Images and rows of one task. Tasks count the strips of an image first.
struct Tile {
  int first_image, end_image, first_row, end_row;

  Tile(int task, int batch, int rows, int images_per_task, int rows_per_task) {
    const int strips = (rows + rows_per_task - 1) / rows_per_task;
    first_image = task / strips * images_per_task;
    end_image = std::min(batch, first_image + images_per_task);
    first_row = task % strips * rows_per_task;
    end_row = std::min(rows, first_row + rows_per_task);
  }
};

// N vectors at `offset` of the sum of c[i] * x[i], each to its own block.
template <int N, typename T, typename Target, typename F>
inline void sum_vectors(const T* const* x, const float* c, int terms, int64_t offset, Target* target, int64_t block,
                        F finish) {
  vec sum[N];
  RW_UNROLL for (int j = 0; j < N; j++) sum[j] = load(x[0] + offset + lanes * j) * broadcast(c[0]);
  for (int i = 1; i < terms; i++) {
    const T* source = x[i] + offset;
    const vec factor = broadcast(c[i]);
    RW_UNROLL for (int j = 0; j < N; j++) sum[j] = fma(load(source + lanes * j), factor, sum[j]);
  }
  RW_UNROLL for (int j = 0; j < N; j++) store(target + block * j, finish(sum[j]));
}

// Sums `pixels` pixels that start at element `offset` of each input; `block` floats lie between the target's blocks.
template <typename T, typename F>
inline void sum_row(const T* const* x, const float* c, int terms, int64_t offset, int pixels, int channels,
                    float* target, int64_t block, F finish) {
  for (int pixel = 0; pixel < pixels; pixel++) {
    int channel = 0;
    for (; channel + 4 * lanes <= channels; channel += 4 * lanes) {
      sum_vectors<4>(x, c, terms, offset + channel, target + channel / lanes * block, block, finish);
    }
    for (; channel < channels; channel += lanes) {
      sum_vectors<1>(x, c, terms, offset + channel, target + channel / lanes * block, block, finish);
    }
    offset += channels;
    target += lanes;
  }
}

// The sum of a[i] * b[i] over a multiple of 16 elements: four chains, added in fixed order.
template <typename T>
inline double dot(const T* a, const T* b, int64_t elements) {
  vec s[4] = {zeros(), zeros(), zeros(), zeros()};
  int64_t i = 0;
  for (; i + 4 * lanes <= elements; i += 4 * lanes) {
    RW_UNROLL for (int j = 0; j < 4; j++) s[j] = fma(load(a + i + lanes * j), load(b + i + lanes * j), s[j]);
  }
  for (; i < elements; i += lanes) s[0] = fma(load(a + i), load(b + i), s[0]);
  return sum((s[0] + s[1]) + (s[2] + s[3]));
}

// The gradient of an edge's raw weight from the partial sums of x * dy, added in fixed order.
inline float edge_gradient(const double* partial, int64_t stride, int partials, float weight, float mask) {
  double total = 0;
  for (int i = 0; i < partials; i++) total += partial[i * stride];
  return static_cast<float>(edge_slope(weight, mask) * total);
}

// Calls f with a null pointer of the activations' type.
template <typename F>
inline int by_type(int type, F f) {
  switch (type) {
    case RW_FLOAT32:
      return f(static_cast<float*>(nullptr));
    case RW_BFLOAT16:
      return f(static_cast<bfloat16*>(nullptr));
    default:
      return RW_INVALID_ARGUMENT;
  }
}

}  // namespace rw::RW_ISA

#endif  // RANDWIRE_NODE_H
