// SPDX-License-Identifier: Apache-2.0
//
// Input gradient of a grouped 3x3 convolution with stride 2: dy [N][H'][W'][C], dx [N][H][W][C], C a multiple of 16. One
// task takes some images. Pixel i of dx gets pixel o of dy by tap i + 1 - 2 * o, rows and columns alike, so even ones
// get one and odd ones two; a spread input is used three times.
#include "grouped.h"
#include "kernel.h"

namespace rw::RW_ISA {
namespace {

// A row of dy and its row of the mirrored filter, in which tap t lies at 2 - t.
struct Source {
  const float* dy;
  const float* taps;
};

// Pixels 0 .. 2 * P of dx, of which `wanted` exist, from P + 1 of dy.
template <int G, int P, typename T>
void pixels(const Source* sources, int count, int offset, int64_t stride, T* dx, int64_t dx_stride, int wanted) {
  vec even[P], odd[P];
  RW_UNROLL for (int i = 0; i < P; i++) even[i] = odd[i] = zeros();
  for (int s = 0; s < count; s++) {
    const float* const dy = sources[s].dy + static_cast<int64_t>(offset) * lanes;
    each_constant<G>([&](auto j) {
      const float* const taps = sources[s].taps + j * stride;
      const vec last = load(taps), middle = load(taps + G * stride), first = load(taps + 2 * G * stride);
      RW_UNROLL for (int i = 0; i < P + 1; i++) {
        const vec v = spread<G, j>(load(dy + i * lanes));
        if (i < P) even[i] = fma(v, middle, even[i]);
        if (i < P) odd[i] = fma(v, last, odd[i]);
        if (i > 0) odd[i - 1] = fma(v, first, odd[i - 1]);
      }
    });
  }
  RW_UNROLL for (int i = 0; i < P; i++) {
    store(dx + 2 * i * dx_stride, even[i]);
    if (2 * i + 1 < wanted) store(dx + (2 * i + 1) * dx_stride, odd[i]);
  }
}

template <int G, typename T>
void row(const Source* sources, int count, const rw_grouped_convolution_args& a, T* dx) {
  const int width = strided(a.width, 2);
  int from = 0;
  const auto some = [&](auto pairs) {
    for (; width - from >= pairs; from += pairs) {
      T* const target = dx + static_cast<int64_t>(2 * from) * a.channels;
      pixels<G, pairs>(sources, count, from, a.channels, target, a.channels, a.width - 2 * from);
    }
  };
  some(std::integral_constant<int, 8>());
  some(std::integral_constant<int, 4>());
  some(std::integral_constant<int, 1>());
}

template <int G, typename T>
int strided_gradient(const rw_grouped_convolution_args& a, int task, int worker) {
  const int rows = strided(a.height, 2), width = strided(a.width, 2), padded = (width + 2) * lanes;
  float* const two_rows = static_cast<float* const*>(a.worker_scratch)[worker];
  const int64_t dy_size = static_cast<int64_t>(rows) * width * a.channels;
  const int64_t dx_row = static_cast<int64_t>(a.width) * a.channels;
  const int first = task * a.images_per_task, end = std::min(a.batch, first + a.images_per_task);
  for (int image = first; image < end; image++) {
    for (int c = 0; c < a.channels; c += lanes) {
      const T* const dy = static_cast<const T*>(a.x) + image * dy_size + c;
      T* const dx = static_cast<T*>(a.y) + image * a.height * dx_row + c;
      const auto taps = [&](int k) { return a.filter + static_cast<int64_t>(2 - k) * 3 * G * a.channels + c; };
      const auto slot = [&](int o) { return two_rows + o % 2 * padded; };
      pad_row(dy, 0, rows, width, a.channels, 1, slot(0));
      for (int o = 0; o < rows; o++) {
        pad_row(dy, o + 1, rows, width, a.channels, 1, slot(o + 1));
        const Source middle{slot(o) + lanes, taps(1)};
        row<G>(&middle, 1, a, dx + 2 * o * dx_row);
        if (2 * o + 1 == a.height) continue;
        const Source both[] = {{slot(o) + lanes, taps(2)}, {slot(o + 1) + lanes, taps(0)}};
        row<G>(both, 2, a, dx + (2 * o + 1) * dx_row);
      }
    }
  }
  return RW_OK;
}

}  // namespace
}  // namespace rw::RW_ISA

RW_EXPORT_KERNEL(grouped_strided_gradient)(const rw_grouped_convolution_args* args, int task, int worker) {
  using namespace rw::RW_ISA;
  return by_group(args->group, [=](auto group) {
    return by_type(args->type, [=](auto* type) {
      return strided_gradient<group, std::remove_pointer_t<decltype(type)>>(*args, task, worker);
    });
  });
}
