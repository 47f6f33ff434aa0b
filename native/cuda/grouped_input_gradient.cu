// SPDX-License-Identifier: Apache-2.0
//
// A grouped or depthwise convolution's gradient by its input, directly; x is the output's gradient, y the input's. Shapes
// as in grouped_convolution.cu. A thread takes one element of y and gathers what it gets.
#include "window.cuh"

struct Grouped {
  i64 blocks;
  const element* x;
  const float* filter;
  element* y;
  Window window;
  int groups, group_inputs, group_outputs;
  int x_stored, y_stored, filter_stored;  // channels in memory
};

RW_KERNEL(grouped_input_gradient, Grouped) {
  const i64 i = static_cast<i64>(blockIdx.x) * threads + threadIdx.x;
  if (i >= static_cast<i64>(a.window.batch) * a.window.height * a.window.width * a.y_stored) return;
  const int c = static_cast<int>(i % a.y_stored), group = c / a.group_inputs, first = group * a.group_outputs;
  float sum = 0;
  if (group < a.groups) {
    for (int tap = 0; tap < a.window.taps(); tap++) {
      const i64 pixel = a.window.output(i / a.y_stored, tap);
      if (pixel < 0) continue;
      const float* const weights = a.filter + (tap * a.group_inputs + c % a.group_inputs) * a.filter_stored + first;
      for (int o = 0; o < a.group_outputs; o++) {
        sum = fmaf(to_float(a.x[pixel * a.x_stored + first + o]), weights[o], sum);
      }
    }
  }
  round_to(sum, a.y[i]);
}
