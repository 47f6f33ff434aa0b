// SPDX-License-Identifier: Apache-2.0
//
// The walk over a pooling's windows that its kernels share.
#ifndef RANDWIRE_POOL_H
#define RANDWIRE_POOL_H

#include "node.h"

namespace rw::RW_ISA {

// Calls f(pixel) for the input pixels under the window of output (oy, ox), in row order, padding left out.
template <typename F>
inline void for_window(const rw_pool_args& a, int oy, int ox, F f) {
  for (int ky = 0; ky < a.window_height; ky++) {
    const int y = oy * a.stride_height - a.padding_height + ky * a.dilation;
    if (y < 0 || y >= a.height) continue;
    for (int kx = 0; kx < a.window_width; kx++) {
      const int x = ox * a.stride_width - a.padding_width + kx * a.dilation;
      if (x >= 0 && x < a.width) f(y * a.width + x);
    }
  }
}

inline int window_pixels(const rw_pool_args& a, int oy, int ox) {
  int count = 0;
  for_window(a, oy, ox, [&](int) { count++; });
  return count;
}

// One task of a gradient: 16 channels of an image. distribute(x, dy, oy, ox, dx) adds an output's gradient to the
// input pixels in dx, floats [H * W][16] in the worker's scratch; x and dy point to the channels of the image's first
// pixel and of the output's pixel. Windows overlap, and adding in bfloat16 would lose what small terms give.
template <typename T, typename F>
inline void pool_gradient(const rw_pool_args& a, int task, int worker, F distribute) {
  const int blocks = a.channels / lanes, image = task / blocks, channel = task % blocks * lanes;
  const int64_t pixels = static_cast<int64_t>(a.height) * a.width, channels = a.channels;
  const T* x = static_cast<const T*>(a.x) + (a.x == nullptr ? 0 : image * pixels * channels + channel);
  const T* dy = static_cast<const T*>(a.dy) + static_cast<int64_t>(image) * a.out_height * a.out_width * channels + channel;
  T* dx = static_cast<T*>(a.dx) + image * pixels * channels + channel;
  float* const sums = static_cast<float* const*>(a.worker_scratch)[worker];
  std::fill_n(sums, pixels * lanes, 0.0f);
  for (int oy = 0; oy < a.out_height; oy++) {
    for (int ox = 0; ox < a.out_width; ox++, dy += channels) distribute(x, dy, oy, ox, sums);
  }
  for (int64_t pixel = 0; pixel < pixels; pixel++) store(dx + pixel * channels, load(sums + pixel * lanes));
}

}  // namespace rw::RW_ISA

#endif  // RANDWIRE_POOL_H
