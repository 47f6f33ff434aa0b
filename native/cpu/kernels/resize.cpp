// SPDX-License-Identifier: Apache-2.0
//
// Bilinear resizing of RGB rows and columns in 32-bit integers, as Pillow's Resample.c computes it, with the same bits
// on every instruction set. A row's pixel is four lanes, one of which belongs to the next pixel and is dropped; wider vectors
// would save little of what decoding takes.
#include <immintrin.h>

#include <algorithm>
#include <cstring>

#include "kernel.h"

namespace rw::RW_ISA {
namespace {

constexpr int fraction_bits = 22;
constexpr int half = 1 << (fraction_bits - 1);

// Four bytes as integers, spelled out: left to itself, g++ 12 takes them apart one by one.
inline __m128i widened(const uint8_t* pixel) {
  int32_t bytes;
  std::memcpy(&bytes, pixel, 4);
#ifdef __SSE4_1__
  return _mm_cvtepu8_epi32(_mm_cvtsi32_si128(bytes));
#else
  const __m128i zero = _mm_setzero_si128();
  return _mm_unpacklo_epi16(_mm_unpacklo_epi8(_mm_cvtsi32_si128(bytes), zero), zero);
#endif
}

// The sums of four bytes; multiplied by the compiler's operator, since SSE2 has no such instruction.
typedef int32_t Sums __attribute__((vector_size(16)));

inline Sums started() { return Sums{half, half, half, half}; }

inline void add_product(Sums& sums, const uint8_t* bytes, int weight) {
  sums += reinterpret_cast<Sums>(widened(bytes)) * weight;
}

// The weights are not negative, so that the sums are not; packing a level into a byte saturates at 255.
inline __m128i levels(Sums a, Sums b) {
  return _mm_packs_epi32(reinterpret_cast<__m128i>(a >> fraction_bits), reinterpret_cast<__m128i>(b >> fraction_bits));
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
    Sums sums = started();
    for (int t = 0, count = across->counts[i]; t < count; t++, pixel += 3) add_product(sums, pixel, weights[t]);
    const __m128i words = levels(sums, sums);
    const int bytes = _mm_cvtsi128_si32(_mm_packus_epi16(words, words));
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
    Sums a = started(), b = started(), c = started(), d = started();
    for (int t = 0; t < count; t++) {
      const uint8_t* bytes = first + t * row_bytes + i;
      add_product(a, bytes, weights[t]);
      add_product(b, bytes + 4, weights[t]);
      add_product(c, bytes + 8, weights[t]);
      add_product(d, bytes + 12, weights[t]);
    }
    _mm_storeu_si128(reinterpret_cast<__m128i*>(result + i), _mm_packus_epi16(levels(a, b), levels(c, d)));
  }
  for (; i < row_bytes; i++) {
    int sum = half;
    for (int t = 0; t < count; t++) sum += first[t * row_bytes + i] * weights[t];
    result[i] = static_cast<uint8_t>(std::min(255, sum >> fraction_bits));
  }
  return RW_OK;
}
