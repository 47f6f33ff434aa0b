// SPDX-License-Identifier: Apache-2.0
//
// Mean and sum of squared deviations of each channel over one task's pixels: x [M][C], C a multiple of 16.
//
// A task goes through its pixels in blocks that stay in L2, twice each: sum, then squared deviations from the block's
// own mean. Blocks are merged in double by Chan, Golub and LeVeque's formula (1983), so the variance survives any
// mean: nothing is squared before the mean is taken away. The sum of squares in one pass was rejected for that reason.
// Eight pixels are read side by side, so the running sums of a block (floats in the worker's scratch) cost an eighth.
#include <algorithm>

#include "kernel.h"
#include "node.h"

namespace rw::RW_ISA {
namespace {

constexpr int64_t statistics_block = 16384;
constexpr int pixels_at_once = 8;

// total[c] += sum over pixels of f(x[pixel][c], c).
template <typename T, typename F>
void accumulate(const T* x, int64_t pixels, int64_t channels, float* total, F f) {
  int64_t pixel = 0;
  for (; pixel + pixels_at_once <= pixels; pixel += pixels_at_once, x += pixels_at_once * channels) {
    for (int64_t c = 0; c < channels; c += lanes) {
      vec v[pixels_at_once];
      RW_UNROLL for (int i = 0; i < pixels_at_once; i++) v[i] = f(load(x + i * channels + c), c);
      const vec near = (v[0] + v[1]) + (v[2] + v[3]), far = (v[4] + v[5]) + (v[6] + v[7]);
      store(total + c, load(total + c) + (near + far));
    }
  }
  for (; pixel < pixels; pixel++, x += channels) {
    for (int64_t c = 0; c < channels; c += lanes) store(total + c, load(total + c) + f(load(x + c), c));
  }
}

template <typename T>
int statistics(const rw_batch_norm_statistics_args& a, int task, int worker) {
  const int64_t channels = a.channels, first = task * a.pixels_per_task;
  const int64_t end = std::min(a.pixels, first + a.pixels_per_task);
  const int64_t block_pixels = std::max<int64_t>(pixels_at_once, statistics_block / channels);
  const T* x = static_cast<const T*>(a.x);
  float* const block_mean = static_cast<float* const*>(a.worker_scratch)[worker];
  float* const squares = block_mean + channels;
  double* const mean = a.partials + task * 2 * channels;
  double* const m2 = mean + channels;
  std::fill_n(mean, 2 * channels, 0.0);
  for (int64_t pixel = first; pixel < end; pixel += block_pixels) {
    const int64_t count = std::min(block_pixels, end - pixel), before = pixel - first;
    const T* block = x + pixel * channels;
    std::fill_n(block_mean, 2 * channels, 0.0f);
    accumulate(block, count, channels, block_mean, [](vec v, int64_t) { return v; });
    const vec share = broadcast(1 / static_cast<float>(count));
    for (int64_t c = 0; c < channels; c += lanes) store(block_mean + c, load(block_mean + c) * share);
    accumulate(block, count, channels, squares, [=](vec v, int64_t c) {
      const vec deviation = v - load(block_mean + c);
      return deviation * deviation;
    });
    const double weight = static_cast<double>(count) / static_cast<double>(before + count);
    const double cross = weight * static_cast<double>(before);
    for (int64_t c = 0; c < channels; c++) {
      const double delta = block_mean[c] - mean[c];
      mean[c] += weight * delta;
      m2[c] += squares[c] + cross * delta * delta;
    }
  }
  return RW_OK;
}

}  // namespace
}  // namespace rw::RW_ISA

RW_EXPORT_KERNEL(batch_norm_statistics)(const rw_batch_norm_statistics_args* args, int task, int worker) {
  using namespace rw::RW_ISA;
  return by_type(args->type, [=](auto* type) {
    return statistics<std::remove_pointer_t<decltype(type)>>(*args, task, worker);
  });
}
