// SPDX-License-Identifier: Apache-2.0
//
// Filter gradient of a grouped 3x3 convolution over one task's images: x [N][H][W][C], dy [N][H'][W'][C], C a multiple
// of 16, groups of 4 or 8 channels. The sums of a row of the filter are kept in registers over a row of pixels, then
// added to the task's partial gradient.
#include "grouped.h"
#include "kernel.h"

namespace rw::RW_ISA {
namespace {

template <int G>
void add_to_filter(const vec (&sums)[3][G], float* total, int64_t stride) {
  RW_UNROLL for (int tap = 0; tap < 3; tap++) {
    RW_UNROLL for (int j = 0; j < G; j++) {
      float* const target = total + (tap * G + j) * stride;
      store(target, load(target) + sums[tap][j]);
    }
  }
}

// Adds a row's products; x is padded by one pixel, dy by two.
template <int G>
void add_row(const float* x, const float* dy, int width, float* total, int64_t stride) {
  vec sums[3][G];
  RW_UNROLL for (int tap = 0; tap < 3; tap++) {
    RW_UNROLL for (int j = 0; j < G; j++) sums[tap][j] = zeros();
  }
  // Pixel i of the padded x meets pixel i - tap of dy, which is i - tap + 2 of the padded dy.
  for (int i = 0; i < width + 2; i++) {
    const vec v = load(x + i * lanes);
    vec d[3];
    RW_UNROLL for (int tap = 0; tap < 3; tap++) d[tap] = load(dy + (i - tap + 2) * lanes);
    each_constant<G>([&](auto j) {
      const vec one = spread<G, j>(v);
      RW_UNROLL for (int tap = 0; tap < 3; tap++) sums[tap][j] = fma(one, d[tap], sums[tap][j]);
    });
  }
  add_to_filter<G>(sums, total, stride);
}

// The same at stride 2, where pixel o of dy meets pixels 2 * o + tap of the padded x; dy is not padded.
template <int G>
void add_strided_row(const float* x, const float* dy, int width, float* total, int64_t stride) {
  vec sums[3][G];
  RW_UNROLL for (int tap = 0; tap < 3; tap++) {
    RW_UNROLL for (int j = 0; j < G; j++) sums[tap][j] = zeros();
  }
  for (int o = 0; o < width; o++) {
    const vec d = load(dy + o * lanes);
    RW_UNROLL for (int tap = 0; tap < 3; tap++) {
      const vec v = load(x + (2 * o + tap) * lanes);
      each_constant<G>([&](auto j) { sums[tap][j] = fma(spread<G, j>(v), d, sums[tap][j]); });
    }
  }
  add_to_filter<G>(sums, total, stride);
}

template <int G, int S, typename T>
int filter_gradient(const rw_grouped_filter_gradient_args& a, int task, int worker) {
  float* const ring = static_cast<float* const*>(a.worker_scratch)[worker];
  float* const dy_row = ring + 3 * (a.width + 2) * lanes;
  float* const partial = a.partials + static_cast<int64_t>(task) * 9 * G * a.channels;
  std::fill_n(partial, 9 * G * a.channels, 0.0f);
  const int64_t x_size = static_cast<int64_t>(a.height) * a.width * a.channels;
  const int rows_out = strided(a.height, S), width_out = strided(a.width, S);
  const int64_t dy_size = static_cast<int64_t>(rows_out) * width_out * a.channels;
  const int first = task * a.images_per_task, end = std::min(a.batch, first + a.images_per_task);
  for (int image = first; image < end; image++) {
    for (int c = 0; c < a.channels; c += lanes) {
      const T* const x = static_cast<const T*>(a.x) + image * x_size + c;
      const T* const dy = static_cast<const T*>(a.dy) + image * dy_size + c;
      Window<T> window(x, a.height, a.width, a.channels, ring);
      for (int r = 0; r < rows_out; r++) {
        window.centre(S * r);
        pad_row(dy, r, rows_out, width_out, a.channels, S == 1 ? 2 : 0, dy_row);
        for (int k = 0; k < 3; k++) {
          float* const total = partial + 3 * k * G * a.channels + c;
          const float* const x_row = window.row(S * r - 1 + k);
          if constexpr (S == 1) {
            add_row<G>(x_row, dy_row, width_out, total, a.channels);
          } else {
            add_strided_row<G>(x_row, dy_row, width_out, total, a.channels);
          }
        }
      }
    }
  }
  return RW_OK;
}

}  // namespace
}  // namespace rw::RW_ISA

RW_EXPORT_KERNEL(grouped_filter_gradient)(const rw_grouped_filter_gradient_args* args, int task, int worker) {
  using namespace rw::RW_ISA;
  return by_group(args->group, [=](auto group) {
    return by_stride(args->stride, [=](auto stride) {
      return by_type(args->type, [=](auto* type) {
        return filter_gradient<group, stride, std::remove_pointer_t<decltype(type)>>(*args, task, worker);
      });
    });
  });
}
