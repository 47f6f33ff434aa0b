// SPDX-License-Identifier: Apache-2.0
//
// 3x3 convolution: a task lays out its images block by block and multiplies (convolution.h). In bfloat16 with tile
// registers two by two tiles of results share their operands, as in product.h; else a tile of pixels times a panel of
// outputs stays in registers over the whole window.
#include "convolution.h"
#include "kernel.h"

namespace rw::RW_ISA {
namespace {

// Where the results of a block belong: pixels from its first one, or -1 between the rows.
void targets(const ImageBlock& block, int32_t* target) {
  for (int row = 0; row < block.images * (block.rows + 1) - 1; row++) {
    const int image = row / (block.rows + 1), inside = row % (block.rows + 1);
    const int first = (image * block.height + inside) * block.width;
    for (int i = 0; i < block.width; i++) *target++ = inside < block.rows ? first + i : -1;
    *target++ = -1;
  }
  std::fill_n(target, tile_rows, -1);
}

// The filter's part of a block's products.
template <typename T>
struct Window {
  const T* packed;
  int64_t channels, depth, vectors;

  const T* panel(int row, int64_t vector) const {
    return packed + row * depth * vectors * lanes + panel_offset(vector, depth);
  }
};

#if defined(__AMX_BF16__)
template <typename Store>
void multiply(const ImageBlock& block, const bfloat16* x, const Window<bfloat16>& window, Store store_result) {
  alignas(64) float results[2][4][tile_rows * lanes];
  struct Block {
    int rows = 0, columns = 0, pixel = 0;
    int64_t vector = 0;
  } blocks[2];
  int current = 0;
  const auto columns = [&](int row, int64_t vector) {
    const int64_t first = vector / tile_vectors * tile_vectors;
    const int64_t width = std::min<int64_t>(tile_vectors, window.vectors - first);
    return PairedColumns{window.panel(row, first) + (vector - first) * 2 * lanes, width * 64};
  };
  const auto hand_on = [&](const Block& done, const float (*from)[tile_rows * lanes]) {
    for (int i = 0; i < done.rows; i++) {
      for (int j = 0; j < done.columns; j++, from++) {
        RW_UNROLL for (int m = 0; m < tile_rows; m++) {
          store_result(done.pixel + i * tile_rows + m, done.vector + j, load_aligned(*from + m * lanes));
        }
      }
    }
  };
  const int rows = (block.results() + tile_rows - 1) / tile_rows;
  each_block(rows, static_cast<int>(window.vectors), false, [&](auto r, auto c, auto halves, int row, int vector) {
    constexpr int R = r, C = c;
    each_result<R, C, halves>([](auto tile, int, int) { zero_tile(tile); });
    for (int k = 0; k < 3; k++) {
      const bfloat16* const first = x + (row * tile_rows + k * block.pitch()) * window.channels;
      const bfloat16* const sources[2] = {first, first + (R - 1) * tile_rows * window.channels};
      const PairedColumns factors[2] = {columns(k, vector), columns(k, vector + C - 1)};
      multiply_tiles<R, C, halves>(sources, window.channels * 2, factors, window.depth, [] {});
    }
    each_result<R, C, halves>([&](auto tile, int i, int j) { store_tile(tile, results[current][i * C + j], 64); });
    blocks[current] = {R, C, row * tile_rows, vector};
    current ^= 1;
    hand_on(blocks[current], results[current]);
  });
  hand_on(blocks[current ^ 1], results[current ^ 1]);
}
#endif

template <int NV, typename T, typename Store>
void multiply_panel(const ImageBlock& block, const T* x, const Window<T>& window, int64_t vector, Store store_result) {
  constexpr int64_t step = depth_step(static_cast<const T*>(nullptr));
  for (int pixel = 0; pixel < block.results(); pixel += tile_pixels) {
    vec sums[tile_pixels][NV];
    RW_UNROLL for (int m = 0; m < tile_pixels; m++) RW_UNROLL for (int j = 0; j < NV; j++) sums[m][j] = zeros();
    for (int row = 0; row < 3; row++) {
      const T* const a = x + (pixel + row * block.pitch()) * window.channels;
      const T* const panel = window.panel(row, vector);
      for (int64_t k = 0; k < 3 * window.channels; k += step) {
        decltype(load_row(panel)) b[NV];
        RW_UNROLL for (int j = 0; j < NV; j++) b[j] = load_row(panel + (k * NV + j * step) * lanes);
        RW_UNROLL for (int m = 0; m < tile_pixels; m++) {
          const auto value = broadcast_step(a + m * window.channels + k);
          RW_UNROLL for (int j = 0; j < NV; j++) sums[m][j] = multiply_add(value, b[j], sums[m][j]);
        }
      }
    }
    RW_UNROLL for (int m = 0; m < tile_pixels; m++) RW_UNROLL for (int j = 0; j < NV; j++) {
      store_result(pixel + m, vector + j, sums[m][j]);
    }
  }
}

template <typename T, typename Store>
void multiply(const ImageBlock& block, const T* x, const Window<T>& window, Store store_result) {
  int64_t vector = 0;
  for (; vector + tile_vectors <= window.vectors; vector += tile_vectors) {
    multiply_panel<tile_vectors>(block, x, window, vector, store_result);
  }
  if constexpr (tile_vectors > 2) {
    if (vector + 2 == window.vectors) multiply_panel<2>(block, x, window, vector, store_result);
  }
  if constexpr (tile_vectors > 1) {
    if (vector + 1 == window.vectors) multiply_panel<1>(block, x, window, vector, store_result);
  }
}

template <typename T>
int run(const rw_convolution_args& a, int task, int worker) {
  const Tiles tiles(tile_depth);
  const int first = task * a.images_per_task, end = std::min(a.batch, first + a.images_per_task);
  const ImageBlock largest{a.height, a.width, 0, a.images_per_block, 0, a.rows_per_block};
  Scratch scratch(static_cast<void* const*>(a.worker_scratch)[worker]);
  T* const x = scratch.take<T>(static_cast<int64_t>(largest.laid_out()) * a.inputs);
  int32_t* const target = scratch.take<int32_t>(largest.laid_out());
  const Window<T> window{static_cast<const T*>(a.packed), a.inputs, window_depth(a.inputs), a.outputs / lanes};
  int images = 0, rows = 0;
  each_image_block(a.height, a.width, first, end, a.images_per_block, a.rows_per_block, [&](const ImageBlock& block) {
    lay_out(block, static_cast<const T*>(a.x), a.inputs, true, x);
    if (block.images != images || block.rows != rows) targets(block, target);
    images = block.images, rows = block.rows;
    T* const y = static_cast<T*>(a.y) + block.offset(a.outputs);
    multiply(block, x, window, [&](int pixel, int64_t vector, vec result) {
      const int64_t to = target[pixel];
      if (to >= 0) store_rounded(y + to * a.outputs + vector * lanes, result);
    });
  });
  return RW_OK;
}

}  // namespace
}  // namespace rw::RW_ISA

RW_EXPORT_KERNEL(convolution)(const rw_convolution_args* args, int task, int worker) {
  using namespace rw::RW_ISA;
  return by_type(args->type, [=](auto* type) { return run<std::remove_pointer_t<decltype(type)>>(*args, task, worker); });
}
