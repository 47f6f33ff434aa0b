// SPDX-License-Identifier: Apache-2.0
//
// What the grouped convolutions share: 16 channels hold whole groups, so a vector of outputs needs one vector of inputs
// at each tap; lane J of each group is spread over the group and multiplied with the filter's row of that input.
//
// Rows are kept in the worker's scratch as floats, the 16 channels of a pixel side by side, zeros left and right.
#ifndef RANDWIRE_GROUPED_H
#define RANDWIRE_GROUPED_H

#include <algorithm>
#include <type_traits>
#include <utility>

#include "node.h"
#include "randwire.h"
#include "simd.h"

namespace rw::RW_ISA {

// Calls f with the size of a group as a constant.
template <typename F>
inline int by_group(int group, F f) {
  switch (group) {
    case 4:
      return f(std::integral_constant<int, 4>());
    case 8:
      return f(std::integral_constant<int, 8>());
    default:
      return RW_INVALID_ARGUMENT;
  }
}

template <typename F, int... I>
inline void each_of(F f, std::integer_sequence<int, I...>) {
  (f(std::integral_constant<int, I>()), ...);
}

// Calls f with each of the constants 0 .. N - 1.
template <int N, typename F>
inline void each_constant(F f) {
  each_of(f, std::make_integer_sequence<int, N>());
}

// Copies a row of 16 channels between `pad` zero pixels left and right; zeros if it lies outside the image.
template <typename T>
inline void pad_row(const T* image, int row, int height, int width, int channels, int pad, float* target) {
  std::fill_n(target, pad * lanes, 0.0f);
  float* const inside = target + pad * lanes;
  if (row < 0 || row >= height) {
    std::fill_n(inside, width * lanes, 0.0f);
  } else {
    const T* const source = image + static_cast<int64_t>(row) * width * channels;
    for (int i = 0; i < width; i++) store(inside + i * lanes, load(source + static_cast<int64_t>(i) * channels));
  }
  std::fill_n(inside + width * lanes, pad * lanes, 0.0f);
}

// Calls f with the stride as a constant.
template <typename F>
inline int by_stride(int stride, F f) {
  if (stride == 1) return f(std::integral_constant<int, 1>());
  return stride == 2 ? f(std::integral_constant<int, 2>()) : static_cast<int>(RW_INVALID_ARGUMENT);
}

// Pixels along a side of the output.
inline int strided(int size, int stride) { return (size - 1) / stride + 1; }

// Three rows around a row of an image, 16 channels of them, in a ring. It moves down only.
template <typename T>
class Window {
 public:
  Window(const T* image, int height, int width, int channels, float* ring)
      : image_(image), height_(height), width_(width), channels_(channels), ring_(ring) {
  }

  // Brings in row - 1 to row + 1.
  void centre(int row) {
    for (next_ = std::max(next_, row - 1); next_ <= row + 1; next_++) {
      pad_row(image_, next_, height_, width_, channels_, 1, slot(next_));
    }
  }

  // Padded by one pixel.
  const float* row(int row) const { return slot(row); }

 private:
  float* slot(int row) const { return ring_ + (row + 3) % 3 * (width_ + 2) * lanes; }

  const T* image_;
  int height_, width_, channels_;
  float* ring_;
  int next_ = -1;
};

}  // namespace rw::RW_ISA

#endif  // RANDWIRE_GROUPED_H
