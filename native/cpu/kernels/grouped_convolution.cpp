// SPDX-License-Identifier: Apache-2.0
//
// Grouped 3x3 convolution: x [N][H][W][C], y [N][H'][W'][C], C a multiple of 16, groups of 4 or 8 channels. One task
// takes some images. A row's pixels are computed 16 at a time, in registers: with three weights at hand each spread input is
// used three times.
#include "grouped.h"
#include "kernel.h"

namespace rw::RW_ISA {
namespace {

// y[0 .. P) of 16 channels; filter is that of the 16 channels, `stride` floats between inputs.
template <int G, int S, int P, typename T>
void pixels(const float* const* rows, const float* filter, int64_t stride, T* y, int64_t y_stride) {
  vec total[P];
  RW_UNROLL for (int i = 0; i < P; i++) total[i] = zeros();
  for (int k = 0; k < 3; k++) {
    const float* const x = rows[k];
    const float* const taps = filter + 3 * k * G * stride;
    each_constant<G>([&](auto j) {
      vec weight[3];
      RW_UNROLL for (int tap = 0; tap < 3; tap++) weight[tap] = load(taps + (tap * G + j) * stride);
      RW_UNROLL for (int i = 0; i < S * (P - 1) + 3; i++) {
        const vec v = spread<G, j>(load(x + i * lanes));
        RW_UNROLL for (int tap = 0; tap < 3; tap++) {
          const int at = (i - tap) / S;
          if (i >= tap && (i - tap) % S == 0 && at < P) total[at] = fma(v, weight[tap], total[at]);
        }
      }
    });
  }
  RW_UNROLL for (int i = 0; i < P; i++) store(y + i * y_stride, total[i]);
}

template <int G, int S, typename T>
void row(const float* const* rows, const rw_grouped_convolution_args& a, const float* filter, T* y) {
  const float* at[3] = {rows[0], rows[1], rows[2]};
  int left = strided(a.width, S);
  const auto some = [&](auto count) {
    for (; left >= count; left -= count, y += count * a.channels) {
      pixels<G, S, count>(at, filter, a.channels, y, a.channels);
      RW_UNROLL for (int k = 0; k < 3; k++) at[k] += S * count * lanes;
    }
  };
#if defined(RW_SIMD_AVX512)  // elsewhere the sums would not stay in registers, and unrolling takes compilers minutes
  some(std::integral_constant<int, 16>());
  some(std::integral_constant<int, 8>());
#endif
  some(std::integral_constant<int, 4>());
  some(std::integral_constant<int, 1>());
}

template <int G, int S, typename T>
int convolution(const rw_grouped_convolution_args& a, int task, int worker) {
  float* const ring = static_cast<float* const*>(a.worker_scratch)[worker];
  const int64_t x_size = static_cast<int64_t>(a.height) * a.width * a.channels;
  const int rows_out = strided(a.height, S);
  const int64_t y_row = static_cast<int64_t>(strided(a.width, S)) * a.channels;
  const int first = task * a.images_per_task, end = std::min(a.batch, first + a.images_per_task);
  for (int image = first; image < end; image++) {
    for (int c = 0; c < a.channels; c += lanes) {
      const T* const x = static_cast<const T*>(a.x) + image * x_size + c;
      T* const y = static_cast<T*>(a.y) + image * rows_out * y_row + c;
      Window<T> window(x, a.height, a.width, a.channels, ring);
      for (int r = 0; r < rows_out; r++) {
        window.centre(S * r);
        const float* const rows[3] = {window.row(S * r - 1), window.row(S * r), window.row(S * r + 1)};
        row<G, S>(rows, a, a.filter + c, y + r * y_row);
      }
    }
  }
  return RW_OK;
}

}  // namespace
}  // namespace rw::RW_ISA

RW_EXPORT_KERNEL(grouped_convolution)(const rw_grouped_convolution_args* args, int task, int worker) {
  using namespace rw::RW_ISA;
  return by_group(args->group, [=](auto group) {
    return by_stride(args->stride, [=](auto stride) {
      return by_type(args->type, [=](auto* type) {
        return convolution<group, stride, std::remove_pointer_t<decltype(type)>>(*args, task, worker);
      });
    });
  });
}
