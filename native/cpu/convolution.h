// SPDX-License-Identifier: Apache-2.0
//
// 3x3 convolutions with padding 1 and stride 1 as products over consecutive pixels.
//
// A block of whole images, or of some rows of one, is copied with a pixel of zeros behind each row, the right neighbour of
// its last pixel and the left one of the next row's first, and a row of zeros between images. Then every tap is a fixed
// distance, and the three taps of a row are one stretch of 3 * channels values: a row of the window is a product of that
// depth, whatever the width of the image. What comes out for the pixels between the rows is left out.
#ifndef RANDWIRE_CONVOLUTION_H
#define RANDWIRE_CONVOLUTION_H

#include <algorithm>
#include <cstring>

#include "product.h"

namespace rw::RW_ISA {

// The depth of a row of the window: whole steps of the tile registers.
constexpr int64_t window_depth(int64_t channels) { return (3 * channels + tile_depth - 1) / tile_depth * tile_depth; }

// A block of images and where its pixels lie.
struct ImageBlock {
  int height, width;
  int first_image, images;  // whole images, or
  int first_row, rows;      // some rows of one

  // From a pixel to the one below.
  int pitch() const { return width + 1; }

  // Pixels of the result, those between the rows included; pixel q is the middle of the window that begins at the
  // laid out pixel q.
  int results() const { return (images * (rows + 1) - 1) * pitch(); }

  int laid_out() const { return 1 + (images * (rows + 1) + 1) * pitch() + RW_CONVOLUTION_TAIL; }

  // Pixels of the images.
  int64_t pixels() const { return static_cast<int64_t>(images) * rows * width; }

  // In an image of so many channels, the elements before the block's first pixel.
  int64_t offset(int channels) const {
    return (static_cast<int64_t>(first_image) * height + first_row) * width * channels;
  }
};

// Calls f(block, next) for the blocks of images [first, end); the one after the last is empty.
template <typename F>
inline void each_image_block(int height, int width, int first, int end, int images_per_block, int rows_per_block, F f) {
  const auto block_of = [=](int image, int row) {
    return ImageBlock{height, width, image, std::min(images_per_block, end - image), row,
                      std::min(rows_per_block, height - row)};
  };
  ImageBlock block = block_of(first, 0);
  while (block.images > 0) {
    const int row = block.first_row + block.rows;
    const ImageBlock next = row < height ? block_of(block.first_image, row) : block_of(block.first_image + block.images, 0);
    f(block, next);
    block = next;
  }
}

// Copies a block; with `neighbours` the rows above and below it are those of the image, else zeros.
inline void lay_out(const ImageBlock& block, const bfloat16* all, int channels, bool neighbours, bfloat16* target) {
  const int64_t row_elements = static_cast<int64_t>(block.width) * channels;
  const bfloat16* const image = all + block.offset(channels);
  const auto copy = [&](const bfloat16* row) {
    if (row == nullptr) {
      std::memset(target, 0, (row_elements + channels) * sizeof(bfloat16));
    } else {
      std::memcpy(target, row, row_elements * sizeof(bfloat16));
      std::memset(target + row_elements, 0, channels * sizeof(bfloat16));
    }
    target += row_elements + channels;
  };
  std::memset(target, 0, channels * sizeof(bfloat16));
  target += channels;
  copy(neighbours && block.first_row > 0 ? image - row_elements : nullptr);
  for (int i = 0; i < block.images; i++) {
    const bfloat16* const first = image + static_cast<int64_t>(i) * block.height * row_elements;
    for (int row = 0; row < block.rows; row++) copy(first + row * row_elements);
    const bool more = block.first_row + block.rows < block.height;
    copy(neighbours && more ? first + block.rows * row_elements : nullptr);
  }
  std::memset(target, 0, static_cast<int64_t>(RW_CONVOLUTION_TAIL) * channels * sizeof(bfloat16));
}

// The next address for elements of that size in a worker's scratch.
class Scratch {
 public:
  explicit Scratch(void* memory) : next_(static_cast<char*>(memory)) {}

  template <typename T>
  T* take(int64_t count) {
    T* const taken = reinterpret_cast<T*>(next_);
    next_ += (count * static_cast<int64_t>(sizeof(T)) + 63) / 64 * 64;
    return taken;
  }

 private:
  char* next_;
};

}  // namespace rw::RW_ISA

#endif  // RANDWIRE_CONVOLUTION_H
