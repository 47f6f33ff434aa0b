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

#include <type_traits>

#include "node.h"
#include "tiles.h"

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

#if defined(RW_SIMD_AVX512)
// Rows and columns of a 16x16 matrix of 32 bits change places: pairs of rows, fours, and then quarters of registers.
inline void transpose(__m512i (&m)[16]) {
  RW_UNROLL for (int i = 0; i < 16; i += 4) {
    const __m512i a = _mm512_unpacklo_epi32(m[i], m[i + 1]), b = _mm512_unpackhi_epi32(m[i], m[i + 1]);
    const __m512i c = _mm512_unpacklo_epi32(m[i + 2], m[i + 3]), d = _mm512_unpackhi_epi32(m[i + 2], m[i + 3]);
    m[i] = _mm512_unpacklo_epi64(a, c);
    m[i + 1] = _mm512_unpackhi_epi64(a, c);
    m[i + 2] = _mm512_unpacklo_epi64(b, d);
    m[i + 3] = _mm512_unpackhi_epi64(b, d);
  }
  RW_UNROLL for (int i = 0; i < 4; i++) {
    const __m512i a = _mm512_shuffle_i32x4(m[i], m[4 + i], 0x88), b = _mm512_shuffle_i32x4(m[i], m[4 + i], 0xdd);
    const __m512i c = _mm512_shuffle_i32x4(m[8 + i], m[12 + i], 0x88);
    const __m512i d = _mm512_shuffle_i32x4(m[8 + i], m[12 + i], 0xdd);
    m[i] = _mm512_shuffle_i32x4(a, c, 0x88);
    m[4 + i] = _mm512_shuffle_i32x4(b, d, 0x88);
    m[8 + i] = _mm512_shuffle_i32x4(a, c, 0xdd);
    m[12 + i] = _mm512_shuffle_i32x4(b, d, 0xdd);
  }
}
#endif

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

// ---- what comes next ------------------------------------------------------------------------------------------------

// What the next block will read, asked for line by line while this one is multiplied: products leave the memory idle,
// and what stands between them would wait for it.
class Ahead {
 public:
  template <typename T>
  void add(const T* begin, int64_t elements) {
    const int64_t lines = elements * static_cast<int64_t>(sizeof(T)) / line;
    if (count_ == most || lines == 0) return;
    ranges_[count_++] = {reinterpret_cast<const char*>(begin), lines};
    lines_ += lines;
  }

  // Spreads the lines over this many calls of fetch().
  void spread(int64_t calls) {
    lines_per_call_ = static_cast<int>((lines_ + calls - 1) / calls);
    if (lines_per_call_ > 0) begin_range(0);
  }

  void fetch() {
    for (int i = lines_per_call_; i > 0; i--) {
      __builtin_prefetch(next_, 0, 2);  // into the second cache: a block's worth would flood the first
      next_ += line;
      if (__builtin_expect(--left_ == 0, 0)) {
        if (current_ + 1 == count_) {
          lines_per_call_ = 0;
          return;
        }
        begin_range(current_ + 1);
      }
    }
  }

 private:
  static constexpr int most = 24, line = 64;
  struct Range {
    const char* begin;
    int64_t lines;
  };

  void begin_range(int number) {
    current_ = number;
    next_ = ranges_[number].begin;
    left_ = ranges_[number].lines;
  }

  Range ranges_[most];
  int count_ = 0, current_ = 0, lines_per_call_ = 0;
  int64_t lines_ = 0;
  const char* next_ = nullptr;
  int64_t left_ = 0;
};

// ---- the product ----------------------------------------------------------------------------------------------------

