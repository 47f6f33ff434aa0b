// SPDX-License-Identifier: Apache-2.0
//
// A RandWire node: u = depthwise3x3(relu(sum of inputs)), y = u times the pointwise filter, mean and squared deviations of
// y per block. Inputs that are raw outputs of other nodes are normalised while they are read (node.cuh).
// 
// x_i: [N][H][W][C], u: [N][H'][W'][C], y: [N][H'][W'][O], filter: [3][3][C] float, packed: [C][O]; window 3x3,
// padding 1, stride 1 or 2; C and O multiples of 16. Without `packed` only u is computed, each block 16 channels of it.
// A block takes a tile of up to RW_ROWS output pixels: a rectangle, or whole small images. For each slice of 16 channels
// the rectified sum with its halo goes to shared memory in float, then the windows of the tile into the panel that the
// product reads (product.cuh). Memory sees each input once (the halo comes from the second cache), u and y once.
// Statistics [blocks][2][O] are of y as stored; `counts` says over how many pixels.
#include "node.cuh"
#include "product.cuh"

struct NodeForward {
  i64 blocks;
  NodeInputs inputs;
  const float* filter;
  const element* packed;
  element* u;
  element* y;
  float* statistics;
  float* counts;
  int batch, height, width, channels, outputs, stride;
  int tile_height, tile_width, images;  // of a block
  int panel;
  int front_bytes;  // where the product's shared memory ends
};

struct ForwardTile {
  const NodeForward& a;
  int out_height, out_width, top, left, first_image, area;

  __device__ ForwardTile(const NodeForward& args, int block) : a(args) {
    out_height = (a.height - 1) / a.stride + 1;
    out_width = (a.width - 1) / a.stride + 1;
    const int down = (out_height + a.tile_height - 1) / a.tile_height;
    const int across = (out_width + a.tile_width - 1) / a.tile_width;
    left = block % across * a.tile_width;
    top = block / across % down * a.tile_height;
    first_image = block / across / down * a.images;
    area = a.tile_height * a.tile_width;
  }

  // The output pixel of a row of the tile; -1 outside.
  __device__ int pixel(int row) const {
    const int image = row / area, y = top + row % area / a.tile_width, x = left + row % area % a.tile_width;
    const bool inside = image < a.images && first_image + image < a.batch && y < out_height && x < out_width;
    return inside ? ((first_image + image) * out_height + y) * out_width + x : -1;
  }
};

// The rectified sums of a slice with their halo.
__device__ static void fill_tile(const NodeForward& a, const ForwardTile& tile, const NodeReader& reader, int channel,
                                 float* r) {
  const int high = (a.tile_height - 1) * a.stride + 3, wide = (a.tile_width - 1) * a.stride + 3;
  const int local = threadIdx.x % slice_vectors * vector;
  for (int i = threadIdx.x / slice_vectors; i < a.images * high * wide; i += threads / slice_vectors) {
    const int image = tile.first_image + i / (high * wide);
    const int y = tile.top * a.stride - 1 + i % (high * wide) / wide, x = tile.left * a.stride - 1 + i % wide;
    vec value = splat(0);
    if (image < a.batch && y >= 0 && y < a.height && x >= 0 && x < a.width) {
      const i64 pixel = (static_cast<i64>(image) * a.height + y) * a.width + x;
      value = reader.sum(pixel * a.channels + channel + local, local);
      RW_UNROLL for (int j = 0; j < vector; j++) value.v[j] = rectified(value.v[j]);
    }
    store(r + i * slice + local, value);
  }
}

__device__ static vec window(const float* r, int wide, const vec (&taps)[9]) {
  vec sum = splat(0);
  RW_UNROLL for (int tap = 0; tap < 9; tap++) {
    const vec value = load(r + (tap / 3 * wide + tap % 3) * slice);
    RW_UNROLL for (int j = 0; j < vector; j++) sum.v[j] = fmaf(value.v[j], taps[tap].v[j], sum.v[j]);
  }
  return sum;
}

