// SPDX-License-Identifier: Apache-2.0
//
// A dense convolution, its gradient by the input, or a fully connected layer: rows of windows times a filter [taps*I][O].
// 
// x: [N][H][W][I], filter: [KH][KW][I][O], y: [N][H'][W'][O]; O a multiple of 16, I a multiple of 4 or an image's channels.
// By the input: x is the output's gradient, y the input's, and the filter has each tap transposed (pack_filter.cu). The
// windows of RW_ROWS pixels are gathered into the product's panel (product.cuh), as many columns at a time as fit. A 1x1
// window is a plain matrix product. With `bias` it is added to every row.
#include "product.cuh"
#include "window.cuh"

struct Convolution {
  i64 blocks;
  const element* x;
  const element* filter;
  const float* bias;
  element* y;
  i64 pixels;  // of y
  Window window;
  int inputs, outputs, transposed, panel;
};

RW_KERNEL(convolution, Convolution) {
  RW_SHARED(shared);
  const Product product(shared, a.panel);
  const int k = a.window.taps() * a.inputs;
  const i64 first_pixel = static_cast<i64>(blockIdx.x) * rows;
  const auto source = [&](int row, int tap) -> i64 {
    const i64 pixel = first_pixel + row;
    if (pixel >= a.pixels) return -1;
    return a.transposed != 0 ? a.window.output(pixel, tap) : a.window.input(pixel, tap);
  };
  const auto fill = [&](int first, int count) {
    const int wide = (count + 15) / 16 * 16;
    if (a.inputs % vector == 0) {
      const int vectors = wide / vector;
      for (int i = threadIdx.x; i < rows * vectors; i += threads) {
        const int row = i / vectors, column = i % vectors * vector, c = first + column;
        const i64 at = column < count ? source(row, c / a.inputs) : -1;
        store(product.a + row * product.a_stride + column, at < 0 ? splat(0) : load(a.x + at * a.inputs + c % a.inputs));
      }
    } else {
      for (int i = threadIdx.x; i < rows * wide; i += threads) {
        const int row = i / wide, column = i % wide, c = first + column;
        const i64 at = column < count ? source(row, c / a.inputs) : -1;
        round_to(at < 0 ? 0 : to_float(a.x[at * a.inputs + c % a.inputs]), product.a[row * product.a_stride + column]);
      }
    }
  };
  for (int column = 0; column < a.outputs; column += columns) {
    product.multiply(a.filter, a.outputs, k, a.panel, column, fill);
    for (int i = threadIdx.x; i < rows * columns / vector; i += threads) {
      const int row = i / (columns / vector), c = column + i % (columns / vector) * vector;
      const i64 pixel = first_pixel + row;
      if (pixel >= a.pixels || c >= a.outputs) continue;
      vec y = load(product.sums + row * sums_stride + c - column);
      if (a.bias != nullptr) {
        const vec b = load(a.bias + c);
        RW_UNROLL for (int j = 0; j < vector; j++) y.v[j] += b.v[j];
      }
      store(a.y + pixel * a.outputs + c, y);
    }
  }
}
