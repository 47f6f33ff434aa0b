// SPDX-License-Identifier: Apache-2.0
//
// Channels of several tensors one after the other, or a range of channels of one: y[p][c] = x_i[p][c - start_i + first],
// start_i <= c < start_(i+1); channels of y behind the last get 0. A thread takes one element of y.
#include "kernel.cuh"

struct CopyChannels {
  i64 blocks;
  const element* const* x;
  element* y;
  const int* starts;  // [terms + 1]
  const int* stored;  // channels of each x in memory
  i64 pixels;
  int terms, first, y_stored;
};

RW_KERNEL(copy_channels, CopyChannels) {
  const i64 i = static_cast<i64>(blockIdx.x) * threads + threadIdx.x;
  if (i >= a.pixels * a.y_stored) return;
  const int c = static_cast<int>(i % a.y_stored);
  element value = {};
  for (int t = 0; t < a.terms; t++) {
    if (c >= a.starts[t] && c < a.starts[t + 1]) {
      value = a.x[t][i / a.y_stored * a.stored[t] + c - a.starts[t] + a.first];
    }
  }
  a.y[i] = value;
}
