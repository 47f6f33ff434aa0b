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
  const int block = block_rows(out_height, out_width);
  const int64_t outputs = a.outputs;
  float* const ring = static_cast<float* const*>(a.worker_scratch)[worker];
  float* const factors = ring + Ring::floats(a.width, a.channels, 3);
  float* const shift = factors + inputs_floats(a.inputs->count, a.channels);
  T* const spare = reinterpret_cast<T*>(shift + outputs);
  const float* mean[max_terms];
  const Inputs<T> inputs = read_inputs<T>(*a.inputs, a.channels, factors, mean);
  Front<stride, T> front{inputs, a.filter, a.height, a.width, Ring(a.height, a.width, a.channels, 3, ring)};
  const bool counts = a.packed != nullptr && a.statistics != nullptr;
  Statistics<T> statistics{counts ? a.statistics + static_cast<int64_t>(task) * 2 * outputs : nullptr, shift, outputs};
  const Tiles tiles(a.channels);
  const Tile tile(task, a.batch, out_height, a.images_per_task, a.rows_per_task);
  for (int image = tile.first_image; image < tile.end_image; image++) {
    front.start(image, std::max(0, tile.first_row * stride - 1));
    for (int first = tile.first_row; first < tile.end_row; first += block) {
      const int end = std::min(tile.end_row, first + block);
      const int64_t offset = (static_cast<int64_t>(image) * out_height + first) * out_width;
      T* const u = a.u == nullptr ? spare : static_cast<T*>(a.u) + offset * a.channels;
      for (int row = first; row < end; row++) {
        front.make_u(row, u + static_cast<int64_t>(row - first) * out_width * a.channels);
      }
      if (a.packed == nullptr) continue;
      const int64_t pixels = static_cast<int64_t>(end - first) * out_width;
      T* const y = static_cast<T*>(a.y) + offset * outputs;
      Ahead ahead;
      const int64_t following = (end - first) * stride * static_cast<int64_t>(a.width) * a.channels;
      for (int i = 0; i < inputs.count; i++) ahead.add(inputs.x[i] + front.offset(front.next), following);
      ahead.spread(product_steps<T>(pixels, a.channels, outputs / lanes));
      product(tiles, u, a.channels, pixels, static_cast<const T*>(a.packed), a.channels, outputs / lanes, ahead,
              [=](int64_t pixel, int64_t vector, vec sum) { store_rounded(y + pixel * outputs + vector * lanes, sum); });
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
