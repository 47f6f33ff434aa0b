// SPDX-License-Identifier: Apache-2.0
//
// Matrix products of the pointwise convolutions: pixels x channels times channels x channels, sums in float32.
//
// The right-hand matrix [K][N] is packed once per step into panels of at most tile_vectors vectors of columns, each
// panel row by row, so that the inner loop reads one short consecutive stream. In bfloat16 two neighbouring rows are
// interleaved, the operand form of the processor's dot product. A tile of pixels times a panel stays in registers over
// the whole of K: one chain of fused multiply-adds per result, in the order of K, whatever the tile.
#ifndef RANDWIRE_PRODUCT_H
#define RANDWIRE_PRODUCT_H

#include "node.h"

namespace rw::RW_ISA {

// The tile fills the register file: 24 of 32 registers hold sums with AVX-512.
#if defined(RW_SIMD_AVX512)
constexpr int tile_pixels = 8, tile_vectors = 3;
#else
constexpr int tile_pixels = 4, tile_vectors = 1;
#endif

// Columns [16 * vector, ...) of a packed matrix begin 16 * vector * K elements behind its start: a panel's rows are
// as long as the panel is wide.
inline int64_t panel_offset(int64_t vector, int64_t depth) { return vector * lanes * depth; }

// ---- one step along K: one row of a panel in float32, two interleaved rows in bfloat16 ------------------------------

constexpr int64_t depth_step(const float*) { return 1; }
constexpr int64_t depth_step(const bfloat16*) { return 2; }

struct Pair {
#if defined(__AVX512BF16__)
  __m512i bits;
#else
  vec even, odd;
#endif
};

inline vec load_row(const float* p) { return load(p); }
inline vec broadcast_step(const float* p) { return broadcast(*p); }
inline vec multiply_add(vec a, vec b, vec sum) { return fma(a, b, sum); }

#if defined(__AVX512BF16__)
inline Pair load_row(const bfloat16* p) { return {_mm512_loadu_si512(p)}; }

inline Pair broadcast_step(const bfloat16* p) {
  int32_t both;
  std::memcpy(&both, p, sizeof both);
  return {_mm512_set1_epi32(both)};
}

inline vec multiply_add(const Pair& a, const Pair& b, vec sum) {
  return {_mm512_dpbf16_ps(sum.v, (__m512bh)a.bits, (__m512bh)b.bits)};
}
#else
inline Pair load_row(const bfloat16* p) {
  float even[lanes], odd[lanes];
  for (int i = 0; i < lanes; i++) {
    even[i] = load_one(p + 2 * i);
    odd[i] = load_one(p + 2 * i + 1);
  }
  return {load(even), load(odd)};
}

inline Pair broadcast_step(const bfloat16* p) { return {broadcast(load_one(p)), broadcast(load_one(p + 1))}; }

inline vec multiply_add(const Pair& a, const Pair& b, vec sum) {
  return fma(a.odd, b.odd, fma(a.even, b.even, sum));
}
#endif

// ---- the product ----------------------------------------------------------------------------------------------------

template <int M, int NV, typename T, typename Store>
inline void product_tile(const T* a, int64_t stride, const T* panel, int64_t depth, Store store_result) {
  constexpr int64_t step = depth_step(static_cast<const T*>(nullptr));
  vec sums[M][NV];
  RW_UNROLL for (int m = 0; m < M; m++) RW_UNROLL for (int j = 0; j < NV; j++) sums[m][j] = zeros();
  for (int64_t k = 0; k < depth; k += step) {
    decltype(load_row(panel)) b[NV];
    RW_UNROLL for (int j = 0; j < NV; j++) b[j] = load_row(panel + (k * NV + j * step) * lanes);
    RW_UNROLL for (int m = 0; m < M; m++) {
      const auto x = broadcast_step(a + m * stride + k);
      RW_UNROLL for (int j = 0; j < NV; j++) sums[m][j] = multiply_add(x, b[j], sums[m][j]);
    }
  }
  RW_UNROLL for (int m = 0; m < M; m++) RW_UNROLL for (int j = 0; j < NV; j++) store_result(m, j, sums[m][j]);
}

template <int NV, typename T, typename Store>
void product_panel(const T* a, int64_t stride, int64_t pixels, const T* panel, int64_t depth, int64_t vector,
                   Store& store_result) {
  int64_t first = 0;
  const auto tiles = [&](auto rows) {
    constexpr int M = decltype(rows)::value;
    for (; first + M <= pixels; first += M) {
      product_tile<M, NV>(a + first * stride, stride, panel, depth,
                          [&](int m, int j, vec sum) { store_result(first + m, vector + j, sum); });
    }
  };
  // Seven divides the 49 pixels of a 7x7 image; a single pixel's chains would be too few to keep the processor busy.
  if (tile_pixels == 8 && pixels % 8 != 0 && pixels % 7 == 0) tiles(std::integral_constant<int, 7>());
  tiles(std::integral_constant<int, tile_pixels>());
  if constexpr (tile_pixels > 4) tiles(std::integral_constant<int, 4>());
  tiles(std::integral_constant<int, 2>());
  tiles(std::integral_constant<int, 1>());
}

// a [pixels][stride], its first `depth` channels, times a packed [depth][16 * vectors] matrix:
// store_result(pixel, vector, sixteen results) for every pixel and every vector of columns.
template <typename T, typename Store>
inline void product(const T* a, int64_t stride, int64_t pixels, const T* packed, int64_t depth, int64_t vectors,
                    Store store_result) {
  int64_t vector = 0;
  for (; vector + tile_vectors <= vectors; vector += tile_vectors) {
    product_panel<tile_vectors>(a, stride, pixels, packed + panel_offset(vector, depth), depth, vector, store_result);
  }
  if constexpr (tile_vectors > 2) {
    if (vector + 2 == vectors) {
      product_panel<2>(a, stride, pixels, packed + panel_offset(vector, depth), depth, vector, store_result);
    }
  }
  if constexpr (tile_vectors > 1) {
    if (vector + 1 == vectors) {
      product_panel<1>(a, stride, pixels, packed + panel_offset(vector, depth), depth, vector, store_result);
    }
  }
}

}  // namespace rw::RW_ISA

#endif  // RANDWIRE_PRODUCT_H
