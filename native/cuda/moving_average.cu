// SPDX-License-Identifier: Apache-2.0
//
// average = decay * average + (1 - decay) * p; the decay lies in device memory. A thread takes four parameters.
#include "kernel.cuh"

struct MovingAverage {
  i64 blocks;
  const float* parameters;
  const float* settings;
  float* average;
  i64 elements;
};

RW_KERNEL(moving_average, MovingAverage) {
  const i64 first = (static_cast<i64>(blockIdx.x) * threads + threadIdx.x) * vector;
  const float decay = a.settings[4];
  if (a.settings[3] != a.settings[3]) return;
  for (i64 i = first; i < smaller(a.elements, first + vector); i++) {
    a.average[i] = fmaf(decay, a.average[i], (1 - decay) * a.parameters[i]);
  }
}
