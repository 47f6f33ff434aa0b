// SPDX-License-Identifier: Apache-2.0
//
// The two sums of batch normalisation's gradient over one task's pixels, per channel: dy and dy * (x - mean).
// x, dy [M][C], C a multiple of 16.
//
// Sums are float over a block of pixels (in the worker's scratch, four pixels side by side), double over blocks.
#include <algorithm>

#include "kernel.h"
#include "node.h"

namespace rw::RW_ISA {
namespace {

constexpr int64_t gradient_block = 16384;
constexpr int gradient_pixels = 4;

// Adds N pixels to sums[0 .. C) and sums[C .. 2C).
template <int N, typename T>
inline void add_pixels(const T* x, const T* dy, const float* mean, int64_t channels, float* sums) {
  for (int64_t c = 0; c < channels; c += lanes) {
    const vec m = load(mean + c);
    vec plain = load(sums + c), centred = load(sums + channels + c);
    RW_UNROLL for (int i = 0; i < N; i++) {
      const vec d = load(dy + i * channels + c);
      plain = plain + d;
      centred = fma(d, load(x + i * channels + c) - m, centred);
    }
    store(sums + c, plain);
    store(sums + channels + c, centred);
  }
}

template <typename T>
int gradient_sums(const rw_batch_norm_gradient_sums_args& a, int task, int worker) {
  const int64_t channels = a.channels, first = task * a.pixels_per_task;
  const int64_t end = std::min(a.pixels, first + a.pixels_per_task);
  const int64_t block_pixels = std::max<int64_t>(gradient_pixels, gradient_block / channels);
  const T* x = static_cast<const T*>(a.x);
  const T* dy = static_cast<const T*>(a.dy);
  float* const block = static_cast<float* const*>(a.worker_scratch)[worker];
  double* const total = a.partials + task * 2 * channels;
  std::fill_n(total, 2 * channels, 0.0);
  for (int64_t pixel = first; pixel < end;) {
    const int64_t block_end = std::min(end, pixel + block_pixels);
    std::fill_n(block, 2 * channels, 0.0f);
    for (; pixel + gradient_pixels <= block_end; pixel += gradient_pixels) {
      add_pixels<gradient_pixels>(x + pixel * channels, dy + pixel * channels, a.batch_mean, channels, block);
    }
    for (; pixel < block_end; pixel++) {
      add_pixels<1>(x + pixel * channels, dy + pixel * channels, a.batch_mean, channels, block);
    }
    for (int64_t c = 0; c < 2 * channels; c++) total[c] += block[c];
  }
  return RW_OK;
}

}  // namespace
}  // namespace rw::RW_ISA

RW_EXPORT_KERNEL(batch_norm_gradient_sums)(const rw_batch_norm_gradient_sums_args* args, int task, int worker) {
  using namespace rw::RW_ISA;
  return by_type(args->type, [=](auto* type) {
    return gradient_sums<std::remove_pointer_t<decltype(type)>>(*args, task, worker);
  });
}
