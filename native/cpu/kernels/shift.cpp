// SPDX-License-Identifier: Apache-2.0
//
// y[h][w] = x[h + offset][w + offset], zeros where that lies outside: offset 1 shifts, offset -1 is its gradient.
// [N][H][W][C]; one task takes an image.
#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "kernel.h"

RW_EXPORT_KERNEL(shift)(const rw_shift_args* args, int task, int /* worker */) {
  const rw_shift_args& a = *args;
  const int64_t pixel = static_cast<int64_t>(a.channels) * (a.type == RW_FLOAT32 ? 4 : 2), row = a.width * pixel;
  const int64_t image = task * a.height * row;
  const int kept = std::max(0, a.width - std::abs(a.offset));
  const int from = std::max(0, a.offset), to = std::max(0, -a.offset);
  for (int y = 0; y < a.height; y++) {
    char* target = static_cast<char*>(a.y) + image + y * row;
    const int source_row = y + a.offset;
    if (source_row < 0 || source_row >= a.height || kept == 0) {
      std::memset(target, 0, row);
      continue;
    }
    const char* source = static_cast<const char*>(a.x) + image + source_row * row;
    std::memset(target, 0, to * pixel);
    std::memcpy(target + to * pixel, source + from * pixel, kept * pixel);
    std::memset(target + (to + kept) * pixel, 0, row - (to + kept) * pixel);
  }
  return RW_OK;
}
