// SPDX-License-Identifier: Apache-2.0
//
// The matrix product of a block: rows of A, made by the caller in shared memory, times B [K][N] in device memory.
//
// A lies as a panel of RW_ROWS rows and up to `panel` columns, each row panel + padding long: the padding makes the
// rows of an 8x8 matrix fall into different banks. B comes through two stages of 32 rows and 64 columns by asynchronous
// copies. bfloat16: eight warps as 4 x 2, each a tile of RW_ROWS/4 x 32 by mma.m16n8k16. float: each thread a tile of
// RW_ROWS/16 x 4. The sums of 64 columns go to shared memory, from where the caller takes them row by row: one
// exchange more than fragments written at once, and any epilogue stays plain code.
//
// N is a multiple of 16; columns behind it are left out by the caller. Rows of A beyond the problem hold zeros.
#ifndef RANDWIRE_PRODUCT_CUH
#define RANDWIRE_PRODUCT_CUH

#include "kernel.cuh"

#ifndef RW_ROWS
#define RW_ROWS 64
#endif

constexpr int rows = RW_ROWS;
constexpr int columns = 64;
constexpr int depth = 32;                               // rows of B in a stage
constexpr int padding = 16 / static_cast<int>(sizeof(element));
constexpr int b_stride = columns + padding;
constexpr int sums_stride = columns + 4;

// Where the parts lie behind `panel` columns of A; the host asks for panel_bytes(panel) of shared memory.
struct Product {
  element* a;
  element* b;
  float* sums;
  int a_stride;

  __device__ Product(unsigned char* shared, int panel) {
    a = reinterpret_cast<element*>(shared);
    a_stride = panel + padding;
    b = a + rows * a_stride;
    sums = reinterpret_cast<float*>(b + 2 * depth * b_stride);
  }

  __device__ void stage(const element* source, i64 n, int first_row, int last_row, int first_column, int buffer) const {
    constexpr int per_copy = 16 / static_cast<int>(sizeof(element));
    constexpr int copies = depth * columns / per_copy;
    for (int i = threadIdx.x; i < copies; i += threads) {
      const int row = i / (columns / per_copy), column = i % (columns / per_copy) * per_copy;
      const bool valid = first_row + row < last_row && first_column + column < n;
      const element* from = valid ? source + (first_row + row) * n + first_column + column : source;
      copy_async(b + (buffer * depth + row) * b_stride + column, from, valid);
    }
    commit_copies();
  }

  // sums[row][column] = A times 64 columns of B from `first_column` on. `fill(first, count)` makes columns of A, with
  // zeros up to the next multiple of 16; it is called again for each group of columns if A has more than `panel`.
  template <typename Fill>
  __device__ void multiply(const element* source, i64 n, int k, int panel, int first_column, Fill fill) const {
    float d[rows / 64 * 16] = {};
    for (int first = 0; first < k; first += panel) {
      const int count = static_cast<int>(smaller(panel, k - first));
      barrier();
      stage(source, n, first, k, first_column, 0);
      if (first_column == 0 || k > panel) fill(first, count);
      const int steps = (count + depth - 1) / depth;
      for (int step = 0; step < steps; step++) {
        if (step + 1 < steps) {
          stage(source, n, first + (step + 1) * depth, k, first_column, (step + 1) % 2);
          wait_copies<1>();
        } else {
          wait_copies<0>();
        }
        barrier();
        add_step(d, step * depth, static_cast<int>(smaller(depth, count - step * depth)), step % 2);
        barrier();
      }
    }
    put(d);
    barrier();
  }

#if RW_BFLOAT16
  static constexpr int tiles = rows / 64;  // of 16 rows for each warp

  __device__ void add_step(float* sum, int first, int count, int buffer) const {
    float(&d)[tiles][4][4] = *reinterpret_cast<float(*)[tiles][4][4]>(sum);
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    const int top = warp / 2 * 16 * tiles, left = warp % 2 * 32;
    const element* const stage_b = b + buffer * depth * b_stride;
    for (int k = 0; k < count; k += 16) {
      u32 right[2][4];
      RW_UNROLL for (int j = 0; j < 2; j++) {
        load_transposed(right[j], stage_b + (k + lane % 16) * b_stride + left + j * 16 + lane / 16 * 8);
      }
      RW_UNROLL for (int tile = 0; tile < tiles; tile++) {
        u32 fragment[4];
        load_matrices(fragment, a + (top + tile * 16 + lane % 16) * a_stride + first + k + lane / 16 * 8);
        RW_UNROLL for (int j = 0; j < 4; j++) {
          multiply_add(d[tile][j], fragment, right[j / 2][j % 2 * 2], right[j / 2][j % 2 * 2 + 1]);
        }
      }
    }
  }

  __device__ void put(float* sum) const {
    float(&d)[tiles][4][4] = *reinterpret_cast<float(*)[tiles][4][4]>(sum);
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    RW_UNROLL for (int tile = 0; tile < tiles; tile++) {
      RW_UNROLL for (int j = 0; j < 4; j++) {
        RW_UNROLL for (int half = 0; half < 2; half++) {
          const int row = (warp / 2 * tiles + tile) * 16 + lane / 4 + half * 8;
          float* const target = sums + row * sums_stride + warp % 2 * 32 + j * 8 + lane % 4 * 2;
          target[0] = d[tile][j][half * 2];
          target[1] = d[tile][j][half * 2 + 1];
        }
      }
    }
  }
#else
  static constexpr int height = rows / 16;

  __device__ void add_step(float* d, int first, int count, int buffer) const {
    const int top = threadIdx.x / 16 * height, left = threadIdx.x % 16 * 4;
    const element* const stage_b = b + buffer * depth * b_stride + left;
    for (int k = 0; k < count; k++) {
      const vec right = load(stage_b + k * b_stride);
      RW_UNROLL for (int i = 0; i < height; i++) {
        const float value = a[(top + i) * a_stride + first + k];
        RW_UNROLL for (int j = 0; j < 4; j++) d[i * 4 + j] = fmaf(value, right.v[j], d[i * 4 + j]);
      }
    }
  }

  __device__ void put(const float* d) const {
    const int top = threadIdx.x / 16 * height, left = threadIdx.x % 16 * 4;
    RW_UNROLL for (int i = 0; i < height; i++) {
      store(sums + (top + i) * sums_stride + left, vec{{d[i * 4], d[i * 4 + 1], d[i * 4 + 2], d[i * 4 + 3]}});
    }
  }
#endif
};

#endif
