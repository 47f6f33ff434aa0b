// SPDX-License-Identifier: Apache-2.0
//
// SGD with momentum over a range of the flat buffers: g = scale * g + decay * p; v = momentum * v + g;
// p -= rate * (nesterov ? g + momentum * v : v). The hyperparameters lie in device memory, so that a captured step serves
// every learning rate. A thread takes four parameters.
#include "kernel.cuh"

struct Sgd {
  i64 blocks;
  const float* gradients;
  const float* settings;  // rate, momentum, decay, gradient scale, average decay, clip
  float* parameters;
  float* momenta;
  i64 elements;
  int nesterov, decays;
};

RW_KERNEL(sgd, Sgd) {
  const i64 first = (static_cast<i64>(blockIdx.x) * threads + threadIdx.x) * vector;
  const float rate = a.settings[0], momentum = a.settings[1], decay = a.decays != 0 ? a.settings[2] : 0;
  const float scale = a.settings[3];
  if (scale != scale) return;  // NaN: this step changes nothing
  for (i64 i = first; i < smaller(a.elements, first + vector); i++) {
    const float p = a.parameters[i], g = fmaf(scale, a.gradients[i], decay * p);
    const float v = fmaf(momentum, a.momenta[i], g);
    a.momenta[i] = v;
    a.parameters[i] = fmaf(-rate, a.nesterov != 0 ? fmaf(momentum, v, g) : v, p);
  }
}
