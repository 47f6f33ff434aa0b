// SPDX-License-Identifier: Apache-2.0
//
// Filter gradient of a grouped 3x3 convolution over one task's images: x, dy [N][H][W][C], C a multiple of 16, groups of
// 4, 8 or 16 channels. The sums of a row of the filter are kept in registers over a row of pixels (for at most 8
// inputs of the group at a time), then added to the task's partial gradient.
#include "grouped.h"
#include "kernel.h"

namespace rw::RW_ISA {
namespace {

// Adds a row's products with inputs first .. first + J of each group; x is padded by one pixel, dy by two.
template <int G, int first, int J>
void add_row(const float* x, const float* dy, int width, float* total, int64_t stride) {
  vec sums[3][J];
  RW_UNROLL for (int tap = 0; tap < 3; tap++) {
    RW_UNROLL for (int j = 0; j < J; j++) sums[tap][j] = zeros();
  }
  // Pixel i of the padded x meets pixel i - tap of dy, which is i - tap + 2 of the padded dy.
  for (int i = 0; i < width + 2; i++) {
    const vec v = load(x + i * lanes);
    vec d[3];
    RW_UNROLL for (int tap = 0; tap < 3; tap++) d[tap] = load(dy + (i - tap + 2) * lanes);
    each_constant<J>([&](auto j) {
      const vec one = spread<G, first + j>(v);
      RW_UNROLL for (int tap = 0; tap < 3; tap++) sums[tap][j] = fma(one, d[tap], sums[tap][j]);
    });
  }
  RW_UNROLL for (int tap = 0; tap < 3; tap++) {
    RW_UNROLL for (int j = 0; j < J; j++) {
      float* const target = total + (tap * G + first + j) * stride;
      store(target, load(target) + sums[tap][j]);
    }
  }
}

template <int G, typename T>
int filter_gradient(const rw_grouped_filter_gradient_args& a, int task, int worker) {
  constexpr int at_once = G < 8 ? G : 8;
  float* const ring = static_cast<float* const*>(a.worker_scratch)[worker];
  float* const dy_row = ring + 3 * (a.width + 2) * lanes;
  float* const partial = a.partials + static_cast<int64_t>(task) * 9 * G * a.channels;
  std::fill_n(partial, 9 * G * a.channels, 0.0f);
  const int64_t image_size = static_cast<int64_t>(a.height) * a.width * a.channels;
  const int first = task * a.images_per_task, end = std::min(a.batch, first + a.images_per_task);
  for (int image = first; image < end; image++) {
    for (int c = 0; c < a.channels; c += lanes) {
      const T* const x = static_cast<const T*>(a.x) + image * image_size + c;
      const T* const dy = static_cast<const T*>(a.dy) + image * image_size + c;
      Window<T> window(x, a.height, a.width, a.channels, ring);
      for (int r = 0; r < a.height; r++) {
        window.centre(r);
        pad_row(dy, r, a.height, a.width, a.channels, 2, dy_row);
        for (int k = 0; k < 3; k++) {
          float* const total = partial + 3 * k * G * a.channels + c;
          each_constant<G / at_once>([&](auto part) {
            add_row<G, part * at_once, at_once>(window.row(r - 1 + k), dy_row, a.width, total, a.channels);
          });
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
    return by_type(args->type, [=](auto* type) {
      return filter_gradient<group, std::remove_pointer_t<decltype(type)>>(*args, task, worker);
    });
  });
}
