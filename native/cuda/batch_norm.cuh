// SPDX-License-Identifier: Apache-2.0
//
// The end of batch normalisation's gradient for one channel, from the sums of the output's gradient g and of g times the
// input less its mean: dy = scale * ((g - dy_mean) - slope * (x - mean)).
#ifndef RANDWIRE_BATCH_NORM_CUH
#define RANDWIRE_BATCH_NORM_CUH

#include "kernel.cuh"

struct NormGradient {
  const float* weight;
  const float* variance;
  float* dweight;
  float* dbias;
  float* scale;
  float* dy_mean;
  float* slope;
  i64 pixels;
  double epsilon;
  int channels;  // those behind are padding
  int stored;

  __device__ void finish(int c, double plain, double centred) const {
    if (c >= channels) {
      dweight[c] = dbias[c] = scale[c] = dy_mean[c] = slope[c] = 0;
      return;
    }
    const double inverse = 1 / sqrt(static_cast<double>(variance[c]) + epsilon), count = static_cast<double>(pixels);
    dweight[c] = static_cast<float>(centred * inverse);
    dbias[c] = static_cast<float>(plain);
    scale[c] = static_cast<float>(weight[c] * inverse);
    dy_mean[c] = static_cast<float>(plain / count);
    slope[c] = static_cast<float>(inverse * inverse * centred / count);
  }
};

// The gradient that reaches batch normalisation's output: the sum of terms, where a ReLU behind it was open.
struct NormTerms {
  const element* const* dy;
  const element* x;
  const element* y;  // behind shortcut and ReLU; null without a shortcut
  const float* weight;
  const float* bias;
  const float* mean;
  const float* variance;
  i64 pixels;
  float epsilon;
  int channels;
  int count;
  int relu;

  // At element `at`, channel c; `centred` takes x less its mean.
  __device__ vec gradient(i64 at, int c, vec& centred) const {
    vec g = load(dy[0] + at);
    for (int i = 1; i < count; i++) {
      const vec more = load(dy[i] + at);
      RW_UNROLL for (int j = 0; j < vector; j++) g.v[j] += more.v[j];
    }
    centred = load(x + at);
    const vec m = load(mean + c);
    RW_UNROLL for (int j = 0; j < vector; j++) centred.v[j] -= m.v[j];
    if (relu != 0) {
      vec open;
      if (y != nullptr) {
        open = load(y + at);
      } else {
        const vec w = load(weight + c), b = load(bias + c), v = load(variance + c);
        RW_UNROLL for (int j = 0; j < vector; j++) {
          open.v[j] = fmaf(centred.v[j], w.v[j] / sqrtf(v.v[j] + epsilon), b.v[j]);
        }
      }
      RW_UNROLL for (int j = 0; j < vector; j++) g.v[j] = open.v[j] > 0 ? g.v[j] : 0;
    }
    return g;
  }
};

#endif
