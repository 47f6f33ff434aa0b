// SPDX-License-Identifier: Apache-2.0
//
// dx = scale * ((g - dy_mean) - slope * (x - mean)), g as in batch_norm_gradient_sums.cu; g itself goes to `dshortcut`
// where a shortcut was added. A thread takes four channels of a pixel.
#include "batch_norm.cuh"

struct NormGradientApply {
  i64 blocks;
  NormTerms terms;
  const float* scale;
  const float* dy_mean;
  const float* slope;
  element* dx;
  element* dshortcut;
};

RW_KERNEL(batch_norm_gradient_apply, NormGradientApply) {
  const i64 at = (static_cast<i64>(blockIdx.x) * threads + threadIdx.x) * vector;
  if (at >= a.terms.pixels * a.terms.channels) return;
  const int c = static_cast<int>(at % a.terms.channels);
  vec centred;
  vec g = a.terms.gradient(at, c, centred);
  if (a.dshortcut != nullptr) store(a.dshortcut + at, g);
  const vec scale = load(a.scale + c), dy_mean = load(a.dy_mean + c), slope = load(a.slope + c);
  RW_UNROLL for (int j = 0; j < vector; j++) {
    g.v[j] = scale.v[j] * ((g.v[j] - dy_mean.v[j]) - slope.v[j] * centred.v[j]);
  }
  store(a.dx + at, g);
}
