// SPDX-License-Identifier: Apache-2.0
//
// The second half of a node's gradient, one pass over its inputs and du, the gradient of the depthwise output:
//   e       = (p > 0) * transposed depthwise3x3(du)                 the gradient of the weighted sum p, written
//   dfilter = sum over pixels of relu(p) times the window of du     partial sums of the block
//   sums of e and of e * (x_i - mean_i) per channel                 partial sums of the block
// The last are all that the edges' weights and the batch normalisations of the inputs need. p is computed again.
// 
// Shapes as in node_forward.cu. A block takes 16 channels of a tile of input pixels, in `images` images one after the
// other; du with its halo lies in shared memory in float. A thread has four channels: nine taps and nine sums stay in
// registers. The products with the inputs are a second pass over the tile, whose inputs the first cache still holds; they
// use e as stored. Partials: filter [parts][9][C], inputs [parts][1 + count][C]; parts count tiles, then images.
#include "node.cuh"

struct NodeBackward {
  i64 blocks;
  NodeInputs inputs;
  const float* filter;
  const element* du;
  element* e;
  float* filter_partials;
  float* input_partials;
  int batch, height, width, channels, stride;
  int tile_height, tile_width, images;
};

struct BackwardTile {
  int top, left, high, wide;        // the rectangle of du in shared memory
  int first_row, first_column;      // of the inputs

  __device__ BackwardTile(const NodeBackward& a, int row, int column)
      : first_row(row), first_column(column) {
    top = row + a.stride - 2 < 0 ? -1 : (row + a.stride - 2) / a.stride;
    left = column + a.stride - 2 < 0 ? -1 : (column + a.stride - 2) / a.stride;
    high = (row + a.tile_height) / a.stride - top + 1;
    wide = (column + a.tile_width) / a.stride - left + 1;
  }
};

__device__ static void load_gradient(const NodeBackward& a, const BackwardTile& tile, int image, int channel,
                                     float* du) {
  const int out_height = (a.height - 1) / a.stride + 1, out_width = (a.width - 1) / a.stride + 1;
  const int local = threadIdx.x % slice_vectors * vector;
  for (int i = threadIdx.x / slice_vectors; i < tile.high * tile.wide; i += threads / slice_vectors) {
    const int y = tile.top + i / tile.wide, x = tile.left + i % tile.wide;
    vec value = splat(0);
    if (y >= 0 && y < out_height && x >= 0 && x < out_width) {
      value = load(a.du + ((static_cast<i64>(image) * out_height + y) * out_width + x) * a.channels + channel + local);
    }
    store(du + i * slice + local, value);
  }
}

RW_KERNEL(node_backward, NodeBackward) {
  RW_SHARED(shared);
  const int slices = a.channels / slice, channel = static_cast<int>(blockIdx.x % slices) * slice;
  const int part = static_cast<int>(blockIdx.x / slices);
  const int across = (a.width + a.tile_width - 1) / a.tile_width, down = (a.height + a.tile_height - 1) / a.tile_height;
  const BackwardTile tile(a, part / across % down * a.tile_height, part % across * a.tile_width);
  const int first_image = part / across / down * a.images, area = a.tile_height * a.tile_width;
  const int local = threadIdx.x % slice_vectors * vector, sums = 10 + a.inputs.count;

  float* const space = reinterpret_cast<float*>(shared);  // [warps][slice]
  float* const total = space + warps * slice;             // [9 + 1 + count][slice]
  float* const taps = total + sums * slice;               // [9][slice]
  float* const factors = taps + 9 * slice;
  float* const e_tile = factors + NodeReader::floats(a.inputs.count);  // [area][slice]
  float* const du = e_tile + area * slice;
  for (int i = threadIdx.x; i < sums * slice; i += threads) total[i] = 0;
  const NodeReader reader(a.inputs, factors);
  reader.start(channel);

  for (int i = threadIdx.x; i < 9 * slice; i += threads) taps[i] = a.filter[i / slice * a.channels + channel + i % slice];
  vec dtaps[9], e_sum = splat(0);
  RW_UNROLL for (int tap = 0; tap < 9; tap++) dtaps[tap] = splat(0);
  const int last_image = static_cast<int>(smaller(a.batch, first_image + a.images));
  for (int image = first_image; image < last_image; image++) {
    barrier();
    load_gradient(a, tile, image, channel, du);
    barrier();
    RW_NO_UNROLL for (int i = threadIdx.x / slice_vectors; i < area; i += threads / slice_vectors) {
      const int y = tile.first_row + i / a.tile_width, x = tile.first_column + i % a.tile_width;
      vec e = splat(0);
      if (y < a.height && x < a.width) {
        const i64 at = ((static_cast<i64>(image) * a.height + y) * a.width + x) * a.channels + channel + local;
        const vec p = reader.sum(at, local);
        RW_UNROLL for (int tap = 0; tap < 9; tap++) {
          const int v = y + 1 - tap / 3, h = x + 1 - tap % 3;  // stride times the pixel of du
          if (a.stride == 2 && ((v | h) & 1) != 0) continue;
          const vec weight = load(taps + tap * slice + local);
          const vec g = load(du + ((v / a.stride - tile.top) * tile.wide + h / a.stride - tile.left) * slice + local);
          RW_UNROLL for (int j = 0; j < vector; j++) {
            e.v[j] = fmaf(g.v[j], weight.v[j], e.v[j]);
            dtaps[tap].v[j] = fmaf(g.v[j], rectified(p.v[j]), dtaps[tap].v[j]);
          }
        }
        RW_UNROLL for (int j = 0; j < vector; j++) e.v[j] = p.v[j] > 0 ? e.v[j] : 0;
        store(a.e + at, e);
        e = stored(e);
        RW_UNROLL for (int j = 0; j < vector; j++) e_sum.v[j] += e.v[j];
      }
      store(e_tile + i * slice + local, e);
    }
    RW_NO_UNROLL for (int input = 0; input < a.inputs.count; input++) {
      const vec mean = load(reader.mean + input * slice + local);
      vec product = splat(0);
      RW_NO_UNROLL for (int i = threadIdx.x / slice_vectors; i < area; i += threads / slice_vectors) {
        const int y = tile.first_row + i / a.tile_width, x = tile.first_column + i % a.tile_width;
        if (y >= a.height || x >= a.width) continue;
        const i64 at = ((static_cast<i64>(image) * a.height + y) * a.width + x) * a.channels + channel + local;
        const vec value = load(a.inputs.x[input] + at), e = load(e_tile + i * slice + local);
        RW_UNROLL for (int j = 0; j < vector; j++) {
          product.v[j] = fmaf(e.v[j], value.v[j] - mean.v[j], product.v[j]);
        }
      }
      add_over_block(product, space, total + (10 + input) * slice);
    }
  }
  RW_UNROLL for (int tap = 0; tap < 9; tap++) add_over_block(dtaps[tap], space, total + tap * slice);
  add_over_block(e_sum, space, total + 9 * slice);
  barrier();
  for (int i = threadIdx.x; i < sums * slice; i += threads) {
    const int row = i / slice, c = channel + i % slice;
    if (row < 9) {
      a.filter_partials[(static_cast<i64>(part) * 9 + row) * a.channels + c] = total[i];
    } else {
      a.input_partials[(static_cast<i64>(part) * (1 + a.inputs.count) + row - 9) * a.channels + c] = total[i];
    }
  }
}
