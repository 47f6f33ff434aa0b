// SPDX-License-Identifier: Apache-2.0
//
// The filter's gradient of a 3x3 convolution over one task's images, on the tile registers: for each tap the products of
// the laid out pixels (convolution.h) at the tap's distance with the output's gradient, whose pixels between the rows are
// zeros. A block of x is transposed once, so that a tap is a shift along a channel's pixels. The blocks' sums are added in
// their order.
#include "convolution.h"
#include "kernel.h"

#if defined(__AMX_BF16__)
namespace rw::RW_ISA {
namespace {

struct Shape {
  int inputs, outputs;
};

void add_block(const ImageBlock& block, const bfloat16* x, const bfloat16* dy, Shape shape, float* sums,
               bool first, Scratch scratch, Ahead& ahead) {
  const int laid_out = block.laid_out() / tile_depth * tile_depth, pitch = block.pitch();
  // Not a multiple of 4 KiB, at which rows would evict each other.
  const int64_t stride = laid_out + (laid_out % 2048 == 0 ? tile_depth : 0);
  bfloat16* const channels = scratch.take<bfloat16>(stride * shape.inputs);
  bfloat16* const panel = scratch.take<bfloat16>(RW_CONVOLUTION_PIXELS * 2 * lanes);
  for (int channel = 0; channel < shape.inputs; channel += lanes) {
    for (int pixel = 0; pixel < laid_out; pixel += tile_depth) {
      transpose_pixels(x + static_cast<int64_t>(pixel) * shape.inputs + channel, shape.inputs, tile_depth,
                       channels + channel * stride + pixel, stride);
    }
  }
  const int rows = shape.inputs / lanes, vectors = shape.outputs / lanes;
  for (int pixel = 0; pixel < block.results(); pixel += RW_CONVOLUTION_PIXELS) {
    const int pixels = std::min<int>(RW_CONVOLUTION_PIXELS, block.results() - pixel);
    const int depth = (pixels + tile_depth - 1) / tile_depth * tile_depth;
    const bool sets = first && pixel == 0;
    for (int vector = 0, width; vector < vectors; vector += width) {
      width = std::min(2, vectors - vector);
      pixel_rows(dy + static_cast<int64_t>(pixel) * shape.outputs + vector * lanes, shape.outputs, depth, width, panel);
      each_block(9 * rows, width, false, [&](auto r, auto c, auto halves, int row, int column) {
        constexpr int R = r, C = c;
        const auto target = [&](int i, int j) {
          return sums + static_cast<int64_t>(row + i) * lanes * shape.outputs + (vector + column + j) * lanes;
        };
        const auto source = [&](int i) {
          const int tap = (row + i) / rows, channel = (row + i) % rows * lanes;
          return channels + channel * stride + pixel + tap / 3 * pitch + tap % 3;
        };
        each_result<R, C, halves>([&](auto tile, int i, int j) {
          sets ? zero_tile(tile) : load_tile(tile, target(i, j), shape.outputs * 4);
        });
        const bfloat16* const sources[2] = {source(0), source(R - 1)};
        const PairedColumns factors[2] = {{panel + 2 * column * lanes, width * 64},
                                          {panel + 2 * (column + C - 1) * lanes, width * 64}};
        multiply_tiles<R, C, halves>(sources, stride * 2, factors, depth, [&] { ahead.fetch(); });
        each_result<R, C, halves>([&](auto tile, int i, int j) { store_tile(tile, target(i, j), shape.outputs * 4); });
      });
    }
  }
}
int run(const rw_convolution_filter_gradient_args& a, int task, int worker) {
  const Tiles tiles(tile_depth);
  const int first = task * a.images_per_task, end = std::min(a.batch, first + a.images_per_task);
  const ImageBlock largest{a.height, a.width, 0, a.images_per_block, 0, a.rows_per_block};
  Scratch scratch(static_cast<void* const*>(a.worker_scratch)[worker]);
  bfloat16* const x = scratch.take<bfloat16>(static_cast<int64_t>(largest.laid_out()) * a.inputs);
  bfloat16* const dy = scratch.take<bfloat16>(static_cast<int64_t>(largest.laid_out()) * a.outputs);
  float* const sums = a.partials + static_cast<int64_t>(task) * 9 * a.inputs * a.outputs;
  const auto* const all_x = static_cast<const bfloat16*>(a.x);
  const auto* const all_dy = static_cast<const bfloat16*>(a.dy);
  bool sets = true;
  each_image_block(a.height, a.width, first, end, a.images_per_block, a.rows_per_block, [&](const ImageBlock& block, const ImageBlock& next) {
    lay_out(block, all_x, a.inputs, true, x);
    lay_out(block, all_dy, a.outputs, false, dy);
    Ahead ahead;
    if (next.images > 0) {
      ahead.add(all_x + next.offset(a.inputs), next.pixels() * a.inputs);
      ahead.add(all_dy + next.offset(a.outputs), next.pixels() * a.outputs);
    }
    ahead.spread(static_cast<int64_t>(block.results()) / tile_depth * (9 * a.inputs / lanes) * (a.outputs / lanes) + 1);
    const int64_t middle = block.pitch() + 1;
    add_block(block, x, dy + middle * a.outputs, Shape{a.inputs, a.outputs}, sums, sets, scratch, ahead);
    sets = false;
  });
  return RW_OK;
}

}  // namespace
}  // namespace rw::RW_ISA

RW_EXPORT_KERNEL(convolution_filter_gradient)(const rw_convolution_filter_gradient_args* args, int task, int worker) {
  return rw::RW_ISA::run(*args, task, worker);
}
#else
RW_EXPORT_KERNEL(convolution_filter_gradient)(const rw_convolution_filter_gradient_args*, int, int) {
  return RW_INVALID_ARGUMENT;
}
#endif
