// SPDX-License-Identifier: Apache-2.0
//
// Bilinear resizing of RGB rows and columns in 32-bit integers, as Pillow's Resample.c computes it, with the same bits
// on every instruction set. A row's pixel is four lanes, one of which belongs to the next pixel and is dropped; against
// decoding, a row of an instruction set's full width would save little.
#include <algorithm>
#include <cstring>

#include "kernel.h"

namespace rw::RW_ISA {
namespace {

constexpr int fraction_bits = 22;
constexpr int half = 1 << (fraction_bits - 1);

template <int count>
struct Lanes;
template <>
struct Lanes<4> {
  typedef uint8_t Bytes __attribute__((vector_size(4)));
  typedef int32_t Ints __attribute__((vector_size(16)));
};
template <>
struct Lanes<16> {
  typedef uint8_t Bytes __attribute__((vector_size(16)));
  typedef int32_t Ints __attribute__((vector_size(64)));
};

template <int count>
inline void add_product(typename Lanes<count>::Ints& sum, const uint8_t* pixels, int weight) {
  typename Lanes<count>::Bytes bytes;
  std::memcpy(&bytes, pixels, count);
  sum += __builtin_convertvector(bytes, typename Lanes<count>::Ints) * weight;
}

// The weights are not negative, but their sum may be a little over one.
template <int count>
inline typename Lanes<count>::Bytes levels(const typename Lanes<count>::Ints& sum) {
  const typename Lanes<count>::Ints shifted = sum >> fraction_bits;
  return __builtin_convertvector(shifted > 255 ? 255 : shifted, typename Lanes<count>::Bytes);
}

}  // namespace
}  // namespace rw::RW_ISA

RW_EXPORT_KERNEL(resize_row)(const uint8_t* row, const rw_filter_taps* across, int flipped, uint8_t* result) {
  using namespace rw::RW_ISA;
  const int step = flipped ? -3 : 3;
  uint8_t* out = flipped ? result + 3 * static_cast<int64_t>(across->outputs - 1) : result;
  for (int i = 0; i < across->outputs; i++, out += step) {
    const int* weights = across->weights + static_cast<int64_t>(i) * across->stride;
    const uint8_t* pixel = row + 3 * static_cast<int64_t>(across->firsts[i]);
    Lanes<4>::Ints sum = {half, half, half, half};
    for (int t = 0; t < across->counts[i]; t++, pixel += 3) add_product<4>(sum, pixel, weights[t]);
    const auto bytes = levels<4>(sum);
    std::memcpy(out, &bytes, 3);
  }
  return RW_OK;
}

RW_EXPORT_KERNEL(resize_column)(const uint8_t* rows, const rw_filter_taps* down, int output, int64_t row_bytes,
                                uint8_t* result) {
  using namespace rw::RW_ISA;
  const int* weights = down->weights + static_cast<int64_t>(output) * down->stride;
  const uint8_t* first = rows + down->firsts[output] * row_bytes;
  const int count = down->counts[output];
  int64_t i = 0;
  for (; i + 16 <= row_bytes; i += 16) {
    Lanes<16>::Ints sum = Lanes<16>::Ints{} + half;
    for (int t = 0; t < count; t++) add_product<16>(sum, first + t * row_bytes + i, weights[t]);
    const auto bytes = levels<16>(sum);
    std::memcpy(result + i, &bytes, 16);
  }
  for (; i < row_bytes; i++) {
    int sum = half;
    for (int t = 0; t < count; t++) sum += first[t * row_bytes + i] * weights[t];
    result[i] = static_cast<uint8_t>(std::min(255, sum >> fraction_bits));
  }
  return RW_OK;
}
