// SPDX-License-Identifier: Apache-2.0
//
// Gathers ranges of channels of several tensors side by side in one: concatenation, and with one input its gradient.
//
// Rows of pixels, each of its own stored channels. Ranges start anywhere and have any length, so bytes are copied;
// what is left of a pixel of y becomes zeros. One task takes a range of pixels.
#include <algorithm>
#include <cstring>

#include "kernel.h"

RW_EXPORT_KERNEL(copy_channels)(const rw_copy_channels_args* args, int task, int /* worker */) {
  const rw_copy_channels_args& a = *args;
  const char* const* x = static_cast<const char* const*>(a.x);
  const int64_t size = a.type == RW_FLOAT32 ? 4 : 2;
  const int64_t first = task * a.pixels_per_task, end = std::min(a.pixels, first + a.pixels_per_task);
  for (int64_t pixel = first; pixel < end; pixel++) {
    char* target = static_cast<char*>(a.y) + pixel * a.channels * size;
    char* const target_end = target + a.channels * size;
    for (int i = 0; i < a.inputs; i++) {
      std::memcpy(target, x[i] + (pixel * a.stored[i] + a.first[i]) * size, a.count[i] * size);
      target += a.count[i] * size;
    }
    std::memset(target, 0, target_end - target);
  }
  return RW_OK;
}
