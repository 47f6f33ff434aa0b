// SPDX-License-Identifier: Apache-2.0
//
// A RandWire node: u = depthwise3x3(relu(p)), y = u times the pointwise filter, mean and deviations of y per task.
// Inputs that are raw outputs of other nodes are normalised while they are read (node.h, Inputs), so the normalised
// tensors never exist.
//
// x_i: [N][H][W][C], u: [N][H'][W'][C], y: [N][H'][W'][O], filter: [3][3][C] float; window 3x3, padding 1, stride 1 or
// 2; C and O multiples of 16. The padded channels of x hold zeros, so those of u and y become zeros.
//
// Rows of relu(p) go into a ring of three rows in the worker's scratch, blocked by 16 channels and with a zero pixel
// at either end, so no window needs a test of its columns. A window's nine taps stay in registers along a row and four
// neighbouring outputs share their loads. A few rows of u (block_rows) then go through the product while they are in
// the first cache, and the rows of y through the sums of their statistics. Memory sees each input once, u and y once.
// A strip of an image computes the one or two rows of p above it again.
//
// Statistics are sums of y - shift and of its square, with the mean of the task's first rows as shift: one pass, and
// nothing large is squared. They are floats over a few rows, doubles over the task.
#include "kernel.h"
#include "node.h"
#include "product.h"

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

// The front of the node: makes rows of u one after the other.
template <int stride, typename T>
struct Front {
  const rw_node_forward_args& a;
  const Inputs<T>& inputs;
  float* ring;
  const float* zero_row;
  int out_height, out_width;
  int ready = 0;  // the next row of p

  void start(int row) { ready = std::max(0, row * stride - 1); }

  void make_row(int image, int row) {
    const int64_t ring_row = static_cast<int64_t>(a.width + 2) * lanes, ring_block = 3 * ring_row;
    const int top = row * stride - 1;
    for (; ready < std::min(a.height, top + 3); ready++) {
      const int64_t offset = (static_cast<int64_t>(image) * a.height + ready) * a.width * a.channels;
      sum_row(inputs, offset, a.width, ring + ready % 3 * ring_row + lanes, ring_block,
              [](vec v) { return rectified(v); });
    }
    T* target = static_cast<T*>(a.u) + (static_cast<int64_t>(image) * out_height + row) * out_width * a.channels;
    for (int block = 0; block < a.channels / lanes; block++) {
      const float* rows[3];
      for (int ky = 0; ky < 3; ky++) {
        const int y = top + ky;
        rows[ky] = y >= 0 && y < a.height ? ring + block * ring_block + y % 3 * ring_row : zero_row;
      }
      window_row<stride>(rows, a.filter + block * lanes, target + block * lanes, out_width, a.channels);
    }
  }
};

// f(y, pixel's vector) over 16 channels of some pixels, in four chains.
template <typename T, typename F>
inline vec add_pixels(const T* y, int64_t pixels, int64_t outputs, F f) {
  vec s[4] = {zeros(), zeros(), zeros(), zeros()};
  int64_t pixel = 0;
  for (; pixel + 4 <= pixels; pixel += 4) {
    RW_UNROLL for (int j = 0; j < 4; j++) s[j] = f(load(y + (pixel + j) * outputs), s[j]);
  }
  for (; pixel < pixels; pixel++) s[0] = f(load(y + pixel * outputs), s[0]);
  return (s[0] + s[1]) + (s[2] + s[3]);
}

// The task's statistics of y; totals hold sums of y - shift and of its square until the end.
template <typename T>
struct Statistics {
  double* const totals;
  float* const shift;
  const int64_t outputs;
  int64_t count = 0;