__device__ static void convolve(const NodeForward& a, const ForwardTile& tile, int channel, const float* r,
                                const int* pixels, const Product& product) {
  const int high = (a.tile_height - 1) * a.stride + 3, wide = (a.tile_width - 1) * a.stride + 3;
  const int local = threadIdx.x % slice_vectors * vector;
  vec taps[9];
  RW_UNROLL for (int tap = 0; tap < 9; tap++) taps[tap] = load(a.filter + tap * a.channels + channel + local);
  for (int row = threadIdx.x / slice_vectors; row < rows; row += threads / slice_vectors) {
    vec u = splat(0);
    if (pixels[row] >= 0) {
      const int image = row / tile.area, y = row % tile.area / a.tile_width, x = row % tile.area % a.tile_width;
      u = window(r + ((image * high + y * a.stride) * wide + x * a.stride) * slice + local, wide, taps);
      if (a.u != nullptr) store(a.u + static_cast<i64>(pixels[row]) * a.channels + channel + local, u);
    }
    if (a.packed != nullptr) store(product.a + row * product.a_stride + channel + local, u);
  }
}

// Writes 64 columns of y and their statistics; `space` holds 4 * columns floats.
__device__ static void put(const NodeForward& a, const int* pixels, const float* sums, int first, int block, int count,
                           float* space) {
  constexpr int parts = threads / columns;
  for (int i = threadIdx.x; i < rows * columns / vector; i += threads) {
    const int row = i / (columns / vector), column = i % (columns / vector) * vector;
    if (pixels[row] >= 0 && first + column < a.outputs) {
      store(a.y + static_cast<i64>(pixels[row]) * a.outputs + first + column, load(sums + row * sums_stride + column));
    }
  }
  if (a.statistics == nullptr) return;
  const int column = threadIdx.x % columns, part = threadIdx.x / columns;
  float mean = 0;
  for (int pass = 0; pass < 2; pass++) {
    float sum = 0;
    for (int row = part; row < rows; row += parts) {
      if (pixels[row] < 0) continue;
      element e;
      round_to(sums[row * sums_stride + column], e);
      const float value = to_float(e) - mean;
      sum += pass == 0 ? value : value * value;
    }
    barrier();
    space[part * columns + column] = sum;
    barrier();
    sum = 0;
    RW_UNROLL for (int i = 0; i < parts; i++) sum += space[i * columns + column];
    if (pass == 0) mean = sum / static_cast<float>(count);
    if (part == 0 && first + column < a.outputs) {
      a.statistics[(static_cast<i64>(block) * 2 + pass) * a.outputs + first + column] = pass == 0 ? mean : sum;
    }
  }
}

RW_KERNEL(node_forward, NodeForward) {
  RW_SHARED(shared);
  const int slices = a.channels / slice;
  const bool whole = a.packed != nullptr;
  const int block = static_cast<int>(whole ? blockIdx.x : blockIdx.x / slices);
  const ForwardTile tile(a, block);
  const Product product(shared, a.panel);
  int* const pixels = reinterpret_cast<int*>(shared + a.front_bytes);
  float* const space = reinterpret_cast<float*>(pixels + rows);
  float* const factors = space + threads;
  float* const r = factors + NodeReader::floats(a.inputs.count);
  for (int row = threadIdx.x; row < rows; row += threads) pixels[row] = tile.pixel(row);
  const NodeReader reader(a.inputs, factors);
  const int first = whole ? 0 : static_cast<int>(blockIdx.x % slices), last = whole ? slices : first + 1;
  for (int s = first; s < last; s++) {
    reader.start(s * slice);
    barrier();
    fill_tile(a, tile, reader, s * slice, r);
    barrier();
    convolve(a, tile, s * slice, r, pixels, product);
  }
  if (!whole) return;
  int count = 0;
  for (int row = 0; row < rows; row++) count += pixels[row] >= 0 ? 1 : 0;
  for (int column = 0; column < a.outputs; column += columns) {
    product.multiply(a.packed, a.outputs, a.channels, a.panel, column, [](int, int) {});
    put(a, pixels, product.sums, column, block, count, space);
  }
  if (a.counts != nullptr && threadIdx.x == 0) a.counts[block] = static_cast<float>(count);
}
