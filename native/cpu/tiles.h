// SPDX-License-Identifier: Apache-2.0
//
// Matrix products of bfloat16 on the processor's tile registers (AMX): the same results as product.h gives, one
// instruction for 16 pixels times 16 columns over 32 steps of depth. Pairs of the depth are added in another order
// than by the vectors' dot product.
//
// A kernel configures the registers once (Tiles): eight of 16 rows, or, where the depth is an odd multiple of 16, two
// pairs of them half as wide or half as high for the last 16. Two by two tiles of results share their operands, so a
// step loads as many tiles as it multiplies; with halves there are registers for two by one.
#ifndef RANDWIRE_TILES_H
#define RANDWIRE_TILES_H

#include "node.h"

namespace rw::RW_ISA {

// Rows of a tile; fewer pixels are left to the vectors.
constexpr int tile_rows = 16;

// Depth of a step.
constexpr int tile_depth = 32;

#if defined(__AMX_BF16__)

// The tile registers from here to the end of the scope, for products of one depth.
class Tiles {
 public:
  explicit Tiles(int64_t depth) : halves_(depth % tile_depth != 0) {
    struct alignas(64) {
      uint8_t palette = 1, start_row = 0, reserved[14] = {};
      uint16_t row_bytes[16] = {};
      uint8_t rows[16] = {};
    } shape;
    for (int i = 0; i < 8; i++) {
      shape.row_bytes[i] = halves_ && (i == 2 || i == 3) ? 32 : 64;
      shape.rows[i] = halves_ && i == 7 ? tile_rows / 2 : tile_rows;
    }
    __asm__ volatile("" ::"r"(&shape) : "memory");  // GCC's intrinsic says that it reads the first eight bytes
    _tile_loadconfig(&shape);
  }

  // In use, they would be saved at every change of threads.
  ~Tiles() { _tile_release(); }

  Tiles(const Tiles&) = delete;
  Tiles& operator=(const Tiles&) = delete;

  bool halves() const { return halves_; }

 private:
  const bool halves_;
};

// Columns [16 * vector, ...) of a matrix whose rows are interleaved in pairs.
struct PairedColumns {
  const bfloat16* first;
  int64_t row_bytes;  // from a pair of rows to the next
};

// The instructions name their registers and say nothing of the memory that they read.
#define RW_TILE_ORDER __asm__ volatile("" ::: "memory")

// Multiplies R by C tiles over the whole depth into registers 0 (row 0), 1 (row 0, column 1), 2 and 3; with halves into
// 0 and 1 (the two rows). Rows of a[r] are a_bytes apart. step() is called between the instructions.
template <int R, int C, bool halves, typename Step>
inline void multiply_tiles(const bfloat16* const (&a)[2], int64_t a_bytes, const PairedColumns (&b)[2], int64_t depth,
                           Step step) {
  static_assert(!halves || C == 1, "halves leave registers for one column");
  RW_TILE_ORDER;
  int64_t k = 0;
  for (; k + tile_depth <= depth; k += tile_depth) {
    const int64_t row = k / 2;
    _tile_loadd(6, reinterpret_cast<const char*>(b[0].first) + row * b[0].row_bytes, b[0].row_bytes);
    _tile_loadd(4, a[0] + k, a_bytes);
    step();
    _tile_dpbf16ps(0, 4, 6);
    if constexpr (C == 2) {
      _tile_loadd(7, reinterpret_cast<const char*>(b[1].first) + row * b[1].row_bytes, b[1].row_bytes);
      step();
      _tile_dpbf16ps(1, 4, 7);
    }
    if constexpr (R == 2) {
      _tile_loadd(5, a[1] + k, a_bytes);
      step();
      if constexpr (halves) {
        _tile_dpbf16ps(1, 5, 6);
      } else {
        _tile_dpbf16ps(2, 5, 6);
      }
      if constexpr (C == 2) {
        step();
        _tile_dpbf16ps(3, 5, 7);
      }
    }
  }
  if constexpr (halves) {
    if (k < depth) {
      _tile_loadd(7, reinterpret_cast<const char*>(b[0].first) + k / 2 * b[0].row_bytes, b[0].row_bytes);
      _tile_loadd(2, a[0] + k, a_bytes);
      step();
      _tile_dpbf16ps(0, 2, 7);
      if constexpr (R == 2) {
        _tile_loadd(3, a[1] + k, a_bytes);
        step();
        _tile_dpbf16ps(1, 3, 7);
      }
    }
  }
}

// The registers that hold results, in order of rows and then columns: f(register, row, column).
template <int R, int C, bool halves, typename F>
inline void each_result(F f) {
  f(std::integral_constant<int, 0>(), 0, 0);
  if constexpr (C == 2) f(std::integral_constant<int, 1>(), 0, 1);
  if constexpr (R == 2) f(std::integral_constant<int, halves ? 1 : 2>(), 1, 0);
  if constexpr (R == 2 && C == 2) f(std::integral_constant<int, 3>(), 1, 1);
}

template <int number>
inline void zero_tile(std::integral_constant<int, number>) {
  if constexpr (number == 0) _tile_zero(0);
  if constexpr (number == 1) _tile_zero(1);
  if constexpr (number == 2) _tile_zero(2);
  if constexpr (number == 3) _tile_zero(3);
}

template <int number>
inline void load_tile(std::integral_constant<int, number>, const float* source, int64_t row_bytes) {
  if constexpr (number == 0) _tile_loadd(0, source, row_bytes);
  if constexpr (number == 1) _tile_loadd(1, source, row_bytes);
  if constexpr (number == 2) _tile_loadd(2, source, row_bytes);
  if constexpr (number == 3) _tile_loadd(3, source, row_bytes);
}

template <int number>
inline void store_tile(std::integral_constant<int, number>, float* target, int64_t row_bytes) {
  if constexpr (number == 0) _tile_stored(0, target, row_bytes);
  if constexpr (number == 1) _tile_stored(1, target, row_bytes);
  if constexpr (number == 2) _tile_stored(2, target, row_bytes);
  if constexpr (number == 3) _tile_stored(3, target, row_bytes);
  RW_TILE_ORDER;
}

// Calls f(R, C, halves, row, column) over a grid of tiles, two by two where it can.
template <typename F>
inline void each_block(int rows, int columns, bool halves, F f) {
  constexpr std::integral_constant<int, 1> one;
  constexpr std::integral_constant<int, 2> two;
  for (int column = 0, width; column < columns; column += width) {
    width = halves || column + 1 == columns ? 1 : 2;
    for (int row = 0; row < rows; row += 2) {
      const bool pair = row + 1 < rows;
      if (halves) {
        pair ? f(two, one, std::true_type(), row, column) : f(one, one, std::true_type(), row, column);
      } else if (width == 1) {
        pair ? f(two, one, std::false_type(), row, column) : f(one, one, std::false_type(), row, column);
      } else {
        pair ? f(two, two, std::false_type(), row, column) : f(one, two, std::false_type(), row, column);
      }
    }
  }
}

#else

class Tiles {
 public:
  explicit Tiles(int64_t /* depth */) {}
  ~Tiles() {}  // not trivial, so that nobody is told of an unused variable
};

#endif

}  // namespace rw::RW_ISA

#endif  // RANDWIRE_TILES_H
