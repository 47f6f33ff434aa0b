// SPDX-License-Identifier: Apache-2.0
//
// y = (x - mean) * weight / sqrt(variance + epsilon) + bias, plus a shortcut, through a ReLU, as asked. A thread takes
// four channels of a pixel. Padded channels have weight and bias 0 and stay 0.
#include "node.cuh"

struct NormApply {
  i64 blocks;
  const element* x;
  const float* mean;
  const float* variance;
  const float* weight;
  const float* bias;
  const element* shortcut;
  element* y;
  i64 elements;
  float epsilon;
  int channels, relu;
};

RW_KERNEL(batch_norm_apply, NormApply) {
  const i64 at = (static_cast<i64>(blockIdx.x) * threads + threadIdx.x) * vector;
  if (at >= a.elements) return;
  const int c = static_cast<int>(at % a.channels);
  const vec m = load(a.mean + c), v = load(a.variance + c), w = load(a.weight + c), b = load(a.bias + c);
  vec y = load(a.x + at);
  RW_UNROLL for (int j = 0; j < vector; j++) {
    y.v[j] = fmaf(y.v[j] - m.v[j], w.v[j] / sqrtf(v.v[j] + a.epsilon), b.v[j]);
  }
  if (a.shortcut != nullptr) {
    const vec s = load(a.shortcut + at);
    RW_UNROLL for (int j = 0; j < vector; j++) y.v[j] += s.v[j];
  }
  if (a.relu != 0) {
    RW_UNROLL for (int j = 0; j < vector; j++) y.v[j] = rectified(y.v[j]);
  }
  store(a.y + at, y);
}
