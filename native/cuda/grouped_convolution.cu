// SPDX-License-Identifier: Apache-2.0
//
// A grouped or depthwise convolution, directly. x: [N][H][W][stored], filter: [KH][KW][I/groups][stored O] float,
// y: [N][H'][W'][stored]. A thread takes one output; neighbours are channels. Padded channels become 0.
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

RW_KERNEL(grouped_convolution, Grouped) {
  const i64 i = static_cast<i64>(blockIdx.x) * threads + threadIdx.x;
  if (i >= static_cast<i64>(a.window.batch) * a.window.out_height * a.window.out_width * a.y_stored) return;
  const int o = static_cast<int>(i % a.y_stored), first = o / a.group_outputs * a.group_inputs;
  float sum = 0;
  if (o < a.groups * a.group_outputs) {
    for (int tap = 0; tap < a.window.taps(); tap++) {
      const i64 pixel = a.window.input(i / a.y_stored, tap);
      if (pixel < 0) continue;
      for (int c = 0; c < a.group_inputs; c++) {
        const float weight = a.filter[(tap * a.group_inputs + c) * a.filter_stored + o];
        sum = fmaf(to_float(a.x[pixel * a.x_stored + first + c]), weight, sum);
      }
    }
  }
  round_to(sum, a.y[i]);
}
