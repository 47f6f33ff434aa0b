// SPDX-License-Identifier: Apache-2.0
//
// A RandWire node's front: u = depthwise3x3(relu(sum_i c_i x_i)), c_i = mask_i * sigmoid(weight_i).
//
// x_i: [N][H][W][C], u: [N][H'][W'][C], filter: [3][3][C] float; window 3x3, padding 1, stride 1 or 2; C a multiple
// of 16. The padded channels of x hold zeros, so those of u become zeros.
//
// Rows of relu(sum) go into a ring of three rows in the worker's scratch, blocked by 16 channels and with a zero pixel
// at either end, so no window needs a test of its columns. A window's nine taps stay in registers along a row and four
// neighbouring outputs share their loads. Memory sees each input once and the output once; neither the sum nor its
// ReLU is stored. A strip of an image computes the one or two rows above it again.
#include "kernel.h"
#include "node.h"

namespace rw::RW_ISA {
namespace {

// N outputs of a row from x on. Column by column: a loaded vector serves all windows that it lies in.
template <int stride, int N, typename T>
inline void window_tile(const float* const (&rows)[3], const vec (&taps)[9], int x, T* target, int64_t channels) {
  vec sums[N];
  RW_UNROLL for (int j = 0; j < N; j++) sums[j] = zeros();
  RW_UNROLL for (int column = 0; column < (N - 1) * stride + 3; column++) {
    RW_UNROLL for (int ky = 0; ky < 3; ky++) {
      const vec r = load(rows[ky] + (x * stride + column) * lanes);
      RW_UNROLL for (int j = 0; j < N; j++) {
        const int kx = column - j * stride;
        if (kx >= 0 && kx < 3) sums[j] = fma(r, taps[3 * ky + kx], sums[j]);
      }
    }
  }
  RW_UNROLL for (int j = 0; j < N; j++) store(target + (x + j) * channels, sums[j]);
}

// One row of 16 channels of u.
template <int stride, typename T>
void window_row(const float* const (&rows)[3], const float* filter, T* target, int width, int64_t channels) {
  vec taps[9];
  RW_UNROLL for (int i = 0; i < 9; i++) taps[i] = load(filter + i * channels);
  int x = 0;
  for (; x + 4 <= width; x += 4) window_tile<stride, 4>(rows, taps, x, target, channels);
  for (; x < width; x++) window_tile<stride, 1>(rows, taps, x, target, channels);
}

template <int stride, typename T>
int forward(const rw_node_forward_args& a, int task, int worker) {
  const int out_height = (a.height - 1) / stride + 1, out_width = (a.width - 1) / stride + 1;
  const int blocks = a.channels / lanes;
  const int64_t ring_row = static_cast<int64_t>(a.width + 2) * lanes, ring_block = 3 * ring_row;
  float* const ring = static_cast<float* const*>(a.worker_scratch)[worker];
  float* const zero_row = ring + blocks * ring_block;
  std::fill_n(zero_row, ring_row, 0.0f);
  for (int row = 0; row < 3 * blocks; row++) {
    store(ring + row * ring_row, zeros());
    store(ring + (row + 1) * ring_row - lanes, zeros());
  }
  float c[max_terms];
  for (int i = 0; i < a.inputs; i++) c[i] = edge_coefficient(a.weight[i], a.mask[i]);

  const T* const* x = static_cast<const T* const*>(a.x);
  const auto rectify = [](vec v) { return rectified(v); };
  const Tile tile(task, a.batch, out_height, a.images_per_task, a.rows_per_task);
  for (int image = tile.first_image; image < tile.end_image; image++) {
    int ready = std::max(0, tile.first_row * stride - 1);
    for (int row = tile.first_row; row < tile.end_row; row++) {
      const int top = row * stride - 1;
      for (; ready < std::min(a.height, top + 3); ready++) {
        const int64_t offset = (static_cast<int64_t>(image) * a.height + ready) * a.width * a.channels;
        sum_row(x, c, a.inputs, offset, a.width, a.channels, ring + ready % 3 * ring_row + lanes, ring_block, rectify);
      }
      T* target = static_cast<T*>(a.u) + (static_cast<int64_t>(image) * out_height + row) * out_width * a.channels;
      for (int block = 0; block < blocks; block++) {
        const float* rows[3];
        for (int ky = 0; ky < 3; ky++) {
          const int y = top + ky;
          rows[ky] = y >= 0 && y < a.height ? ring + block * ring_block + y % 3 * ring_row : zero_row;
        }
        window_row<stride>(rows, a.filter + block * lanes, target + block * lanes, out_width, a.channels);
      }
    }
  }
  return RW_OK;
}

}  // namespace
}  // namespace rw::RW_ISA

RW_EXPORT_KERNEL(node_forward)(const rw_node_forward_args* args, int task, int worker) {
  using namespace rw::RW_ISA;
  if (args->inputs < 1 || args->inputs > max_terms) return RW_INVALID_ARGUMENT;
  return by_type(args->type, [=](auto* type) {
    using T = std::remove_pointer_t<decltype(type)>;
    return args->stride == 1 ? forward<1, T>(*args, task, worker) : forward<2, T>(*args, task, worker);
  });
}
