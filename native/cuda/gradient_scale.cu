// SPDX-License-Identifier: Apache-2.0
//
// The factor on gradients, into the settings of the update: clip / norm where a clip is set and the norm is larger, 1
// otherwise, NaN if the norm or a loss is not finite. One thread does it: a batch has few losses.
#include "kernel.cuh"

struct GradientScale {
  i64 blocks;
  const double* squared_norm;
  const float* losses;
  float* settings;
  int batch;
};

RW_KERNEL(gradient_scale, GradientScale) {
  if (threadIdx.x != 0) return;
  double sum = 0;
  for (int i = 0; i < a.batch; i++) sum += a.losses[i];
  const double norm = sqrt(*a.squared_norm), clip = a.settings[5], nothing = norm - norm + (sum - sum);
  a.settings[3] = static_cast<float>((clip > 0 && norm > clip ? clip / norm : 1) + nothing);
}
