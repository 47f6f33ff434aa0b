// SPDX-License-Identifier: Apache-2.0
//
// A grouped or depthwise filter's gradient, partial sums over a chunk of output pixels, directly:
//   partials[chunk][tap][i][o] = sum over pixels of x[pixel under the tap][group's i] * dy[pixel][o].
// A thread takes one weight of one chunk; neighbours are outputs. sum_partials.cu adds the chunks up.
#include "window.cuh"

struct GroupedFilterGradient {
  i64 blocks;
  const element* x;
  const element* dy;
  float* partials;
  i64 pixels, chunk;
  Window window;
  int groups, group_inputs, group_outputs;
  int x_stored, dy_stored, filter_stored;
  int parts;
};

RW_KERNEL(grouped_filter_gradient, GroupedFilterGradient) {
  const i64 i = static_cast<i64>(blockIdx.x) * threads + threadIdx.x;
  const i64 weights = static_cast<i64>(a.window.taps()) * a.group_inputs * a.filter_stored;
  if (i >= weights * a.parts) return;
  const int o = static_cast<int>(i % a.filter_stored), input = static_cast<int>(i / a.filter_stored % a.group_inputs);
  const int tap = static_cast<int>(i % weights / a.filter_stored / a.group_inputs);
  const i64 start = i / weights * a.chunk, end = smaller(a.pixels, start + a.chunk);
  float sum = 0;
  if (o < a.groups * a.group_outputs) {
    const int channel = o / a.group_outputs * a.group_inputs + input;
    for (i64 out = start; out < end; out++) {
      const i64 pixel = a.window.input(out, tap);
      if (pixel >= 0) sum = fmaf(to_float(a.x[pixel * a.x_stored + channel]), to_float(a.dy[out * a.dy_stored + o]), sum);
    }
  }
  a.partials[i] = sum;
}
