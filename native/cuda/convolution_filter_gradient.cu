// SPDX-License-Identifier: Apache-2.0
//
// A dense filter's gradient, partial sums over a chunk of output pixels:
//   partials[chunk][tap][i][o] = sum over pixels of x[pixel under the tap][i] * dy[pixel][o].
// A block takes 64 inputs of one tap and 64 outputs; 32 pixels at a time lie in shared memory, x gathered by the tap.
// bfloat16: both operands are read transposed or not by ldmatrix, eight warps as 4 x 2, each 16 inputs x 32 outputs.
// sum_partials.cu adds the chunks up.
#include "window.cuh"

constexpr int tile = 64;
constexpr int depth = 32;
constexpr int stride = tile + 16 / static_cast<int>(sizeof(element));

struct FilterGradient {
  i64 blocks;
  const element* x;
  const element* dy;
  float* partials;
  i64 pixels, chunk;
  Window window;
  int inputs, outputs;
};

__device__ static void gather(const FilterGradient& a, i64 first, i64 end, int tap, int channel, element* target) {
  for (int i = threadIdx.x; i < depth * tile / vector; i += threads) {
    const int row = i / (tile / vector), column = i % (tile / vector) * vector, c = channel + column;
    const i64 pixel = first + row < end ? a.window.input(first + row, tap) : -1;
    vec value = splat(0);
    if (pixel >= 0 && a.inputs % vector == 0) {
      if (c < a.inputs) value = load(a.x + pixel * a.inputs + c);
    } else if (pixel >= 0) {
      for (int j = 0; j < vector; j++) {
        if (c + j < a.inputs) value.v[j] = to_float(a.x[pixel * a.inputs + c + j]);
      }
    }
    store(target + row * stride + column, value);
  }
}

__device__ static void load_rows(const FilterGradient& a, i64 first, i64 end, int channel, element* target) {
  for (int i = threadIdx.x; i < depth * tile / vector; i += threads) {
    const int row = i / (tile / vector), column = i % (tile / vector) * vector, c = channel + column;
    const bool inside = first + row < end && c < a.outputs;
    store(target + row * stride + column, inside ? load(a.dy + (first + row) * a.outputs + c) : splat(0));
  }
}

RW_KERNEL(convolution_filter_gradient, FilterGradient) {
  RW_SHARED(shared);
  element* const x = reinterpret_cast<element*>(shared);
  element* const dy = x + depth * stride;
  const int across = (a.outputs + tile - 1) / tile, down = (a.inputs + tile - 1) / tile;
  const int o = static_cast<int>(blockIdx.x) % across * tile, i0 = static_cast<int>(blockIdx.x) / across % down * tile;
  const int tap = static_cast<int>(blockIdx.x) / across / down % a.window.taps();
  const i64 part = static_cast<i64>(blockIdx.x) / across / down / a.window.taps();
  const i64 start = part * a.chunk, end = smaller(a.pixels, start + a.chunk);
  float* const target = a.partials + (part * a.window.taps() + tap) * a.inputs * a.outputs;
  float d[16] = {};
#if RW_BFLOAT16
  float(&sums)[4][4] = *reinterpret_cast<float(*)[4][4]>(d);
  const int lane = threadIdx.x % 32, top = threadIdx.x / 64 * 16, left = threadIdx.x / 32 % 2 * 32;
#else
  const int top = threadIdx.x / 16 * 4, left = threadIdx.x % 16 * 4;
#endif
  for (i64 first = start; first < end; first += depth) {
    barrier();
    gather(a, first, end, tap, i0, x);
    load_rows(a, first, end, o, dy);
    barrier();
#if RW_BFLOAT16
    RW_UNROLL for (int k = 0; k < depth; k += 16) {
      u32 fragment[4], right[4];
      load_transposed(fragment, x + (k + lane / 16 * 8 + lane % 8) * stride + top + lane / 8 % 2 * 8);
      RW_UNROLL for (int j = 0; j < 2; j++) {
        load_transposed(right, dy + (k + lane % 16) * stride + left + j * 16 + lane / 16 * 8);
        multiply_add(sums[2 * j], fragment, right[0], right[1]);
        multiply_add(sums[2 * j + 1], fragment, right[2], right[3]);
      }
    }
#else
    for (int k = 0; k < depth; k++) {
      const vec l = load(x + k * stride + top), r = load(dy + k * stride + left);
      RW_UNROLL for (int i = 0; i < 16; i++) d[i] = fmaf(l.v[i / 4], r.v[i % 4], d[i]);
    }
#endif
  }
  RW_UNROLL for (int i = 0; i < 16; i++) {
#if RW_BFLOAT16
    const int row = i0 + top + lane / 4 + i / 2 % 2 * 8, column = o + left + i / 4 * 8 + lane % 4 * 2 + i % 2;
#else
    const int row = i0 + top + i / 4, column = o + left + i % 4;
#endif
    if (row < a.inputs && column < a.outputs) target[static_cast<i64>(row) * a.outputs + column] = d[i];
  }
}
