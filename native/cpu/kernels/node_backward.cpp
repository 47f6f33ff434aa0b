// SPDX-License-Identifier: Apache-2.0
//
// The gradient of a RandWire node's front (node_forward.cpp), one pass over memory. With p = sum_i c_i x_i:
//   e       = (p > 0) * transposed depthwise3x3(du)              the gradient of the sum, written
//   dfilter = sum over pixels of relu(p) times the window of du  partial sums of the task
//   t_i     = sum of x_i * e                                     partial sums of the task, for the edges' weights
//
// Shapes as in node_forward.cpp. Rows of du go into a ring of three rows (blocked, zero pixels at the ends); p is
// computed again row by row. Each input pixel meets nine values of du: for e they are multiplied by the taps, for
// dfilter by the pixel's relu(p), so one load serves both and nine taps and nine sums stay in registers along a row
// (26 of the 32 AVX-512 registers with four pixels at a time; the narrower sets spill). With stride 2 a pixel meets 1, 2 or 4 values, by the parity of its row and column.
// Edge sums run over the row that was just read and written; they use e as stored. Sums are float along a row, then
// float (dfilter) and double (edges) over the task, then double over tasks (node_backward_merge.cpp).
#include "kernel.h"
#include "node.h"

namespace rw::RW_ISA {
namespace {

// One input row of 16 channels: rows of du under the window's rows, sums of the window's nine taps.
template <typename T>
struct RowBlock {
  const float* du[3];  // du[ky] is the row of du whose window has this input row at ky
  const float* filter;
  const float* p;
  T* e;
  float* dfilter;  // [9][16]
  int width;
  int64_t channels;
};

inline vec masked(vec p, vec e) { return select_if_positive(p, e, zeros()); }

inline void load_taps(const float* filter, int64_t channels, vec (&taps)[9], vec (&sums)[9]) {
  RW_UNROLL for (int i = 0; i < 9; i++) {
    taps[i] = load(filter + i * channels);
    sums[i] = zeros();
  }
}

inline void add_sums(float* dfilter, const vec (&sums)[9]) {
  RW_UNROLL for (int i = 0; i < 9; i++) store(dfilter + i * lanes, load(dfilter + i * lanes) + sums[i]);
}

// N pixels from x on, stride 1: pixel j meets column c of du as tap kx = j + 2 - c.
template <int N, typename T>
inline void tile_stride1(const RowBlock<T>& b, const vec (&taps)[9], vec (&sums)[9], int x) {
  vec p[N], r[N], e[N];
  RW_UNROLL for (int j = 0; j < N; j++) {
    p[j] = load(b.p + (x + j) * lanes);
    r[j] = rectified(p[j]);
    e[j] = zeros();
  }
  RW_UNROLL for (int ky = 0; ky < 3; ky++) {
    RW_UNROLL for (int column = 0; column < N + 2; column++) {
      const vec du = load(b.du[ky] + (x + column) * lanes);
      RW_UNROLL for (int j = 0; j < N; j++) {
        const int kx = j + 2 - column;
        if (kx >= 0 && kx < 3) {
          e[j] = fma(du, taps[3 * ky + kx], e[j]);
          sums[3 * ky + kx] = fma(du, r[j], sums[3 * ky + kx]);
        }
      }
    }
  }
  RW_UNROLL for (int j = 0; j < N; j++) store(b.e + (x + j) * b.channels, masked(load(b.p + (x + j) * lanes), e[j]));
}

template <typename T>
void row_stride1(const RowBlock<T>& b) {
  vec taps[9], sums[9];
  load_taps(b.filter, b.channels, taps, sums);
  int x = 0;
  for (; x + 4 <= b.width; x += 4) tile_stride1<4>(b, taps, sums, x);
  for (; x < b.width; x++) tile_stride1<1>(b, taps, sums, x);
  add_sums(b.dfilter, sums);
}

// Stride 2, a row that meets the window's rows ky = first, first + 2, ...: only ky = 1 if it is even, 0 and 2 if odd.
// An even column 2j meets column j of du as kx = 1; the odd one 2j + 1 meets j as kx = 2 and j + 1 as kx = 0.
template <int first, typename T>
void row_stride2(const RowBlock<T>& b) {
  vec taps[9], sums[9];
  load_taps(b.filter, b.channels, taps, sums);
  int x = 0;
  for (; x + 1 < b.width; x += 2) {
    const vec p0 = load(b.p + x * lanes), p1 = load(b.p + (x + 1) * lanes);
    const vec r0 = rectified(p0), r1 = rectified(p1);
    vec e0 = zeros(), e1 = zeros();
    RW_UNROLL for (int ky = first; ky < 3; ky += 2) {
      const float* row = b.du[ky] + (x / 2 + 1) * lanes;
      const vec near = load(row), far = load(row + lanes);
      e0 = fma(near, taps[3 * ky + 1], e0);
      e1 = fma(near, taps[3 * ky + 2], e1);
      e1 = fma(far, taps[3 * ky], e1);
      sums[3 * ky + 1] = fma(near, r0, sums[3 * ky + 1]);
      sums[3 * ky + 2] = fma(near, r1, sums[3 * ky + 2]);
      sums[3 * ky] = fma(far, r1, sums[3 * ky]);
    }
    store(b.e + x * b.channels, masked(p0, e0));
    store(b.e + (x + 1) * b.channels, masked(p1, e1));
  }
  if (x < b.width) {
    const vec p0 = load(b.p + x * lanes), r0 = rectified(p0);
    vec e0 = zeros();
    RW_UNROLL for (int ky = first; ky < 3; ky += 2) {
      const vec near = load(b.du[ky] + (x / 2 + 1) * lanes);
      e0 = fma(near, taps[3 * ky + 1], e0);
      sums[3 * ky + 1] = fma(near, r0, sums[3 * ky + 1]);
    }
    store(b.e + x * b.channels, masked(p0, e0));
  }
  add_sums(b.dfilter, sums);
}

template <int stride, typename T>
int backward(const rw_node_backward_args& a, int task, int worker) {
  const int out_height = (a.height - 1) / stride + 1, out_width = (a.width - 1) / stride + 1;
  const int blocks = a.channels / lanes;
  const int64_t ring_row = static_cast<int64_t>(out_width + 2) * lanes, ring_block = 3 * ring_row;
  const int64_t row_elements = static_cast<int64_t>(a.width) * a.channels, p_block = a.width * lanes;
  float* const ring = static_cast<float* const*>(a.worker_scratch)[worker];
  float* const zero_row = ring + blocks * ring_block;
  float* const p = zero_row + ring_row;
  std::fill_n(zero_row, ring_row, 0.0f);
  for (int row = 0; row < 3 * blocks; row++) {
    store(ring + row * ring_row, zeros());
    store(ring + (row + 1) * ring_row - lanes, zeros());
  }
  float* const dfilter = a.filter_partials + static_cast<int64_t>(task) * 9 * a.channels;
  double* const edges = a.edge_partials + static_cast<int64_t>(task) * a.inputs;
  std::fill_n(dfilter, 9 * a.channels, 0.0f);
  std::fill_n(edges, a.inputs, 0.0);
  float c[max_terms];
  for (int i = 0; i < a.inputs; i++) c[i] = edge_coefficient(a.weight[i], a.mask[i]);

  const T* const* x = static_cast<const T* const*>(a.x);
  const auto keep = [](vec v) { return v; };
  const float one = 1;
  const Tile tile(task, a.batch, a.height, a.images_per_task, a.rows_per_task);
  for (int image = tile.first_image; image < tile.end_image; image++) {
    const T* du = static_cast<const T*>(a.du) + static_cast<int64_t>(image) * out_height * out_width * a.channels;
    int ready = std::max(0, (tile.first_row - 1) / stride);
    for (int row = tile.first_row; row < tile.end_row; row++) {
      for (; ready <= std::min(out_height - 1, (row + 1) / stride); ready++) {
        sum_row(&du, &one, 1, static_cast<int64_t>(ready) * out_width * a.channels, out_width, a.channels,
                ring + ready % 3 * ring_row + lanes, ring_block, keep);
      }
      const int64_t offset = (static_cast<int64_t>(image) * a.height + row) * row_elements;
      sum_row(x, c, a.inputs, offset, a.width, a.channels, p, p_block, keep);
      T* const e = static_cast<T*>(a.e) + offset;
      for (int block = 0; block < blocks; block++) {
        RowBlock<T> b{{}, a.filter + block * lanes, p + block * p_block, e + block * lanes,
                      dfilter + block * 9 * lanes, a.width, a.channels};
        for (int ky = 0; ky < 3; ky++) {
          const int y = row + 1 - ky;  // stride times the row of du
          const bool inside = y >= 0 && y % stride == 0 && y / stride < out_height;
          b.du[ky] = inside ? ring + block * ring_block + y / stride % 3 * ring_row : zero_row;
        }
        if constexpr (stride == 1) {
          row_stride1(b);
        } else if (row % 2 == 0) {
          row_stride2<1>(b);
        } else {
          row_stride2<0>(b);
        }
      }
      for (int i = 0; i < a.inputs; i++) edges[i] += dot(x[i] + offset, e, row_elements);
    }
  }
  return RW_OK;
}

}  // namespace
}  // namespace rw::RW_ISA

RW_EXPORT_KERNEL(node_backward)(const rw_node_backward_args* args, int task, int worker) {
  using namespace rw::RW_ISA;
  if (args->inputs < 1 || args->inputs > max_terms) return RW_INVALID_ARGUMENT;
  return by_type(args->type, [=](auto* type) {
    using T = std::remove_pointer_t<decltype(type)>;
    return args->stride == 1 ? backward<1, T>(*args, task, worker) : backward<2, T>(*args, task, worker);
  });
}