template <int M, int NV, typename T, typename Store>
inline void product_tile(const T* a, int64_t stride, const T* panel, int64_t depth, Ahead& ahead,
                         Store store_result) {
  constexpr int64_t step = depth_step(static_cast<const T*>(nullptr));
  vec sums[M][NV];
  RW_UNROLL for (int m = 0; m < M; m++) RW_UNROLL for (int j = 0; j < NV; j++) sums[m][j] = zeros();
  for (int64_t k = 0; k < depth; k += step) {
    ahead.fetch();
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
                   Ahead& ahead, Store& store_result) {
  int64_t first = 0;
  const auto tiles = [&](auto rows) {
    constexpr int M = decltype(rows)::value;
    for (; first + M <= pixels; first += M) {
      product_tile<M, NV>(a + first * stride, stride, panel, depth, ahead,
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

// Whether a product of that many pixels goes to the tile registers.
template <typename T>
constexpr bool in_tiles(int64_t pixels) {
#if defined(__AMX_BF16__)
  return std::is_same_v<T, bfloat16> && pixels >= tile_rows;
#else
  return pixels < 0;
#endif
}

// Steps of the inner loops of a product, at least: calls of Ahead::fetch.
template <typename T>
inline int64_t product_steps(int64_t pixels, int64_t depth, int64_t vectors) {
  if (in_tiles<T>(pixels)) return (pixels + tile_rows - 1) / tile_rows * vectors * (depth / tile_depth) + 1;
  const int64_t panels = (vectors + tile_vectors - 1) / tile_vectors;
  return pixels / tile_pixels * panels * (depth / depth_step(static_cast<const T*>(nullptr))) + 1;
}

#if defined(__AMX_BF16__)
// Tiles of 16 pixels, the first of each given by pixel_of(tile), times the packed matrix, two by two where that goes.
// keep(R, C, halves, pixels, vector) takes a block's results from their registers.
template <typename PixelOf, typename Keep>
inline void tile_blocks(const Tiles& tiles, const bfloat16* a, int64_t stride, int count, PixelOf pixel_of,
                        const bfloat16* packed, int64_t depth, int64_t vectors, Ahead& ahead, Keep keep) {
  const auto columns = [=](int64_t vector) {
    const int64_t panel = vector / tile_vectors * tile_vectors;
    const int64_t width = std::min<int64_t>(tile_vectors, vectors - panel);
    return PairedColumns{packed + panel_offset(panel, depth) + (vector - panel) * 2 * lanes, width * 64};
  };
  each_block(count, static_cast<int>(vectors), tiles.halves(), [&](auto r, auto c, auto halves, int row, int vector) {
    constexpr int R = r, C = c;
    const int64_t pixels[2] = {pixel_of(row), pixel_of(row + R - 1)};
    const bfloat16* const sources[2] = {a + pixels[0] * stride, a + pixels[1] * stride};
    const PairedColumns factors[2] = {columns(vector), columns(vector + C - 1)};
    each_result<R, C, halves>([](auto tile, int, int) { zero_tile(tile); });
    multiply_tiles<R, C, halves>(sources, stride * 2, factors, depth, [&] { ahead.fetch(); });
    keep(r, c, halves, pixels, vector);
  });
}

// The last tile of pixels ends with the last pixel; those that it shares with the one before are the same twice. A
// block's results are handed on while the next block is multiplied: an instruction takes 52 cycles and more.
template <typename Store>
inline void tile_product(const Tiles& tiles, const bfloat16* a, int64_t stride, int64_t pixels, const bfloat16* packed,
                         int64_t depth, int64_t vectors, Ahead& ahead, Store store_result) {
  alignas(64) float results[2][4][tile_rows * lanes];
  struct Block {
    int rows = 0, columns = 0;
    int64_t pixel[2] = {}, vector = 0;
  } blocks[2];
  int current = 0;
  const auto hand_on = [&](const Block& block, const float (*from)[tile_rows * lanes]) {
    for (int i = 0; i < block.rows; i++) {
      for (int j = 0; j < block.columns; j++, from++) {
        RW_UNROLL for (int m = 0; m < tile_rows; m++) {
          store_result(block.pixel[i] + m, block.vector + j, load_aligned(*from + m * lanes));
        }
      }
    }
  };
  const int count = static_cast<int>((pixels + tile_rows - 1) / tile_rows);
  tile_blocks(
      tiles, a, stride, count, [=](int tile) { return std::min<int64_t>(tile * tile_rows, pixels - tile_rows); }, packed,
      depth, vectors, ahead, [&](auto r, auto c, auto halves, const int64_t (&first)[2], int vector) {
        constexpr int R = r, C = c;
        each_result<R, C, halves>([&](auto tile, int i, int j) { store_tile(tile, results[current][i * C + j], 64); });
        blocks[current] = {R, C, {first[0], first[1]}, vector};
        current ^= 1;
        hand_on(blocks[current], results[current]);
      });
  hand_on(blocks[current ^ 1], results[current ^ 1]);
}

// The same where 16 neighbouring pixels of a row of an image lie one vector after the other in the result:
// target(pixel, vector) is where the first one's goes, and tiles go there as they are.
template <typename Target>
inline void tile_product_by_rows(const Tiles& tiles, const bfloat16* a, int64_t stride, int rows, int width,
                                 const bfloat16* packed, int64_t depth, int64_t vectors, Ahead& ahead, Target target) {
  const int in_row = (width + tile_rows - 1) / tile_rows;
  tile_blocks(
      tiles, a, stride, rows * in_row,
      [=](int tile) -> int64_t { return tile / in_row * width + std::min(tile % in_row * tile_rows, width - tile_rows); },
      packed, depth, vectors, ahead, [&](auto r, auto c, auto halves, const int64_t (&pixels)[2], int vector) {
        constexpr int R = r, C = c;
        each_result<R, C, halves>(
            [&](auto tile, int i, int j) { store_tile(tile, target(pixels[i], vector + j), lanes * sizeof(float)); });
      });
}
#endif

// a [pixels][stride], its first `depth` channels, times a packed [depth][16 * vectors] matrix:
// store_result(pixel, vector, sixteen results) for every pixel and every vector of columns, for some of them twice.
// The tiles are configured for that depth.
template <typename T, typename Store>
inline void product([[maybe_unused]] const Tiles& tiles, const T* a, int64_t stride, int64_t pixels, const T* packed,
                    int64_t depth, int64_t vectors, Ahead& ahead, Store store_result) {
#if defined(__AMX_BF16__)
  if constexpr (std::is_same_v<T, bfloat16>) {
    if (in_tiles<T>(pixels)) {
      return tile_product(tiles, a, stride, pixels, packed, depth, vectors, ahead, store_result);
    }
  }
#endif
  int64_t vector = 0;
  for (; vector + tile_vectors <= vectors; vector += tile_vectors) {
    product_panel<tile_vectors>(a, stride, pixels, packed + panel_offset(vector, depth), depth, vector, ahead,
                                store_result);
  }
  if constexpr (tile_vectors > 2) {
    if (vector + 2 == vectors) {
      product_panel<2>(a, stride, pixels, packed + panel_offset(vector, depth), depth, vector, ahead,
                                store_result);
    }
  }
  if constexpr (tile_vectors > 1) {
    if (vector + 1 == vectors) {
      product_panel<1>(a, stride, pixels, packed + panel_offset(vector, depth), depth, vector, ahead,
                                store_result);
    }
  }
}

// The product of rows of `width` pixels whose results go to target(pixel, vector), which for pixels of one row are
// consecutive vectors.
template <typename T, typename Target>
inline void product_by_rows(const Tiles& tiles, const T* a, int64_t stride, int rows, int width, const T* packed,
                            int64_t depth, int64_t vectors, Ahead& ahead, Target target) {
#if defined(__AMX_BF16__)
  if constexpr (std::is_same_v<T, bfloat16>) {
    if (width >= tile_rows) {
      return tile_product_by_rows(tiles, a, stride, rows, width, packed, depth, vectors, ahead, target);
    }
  }
#endif
  product(tiles, a, stride, static_cast<int64_t>(rows) * width, packed, depth, vectors, ahead,
          [=](int64_t pixel, int64_t vector, vec sum) { store(target(pixel, vector), sum); });
}

// ---- outer products: the gradient of a filter ----------------------------------------------------------------------
//
// sums[i][o] of x[pixel][i] * dy[pixel][o] over a block of pixels that is in the cache. A tile of inputs times a panel
// of outputs stays in registers over the block: one chain of fused multiply-adds per result, in the order of the
// pixels, whatever the tile. float32 is read where it lies; bfloat16 is first copied into scratch, two neighbouring
// pixels interleaved.

// The inputs of a register tile; they divide the multiples of 16.
constexpr int tile_inputs = tile_pixels;
static_assert(lanes % tile_inputs == 0, "tiles fill the channels");

// What is multiplied: bfloat16 only where the processor has the dot product of pairs, else the widened values.
template <typename T>
struct Factor {
#if defined(__AVX512BF16__)
  using type = T;
#else
  using type = float;
#endif
};

// The factors of a block: those of the next pixel, or pair of pixels, lie `stride` elements further.
template <typename P>
struct PixelRows {
  const P* first;
  int64_t stride;
};

// One vector of channels of a pixel and of the next one; an odd last pixel is paired with zeros.
#if defined(__AVX512BF16__)
// The lower and the upper 16 values of 16 bits in turn.
inline __m512i interleaved(__m512i halves) {
  const __m512i order = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6, 21,
                                         5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
  return _mm512_permutexvar_epi16(order, halves);
}

inline __m512i lower_halves(const bfloat16* p) {
  return _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
}

inline void pack_vector(const bfloat16* pixel, const bfloat16* next, bfloat16* target) {
  __m512i pair = lower_halves(pixel);
  if (next != nullptr) pair = _mm512_or_si512(pair, _mm512_slli_epi32(lower_halves(next), 16));
  _mm512_storeu_si512(target, pair);
}
#else
inline void pack_vector(const bfloat16* pixel, const bfloat16* /* next */, float* target) {
  store(target, load(pixel));
}
#endif

// `vectors` vectors of each of a block's pixels, brought into the order in which they are multiplied.
template <typename P>
inline PixelRows<P> pixel_rows(const bfloat16* source, int64_t stride, int pixels, int vectors, P* scratch) {
  constexpr int step = static_cast<int>(depth_step(static_cast<const P*>(nullptr)));
  P* target = scratch;
  for (int pixel = 0; pixel < pixels; pixel += step) {
    const bfloat16* const next = pixel + 1 < pixels ? source + stride : nullptr;
    for (int j = 0; j < vectors; j++) {
      pack_vector(source + j * lanes, next == nullptr ? nullptr : next + j * lanes, target);
      target += step * lanes;
    }
    source += step * stride;
  }
  return {scratch, vectors * step * lanes};
}

inline PixelRows<float> pixel_rows(const float* source, int64_t stride, int /* pixels */, int /* vectors */, float*) {
  return {source, stride};
}

template <int NV, typename P>
inline void outer_tile(PixelRows<P> x, PixelRows<P> dy, int pixels, float* sums, int64_t outputs, bool first, Ahead& ahead) {
  constexpr int step = static_cast<int>(depth_step(static_cast<const P*>(nullptr)));
  vec sum[tile_inputs][NV];
  RW_UNROLL for (int m = 0; m < tile_inputs; m++) RW_UNROLL for (int j = 0; j < NV; j++) sum[m][j] = zeros();
  for (int pixel = 0; pixel < pixels; pixel += step) {
    ahead.fetch();
    decltype(load_row(dy.first)) row[NV];
    RW_UNROLL for (int j = 0; j < NV; j++) row[j] = load_row(dy.first + j * step * lanes);
    RW_UNROLL for (int m = 0; m < tile_inputs; m++) {
      const auto factor = broadcast_step(x.first + m * step);
      RW_UNROLL for (int j = 0; j < NV; j++) sum[m][j] = multiply_add(factor, row[j], sum[m][j]);
    }
    x.first += x.stride;
    dy.first += dy.stride;
  }
  RW_UNROLL for (int m = 0; m < tile_inputs; m++) RW_UNROLL for (int j = 0; j < NV; j++) {
    float* const target = sums + m * outputs + j * lanes;
    store(target, first ? sum[m][j] : load(target) + sum[m][j]);
  }
}

// The next panel's vectors: four are two and two, since a single one keeps few chains going.
constexpr int panel_vectors(int left) { return left == 4 ? std::min(2, tile_vectors) : std::min(left, tile_vectors); }

// Steps of its inner loops, at least.
template <typename T>
inline int64_t outer_steps(int64_t pixels, int64_t inputs, int64_t vectors) {
  if (in_tiles<T>(pixels)) return (pixels + tile_depth - 1) / tile_depth * (inputs / tile_rows) * vectors;
  const int64_t panels = (vectors + tile_vectors - 1) / tile_vectors;
  return pixels / depth_step(static_cast<const typename Factor<T>::type*>(nullptr)) * (inputs / tile_inputs) * panels + 1;
}

#if defined(__AMX_BF16__)
// 16 channels of two pixels, interleaved.
inline __m512i pixel_pair(const bfloat16* pixel, const bfloat16* next) {
  const __m256i low = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(pixel));
  const __m256i high = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(next));
  return interleaved(_mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1));
}

// 16 channels of 32 pixels, of which `pixels` exist, as the rows of a tile, target_stride apart: a row holds a channel's
// pixels.
inline void transpose_pixels(const bfloat16* source, int64_t stride, int pixels, bfloat16* target,
                             int64_t target_stride = tile_depth) {
  __m512i pair[16];
  if (pixels >= tile_depth) {
    RW_UNROLL for (int i = 0; i < 16; i++) pair[i] = pixel_pair(source + 2 * i * stride, source + (2 * i + 1) * stride);
  } else {
    RW_UNROLL for (int i = 0; i < 16; i++) {
      pair[i] = _mm512_setzero_si512();
      const bfloat16* const pixel = source + 2 * i * stride;
      if (2 * i + 1 < pixels) {
        pair[i] = pixel_pair(pixel, pixel + stride);
      } else if (2 * i < pixels) {
        pair[i] = lower_halves(pixel);
      }
    }
  }
  transpose(pair);
  RW_UNROLL for (int i = 0; i < 16; i++) _mm512_storeu_si512(target + i * target_stride, pair[i]);
}

// x is brought into tiles whose rows are channels, two vectors of dy at a time into pairs of pixels; pixels that a step
// lacks are zeros.
inline void tile_outer_products(const Tiles& tiles, const bfloat16* x, int64_t x_stride, int inputs, const bfloat16* dy, int64_t dy_stride,
                                int outputs, int pixels, float* sums, bool first, bfloat16* scratch, Ahead& ahead) {
  const int steps = (pixels + tile_depth - 1) / tile_depth, rows = inputs / tile_rows;
  const int64_t depth = static_cast<int64_t>(steps) * tile_depth;
  bfloat16* const panel = scratch + depth * inputs;
  for (int row = 0; row < rows; row++) {
    for (int step = 0; step < steps; step++) {
      transpose_pixels(x + step * tile_depth * x_stride + row * lanes, x_stride, pixels - step * tile_depth,
                       scratch + (row * steps + step) * tile_rows * tile_depth);
    }
  }
  const int vectors = outputs / lanes;
  for (int vector = 0, width; vector < vectors; vector += width) {
    width = std::min(2, vectors - vector);
    pixel_rows(dy + vector * lanes, dy_stride, pixels, width, panel);
    for (int64_t pixel = (pixels + 1) / 2 * 2; pixel < depth; pixel += 2) {
      for (int j = 0; j < width; j++) _mm512_storeu_si512(panel + (pixel * width + 2 * j) * lanes, _mm512_setzero_si512());
    }
    each_block(rows, width, tiles.halves(), [&](auto r, auto c, auto half, int row, int column) {
      constexpr int R = r, C = c;
      const auto target = [=](int i, int j) {
        return sums + static_cast<int64_t>(row + i) * tile_rows * outputs + (vector + column + j) * lanes;
      };
      each_result<R, C, half>([&](auto tile, int i, int j) {
        first ? zero_tile(tile) : load_tile(tile, target(i, j), outputs * 4);
      });
      for (int step = 0; step < steps; step++) {
        const auto tile = [=](int i) { return scratch + ((row + i) * steps + step) * tile_rows * tile_depth; };
        const bfloat16* const sources[2] = {tile(0), tile(R - 1)};
        const auto paired = [=](int j) {
          return PairedColumns{panel + (step * tile_depth * width + 2 * (column + j)) * lanes, width * 64};
        };
        const PairedColumns factors[2] = {paired(0), paired(C - 1)};
        multiply_tiles<R, C, half>(sources, 64, factors, tile_depth, [&] { ahead.fetch(); });
      }
      each_result<R, C, half>([&](auto tile, int i, int j) { store_tile(tile, target(i, j), outputs * 4); });
    });
  }
}
#endif

// Adds a block's products to sums [inputs][outputs], or sets them if it is the `first`. x and dy begin at their first
// channel. Scratch has pixels * (inputs + 48) floats, of an even number of pixels.
template <typename T>
inline void outer_products([[maybe_unused]] const Tiles& tiles, const T* x, int64_t x_stride, int inputs, const T* dy,
                           int64_t dy_stride, int outputs, int pixels, float* sums, bool first,
                           typename Factor<T>::type* scratch, Ahead& ahead) {
#if defined(__AMX_BF16__)
  if constexpr (std::is_same_v<T, bfloat16>) {
    if (in_tiles<T>(pixels)) {
      return tile_outer_products(tiles, x, x_stride, inputs, dy, dy_stride, outputs, pixels, sums, first, scratch, ahead);
    }
  }
#endif
  using P = typename Factor<T>::type;
  constexpr int step = static_cast<int>(depth_step(static_cast<const P*>(nullptr)));
  const int vectors = outputs / lanes;
  const PixelRows<P> factors = pixel_rows(x, x_stride, pixels, inputs / lanes, scratch);
  P* const panel_scratch = scratch + static_cast<int64_t>(pixels + 1) / 2 * 2 * inputs;
  for (int vector = 0, width; vector < vectors; vector += width) {
    width = panel_vectors(vectors - vector);
    const PixelRows<P> rows = pixel_rows(dy + vector * lanes, dy_stride, pixels, width, panel_scratch);
    const auto panel = [&](auto count) {
      for (int i = 0; i < inputs; i += tile_inputs) {
        outer_tile<decltype(count)::value>(PixelRows<P>{factors.first + i * step, factors.stride}, rows, pixels,
                                           sums + static_cast<int64_t>(i) * outputs + vector * lanes, outputs, first,
                                           ahead);
      }
    };
    if (width == tile_vectors) panel(std::integral_constant<int, tile_vectors>());
    if constexpr (tile_vectors > 2) {
      if (width == 2) panel(std::integral_constant<int, 2>());
    }
    if constexpr (tile_vectors > 1) {
      if (width == 1) panel(std::integral_constant<int, 1>());
    }
  }
}

}  // namespace rw::RW_ISA

#endif  // RANDWIRE_PRODUCT_H