  void add(const T* y, int64_t pixels) {
    if (count == 0) {
      const vec share = broadcast(1 / static_cast<float>(pixels));
      std::fill_n(totals, 2 * outputs, 0.0);
      for (int64_t c = 0; c < outputs; c += lanes) {
        store(shift + c, share * add_pixels(y + c, pixels, outputs, [](vec v, vec sum) { return sum + v; }));
      }
    }
    for (int64_t c = 0; c < outputs; c += lanes) {
      const vec from = load(shift + c);
      add_to(totals + c, add_pixels(y + c, pixels, outputs, [=](vec v, vec sum) { return sum + (v - from); }));
      add_to(totals + outputs + c,
             add_pixels(y + c, pixels, outputs, [=](vec v, vec sum) { return fma(v - from, v - from, sum); }));
    }
    count += pixels;
  }

  void finish() {
    const double pixels = static_cast<double>(count);
    for (int64_t c = 0; c < outputs; c++) {
      const double delta = totals[c] / pixels;
      totals[outputs + c] = std::max(0.0, totals[outputs + c] - totals[c] * delta);
      totals[c] = shift[c] + delta;
    }
  }
};

template <int stride, typename T>
int forward(const rw_node_forward_args& a, int task, int worker) {
  const int out_height = (a.height - 1) / stride + 1, out_width = (a.width - 1) / stride + 1;
  const int blocks = a.channels / lanes;
  const int64_t ring_row = static_cast<int64_t>(a.width + 2) * lanes;
  float* const ring = static_cast<float* const*>(a.worker_scratch)[worker];
  float* const zero_row = ring + 3 * blocks * ring_row;
  float* const factors = zero_row + ring_row;
  std::fill_n(zero_row, ring_row, 0.0f);
  for (int row = 0; row < 3 * blocks; row++) {
    store(ring + row * ring_row, zeros());
    store(ring + (row + 1) * ring_row - lanes, zeros());
  }
  const float* mean[max_terms];
  const Inputs<T> inputs = read_inputs<T>(*a.inputs, a.channels, factors, mean);
  Front<stride, T> front{a, inputs, ring, zero_row, out_height, out_width};
  const int64_t outputs = a.outputs;
  const bool counts = a.packed != nullptr && a.statistics != nullptr;
  Statistics<T> statistics{counts ? a.statistics + static_cast<int64_t>(task) * 2 * outputs : nullptr,
                           factors + inputs_floats(inputs.count, a.channels), outputs};
  const int block = block_rows(out_height, out_width);
  const Tile tile(task, a.batch, out_height, a.images_per_task, a.rows_per_task);
  for (int image = tile.first_image; image < tile.end_image; image++) {
    front.start(tile.first_row);
    for (int first = tile.first_row; first < tile.end_row; first += block) {
      const int end = std::min(tile.end_row, first + block);
      for (int row = first; row < end; row++) front.make_row(image, row);
      if (a.packed == nullptr) continue;
      const int64_t offset = (static_cast<int64_t>(image) * out_height + first) * out_width;
      const int64_t pixels = static_cast<int64_t>(end - first) * out_width;
      const T* const u = static_cast<const T*>(a.u) + offset * a.channels;
      T* const y = static_cast<T*>(a.y) + offset * outputs;
      product(u, a.channels, pixels, static_cast<const T*>(a.packed), a.channels, outputs / lanes,
              [=](int64_t pixel, int64_t vector, vec sum) { store(y + pixel * outputs + vector * lanes, sum); });
      if (counts) statistics.add(y, pixels);
    }
  }
  if (counts) statistics.finish();
  return RW_OK;
}

}  // namespace
}  // namespace rw::RW_ISA

RW_EXPORT_KERNEL(node_forward)(const rw_node_forward_args* args, int task, int worker) {
  using namespace rw::RW_ISA;
  if (args->inputs->count < 1 || args->inputs->count > max_terms) return RW_INVALID_ARGUMENT;
  return by_type(args->type, [=](auto* type) {
    using T = std::remove_pointer_t<decltype(type)>;
    return args->stride == 1 ? forward<1, T>(*args, task, worker) : forward<2, T>(*args, task, worker);
  });
}
