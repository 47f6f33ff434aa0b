// SPDX-License-Identifier: Apache-2.0
//
// 3x3 convolution on the tile registers: a task lays out its images block by block (convolution.h) and multiplies; two by
// two tiles of results share their operands, as in product.h.
#include "convolution.h"
#include "kernel.h"

#if defined(__AMX_BF16__)
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

// The packed filter.
struct Window {
  const bfloat16* packed;
  int64_t channels, depth, vectors;

  // 16 columns of a row of taps.
  PairedColumns columns(int row, int64_t vector) const {
    const int64_t panel = vector / tile_vectors * tile_vectors;
    const int64_t width = std::min<int64_t>(tile_vectors, vectors - panel);
    const bfloat16* const first = packed + row * depth * vectors * lanes + panel_offset(panel, depth);
    return {first + (vector - panel) * 2 * lanes, width * 64};
  }
};

// Calls store_result(pixel, vector, sixteen results); a block's results are handed on while the next is multiplied.
template <typename Store>
void multiply(const ImageBlock& block, const bfloat16* x, const Window& window, Ahead& ahead, Store store_result) {
  alignas(64) float results[2][4][tile_rows * lanes];
  struct Block {
    int rows = 0, columns = 0, pixel = 0;
    int64_t vector = 0;
  } blocks[2];
  int current = 0;
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
      const PairedColumns factors[2] = {window.columns(k, vector), window.columns(k, vector + C - 1)};
      multiply_tiles<R, C, halves>(sources, window.channels * 2, factors, window.depth, [&] { ahead.fetch(); });
    }
    each_result<R, C, halves>([&](auto tile, int i, int j) { store_tile(tile, results[current][i * C + j], 64); });
    blocks[current] = {R, C, row * tile_rows, vector};
    current ^= 1;
    hand_on(blocks[current], results[current]);
  });
  hand_on(blocks[current ^ 1], results[current ^ 1]);
}
int run(const rw_convolution_args& a, int task, int worker) {
  const Tiles tiles(tile_depth);
  const int first = task * a.images_per_task, end = std::min(a.batch, first + a.images_per_task);
  const ImageBlock largest{a.height, a.width, 0, a.images_per_block, 0, a.rows_per_block};
  Scratch scratch(static_cast<void* const*>(a.worker_scratch)[worker]);
  bfloat16* const x = scratch.take<bfloat16>(static_cast<int64_t>(largest.laid_out()) * a.inputs);
  int32_t* const target = scratch.take<int32_t>(largest.laid_out());
  const Window window{static_cast<const bfloat16*>(a.packed), a.inputs, window_depth(a.inputs), a.outputs / lanes};
  const auto* const all = static_cast<const bfloat16*>(a.x);
  int images = 0, rows = 0;
  each_image_block(a.height, a.width, first, end, a.images_per_block, a.rows_per_block, [&](const ImageBlock& block, const ImageBlock& next) {
    lay_out(block, all, a.inputs, true, x);
    if (block.images != images || block.rows != rows) targets(block, target);
    images = block.images, rows = block.rows;
    bfloat16* const y = static_cast<bfloat16*>(a.y) + block.offset(a.outputs);
    Ahead ahead;
    if (next.images > 0) ahead.add(all + next.offset(a.inputs), next.pixels() * a.inputs);
    ahead.add(y, block.pixels() * a.outputs);
    ahead.spread(static_cast<int64_t>(block.results()) / tile_rows * window.vectors * 3 * (window.depth / tile_depth) + 1);
    multiply(block, x, window, ahead, [&](int pixel, int64_t vector, vec result) {
      const int64_t to = target[pixel];
      if (to >= 0) store_rounded(y + to * a.outputs + vector * lanes, result);
    });
  });
  return RW_OK;
}

}  // namespace
}  // namespace rw::RW_ISA

RW_EXPORT_KERNEL(convolution)(const rw_convolution_args* args, int task, int worker) {
  return rw::RW_ISA::run(*args, task, worker);
}
#else
RW_EXPORT_KERNEL(convolution)(const rw_convolution_args*, int, int) { return RW_INVALID_ARGUMENT; }
#endif
