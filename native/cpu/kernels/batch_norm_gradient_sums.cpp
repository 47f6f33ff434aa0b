// SPDX-License-Identifier: Apache-2.0
//
// The two sums of batch normalisation's gradient over one task's pixels, per channel: g and g * (x - mean), where g is
// dy or, behind a ReLU, what its mask leaves of it, which is written down where somebody else wants it.
// x, dy [M][C], C a multiple of 16.
//
// Sums are float over a block of pixels (in the worker's scratch, four pixels side by side), double over blocks.
#include <algorithm>

#include "batch_norm.h"
#include "kernel.h"
#include "node.h"

namespace rw::RW_ISA {
namespace {

constexpr int64_t gradient_block = 16384;
constexpr int gradient_pixels = 4;

template <int mask, bool with_more, bool is_stored, typename T>
struct Sums {
  const rw_batch_norm_gradient_sums_args& a;
  // [2][C], then the scale of the normalisation [C].
  float* const block;

  // Adds N pixels, the first at an offset.
  template <int N>
  void add(int64_t at) const {
    const int64_t channels = a.channels;
    const T* const x = static_cast<const T*>(a.x) + at;
    const T* const dy = static_cast<const T*>(a.dy) + at;
    const T* const more_dy = with_more ? static_cast<const T*>(a.more_dy) + at : nullptr;
    const T* const y = mask == RW_MASK_OUTPUT ? static_cast<const T*>(a.y) + at : nullptr;
    const float* const scale = block + 2 * channels;
    for (int64_t c = 0; c < channels; c += lanes) {
      const vec m = load(a.batch_mean + c);
      vec plain = load(block + c), centred = load(block + channels + c);
      RW_UNROLL for (int i = 0; i < N; i++) {
        const int64_t j = i * channels + c;
        const vec d = load(x + j) - m;
        vec g = gradient_behind_relu<mask, with_more, T>(
            dy + j, with_more ? more_dy + j : nullptr, mask == RW_MASK_OUTPUT ? y + j : nullptr, d, scale + c,
            mask == RW_MASK_NORMALISED ? a.bias + c : nullptr);
        if constexpr (is_stored) {
          T* const target = static_cast<T*>(a.masked) + at + j;
          store(target, g);
          g = load(target);
        }
        plain = plain + g;
        centred = fma(g, d, centred);
      }
      store(block + c, plain);
      store(block + channels + c, centred);
    }
  }

  void run(int task) const {
    const int64_t channels = a.channels, first = task * a.pixels_per_task;
    const int64_t end = std::min(a.pixels, first + a.pixels_per_task);
    const int64_t block_pixels = std::max<int64_t>(gradient_pixels, gradient_block / channels);
    double* const total = a.partials + task * 2 * channels;
    std::fill_n(total, 2 * channels, 0.0);
    if constexpr (mask == RW_MASK_NORMALISED) {
      for (int64_t c = 0; c < channels; c++) {
        block[2 * channels + c] = forward_scale(a.weight[c], a.batch_variance[c], a.epsilon);
      }
    }
    for (int64_t pixel = first; pixel < end;) {
      const int64_t block_end = std::min(end, pixel + block_pixels);
      std::fill_n(block, 2 * channels, 0.0f);
      for (; pixel + gradient_pixels <= block_end; pixel += gradient_pixels) add<gradient_pixels>(pixel * channels);
      for (; pixel < block_end; pixel++) add<1>(pixel * channels);
      for (int64_t c = 0; c < 2 * channels; c++) total[c] += block[c];
    }
  }
};

template <int mask, bool with_more, typename T>
int gradient_sums(const rw_batch_norm_gradient_sums_args& a, int task, int worker) {
  float* const block = static_cast<float* const*>(a.worker_scratch)[worker];
  if (a.masked != nullptr) {
    Sums<mask, with_more, true, T>{a, block}.run(task);
  } else {
    Sums<mask, with_more, false, T>{a, block}.run(task);
  }
  return RW_OK;
}

}  // namespace
}  // namespace rw::RW_ISA

RW_EXPORT_KERNEL(batch_norm_gradient_sums)(const rw_batch_norm_gradient_sums_args* args, int task, int worker) {
  using namespace rw::RW_ISA;
  return by_mask(args->mask, args->more_dy != nullptr, [=](auto mask, auto with_more) {
    return by_type(args->type, [=](auto* type) {
      return gradient_sums<mask, with_more, std::remove_pointer_t<decltype(type)>>(*args, task, worker);
    });
  });
}
