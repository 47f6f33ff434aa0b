// SPDX-License-Identifier: Apache-2.0
//
// What the kernels of a RandWire node share: the edges' coefficients, the sum of a row's inputs and the division of a
// batch into tasks.
//
// Rows that a kernel keeps in its worker's scratch are blocked: all pixels of 16 channels, then those of the next 16.
// A depthwise window then reads consecutive vectors, whatever the number of channels.
#ifndef RANDWIRE_NODE_H
#define RANDWIRE_NODE_H

#include <algorithm>
#include <cmath>

#include "randwire.h"
#include "simd.h"

#define RW_UNROLL _Pragma("GCC unroll 32")

namespace rw::RW_ISA {

// The most terms a sum may have: their coefficients live on the stack.
constexpr int max_terms = RW_MAX_TERMS;

// sigmoid(w), by the branch that cannot overflow.
inline double sigmoid(double w) {
  if (w >= 0) return 1 / (1 + std::exp(-w));
  const double e = std::exp(w);
  return e / (1 + e);
}

// mask * sigmoid(weight), rounded once.
inline float edge_coefficient(float weight, float mask) { return static_cast<float>(mask * sigmoid(weight)); }

// The derivative of mask * sigmoid(weight).
inline double edge_slope(float weight, float mask) {
  const double s = sigmoid(weight);
  return mask * s * (1 - s);
}

inline vec zeros() { return broadcast(0); }

// max(v, 0); NaN stays NaN, so that a diverged run is seen.
inline vec rectified(vec v) { return max(zeros(), v); }

// Images and rows of one task. Tasks count the strips of an image first.
struct Tile {
  int first_image, end_image, first_row, end_row;

  Tile(int task, int batch, int rows, int images_per_task, int rows_per_task) {
    const int strips = (rows + rows_per_task - 1) / rows_per_task;
    first_image = task / strips * images_per_task;
    end_image = std::min(batch, first_image + images_per_task);
    first_row = task % strips * rows_per_task;
    end_row = std::min(rows, first_row + rows_per_task);
  }
};

// The inputs of a node as its kernels read them: x_i less a mean per channel, times a factor per channel, all added up
// to a shift per channel. That is the edge's coefficient and, where the input is the raw output of a pointwise
// convolution, its batch normalisation: gamma / sigma * (x - mean) + beta. The mean is taken away first: folded into
// the shift it would cost digits where a channel hardly varies.
template <typename T>
struct Inputs {
  const T* const* x;
  const float* const* mean;  // [C] each
  const float* factor;       // [inputs][C]
  const float* shift;        // [C]
  int count, channels;
};

// Floats that read_inputs takes.
inline int64_t inputs_floats(int inputs, int64_t channels) { return (inputs + 2) * channels; }

// Works out the factors of rw_node_inputs in `scratch`; `mean` is filled too.
template <typename T>
inline Inputs<T> read_inputs(const rw_node_inputs& a, int channels, float* scratch, const float* (&mean)[max_terms]) {
  float* const factor = scratch;
  float* const shift = factor + static_cast<int64_t>(a.count) * channels;
  float* const zero = shift + channels;
  std::fill_n(shift, 2 * channels, 0.0f);
  const vec epsilon = broadcast(a.epsilon);
  for (int i = 0; i < a.count; i++) {
    float* const own = factor + static_cast<int64_t>(i) * channels;
    const vec c = broadcast(edge_coefficient(a.weight[i], a.mask[i]));
    const float* const* norm = static_cast<const float* const*>(a.norm) + 4 * i;
    mean[i] = norm[0] == nullptr ? zero : norm[0];
    for (int channel = 0; channel < channels; channel += lanes) {
      if (norm[0] == nullptr) {
        store(own + channel, c);
      } else {
        const vec gamma = load(norm[2] + channel), beta = load(norm[3] + channel);
        store(own + channel, c * (gamma / square_root(load(norm[1] + channel) + epsilon)));
        store(shift + channel, fma(c, beta, load(shift + channel)));
      }
    }
  }
  return {static_cast<const T* const*>(a.x), mean, factor, shift, a.count, channels};
}

// N pixels of 16 channels of the sum, from element `offset` of each input on.
template <int N, typename T, typename F>
inline void sum_pixels(const Inputs<T>& in, int64_t offset, int64_t channel, float* target, F finish) {
  vec sum[N];
  const vec shift = load(in.shift + channel);
  RW_UNROLL for (int j = 0; j < N; j++) sum[j] = shift;
  for (int i = 0; i < in.count; i++) {
    const T* source = in.x[i] + offset;
    const vec mean = load(in.mean[i] + channel), factor = load(in.factor + i * in.channels + channel);
    RW_UNROLL for (int j = 0; j < N; j++) {
      sum[j] = fma(load(source + static_cast<int64_t>(j) * in.channels) - mean, factor, sum[j]);
    }
  }
  RW_UNROLL for (int j = 0; j < N; j++) store(target + j * lanes, finish(sum[j]));
}

// Sums `pixels` pixels that start at element `offset` of each input; `block` floats lie between the target's blocks.
template <typename T, typename F>
inline void sum_row(const Inputs<T>& in, int64_t offset, int pixels, float* target, int64_t block, F finish) {
  for (int64_t channel = 0; channel < in.channels; channel += lanes, target += block) {
    int64_t at = offset + channel;
    int pixel = 0;
    for (; pixel + 8 <= pixels; pixel += 8, at += 8 * static_cast<int64_t>(in.channels)) {
      sum_pixels<8>(in, at, channel, target + pixel * lanes, finish);
    }
    for (; pixel + 2 <= pixels; pixel += 2, at += 2 * static_cast<int64_t>(in.channels)) {
      sum_pixels<2>(in, at, channel, target + pixel * lanes, finish);
    }
    if (pixel < pixels) sum_pixels<1>(in, at, channel, target + pixel * lanes, finish);
  }
}

// Rows of a block whose pixels go through a product together: enough to pay for streaming the packed matrix.
inline int block_rows(int rows, int width) {
  const int enough = (56 + width - 1) / width;
  return rows < 2 * enough ? rows : enough;
}

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
  RW_UNROLL for (int j = 0; j < N; j++) store_rounded(target + (x + j) * channels, sums[j]);
}

// One row of 16 channels of a depthwise convolution with a 3x3 window. Its nine taps stay in registers along the row
// and four neighbouring outputs share their loads.
template <int stride, typename T>
inline void window_row(const float* const (&rows)[3], const float* filter, T* target, int width, int64_t channels) {
  vec taps[9];
  RW_UNROLL for (int i = 0; i < 9; i++) taps[i] = load(filter + i * channels);
  int x = 0;
  for (; x + 4 <= width; x += 4) window_tile<stride, 4>(rows, taps, x, target, channels);
  for (; x < width; x++) window_tile<stride, 1>(rows, taps, x, target, channels);
}

// A ring of rows in a worker's scratch: row r of 16 channels lies in slot r % slots of their block, with a zero pixel at
// either end, so that no window needs a test of its columns; rows outside the image are zeros.
class Ring {
 public:
  Ring(int height, int width, int channels, int slots, float* scratch)
      : height_(height),
        slots_(slots),
        row_(static_cast<int64_t>(width + 2) * lanes),
        start_(scratch),
        zero_row_(scratch + channels / lanes * block()) {
    std::fill_n(zero_row_, row_, 0.0f);
    for (int row = 0; row < slots * (channels / lanes); row++) {
      store(start_ + row * row_, zeros());
      store(start_ + (row + 1) * row_ - lanes, zeros());
    }
  }

  static int64_t floats(int width, int channels, int slots) {
    return (width + 2) * (static_cast<int64_t>(slots) * channels + lanes);
  }

  // Floats from one block of 16 channels to the next.
  int64_t block() const { return slots_ * row_; }

  // The first pixel of a row in the first block; `at` is its offset from start().
  int64_t at(int row) const { return row % slots_ * row_ + lanes; }
  float* start() const { return start_; }

  // A row in all blocks of channels, from the zero pixel before its first on.
  class Row {
   public:
    Row(const float* start, int64_t block) : start_(start), block_(block) {}
    const float* in_block(int number) const { return start_ + number * block_; }

   private:
    const float* start_;
    int64_t block_;
  };

  Row row(int row) const {
    return row >= 0 && row < height_ ? Row(start_ + row % slots_ * row_, block()) : zero_row();
  }

  Row zero_row() const { return Row(zero_row_, 0); }

 private:
  int height_, slots_;
  int64_t row_;
  float* start_;
  float* zero_row_;
};

// The front of a node: rows of r = relu(p) in a ring and rows of u = depthwise3x3(r).
template <int stride, typename T>
struct Front {
  const Inputs<T>& inputs;
  const float* filter;
  int height, width;
  Ring ring;
  int image = 0, next = 0;  // the next row of r to be made

  int out_width() const { return (width - 1) / stride + 1; }

  void start(int of_image, int row) {
    image = of_image;
    next = row;
  }

  void make_until(int last) {
    for (; next <= std::min(last, height - 1); next++) {
      sum_row(inputs, offset(next), width, ring.start() + ring.at(next), ring.block(),
              [](vec v) { return rectified(v); });
    }
  }

  // The first element of a row of each input.
  int64_t offset(int row) const {
    return (static_cast<int64_t>(image) * height + row) * width * inputs.channels;
  }

  // Row `row` of u, [W'][C].
  void make_u(int row, T* target) {
    make_until(row * stride + 1);
    const int first = row * stride - 1;
    const Ring::Row window[3] = {ring.row(first), ring.row(first + 1), ring.row(first + 2)};
    for (int block = 0; block < inputs.channels / lanes; block++) {
      const float* const rows[3] = {window[0].in_block(block), window[1].in_block(block), window[2].in_block(block)};
      window_row<stride>(rows, filter + block * lanes, target + block * lanes, out_width(), inputs.channels);
    }
  }
};

// The sum of a[i] * b[i] over a multiple of 16 elements: four chains, added in fixed order.
template <typename T>
inline double dot(const T* a, const T* b, int64_t elements) {
  vec s[4] = {zeros(), zeros(), zeros(), zeros()};
  int64_t i = 0;
  for (; i + 4 * lanes <= elements; i += 4 * lanes) {
    RW_UNROLL for (int j = 0; j < 4; j++) s[j] = fma(load(a + i + lanes * j), load(b + i + lanes * j), s[j]);
  }
  for (; i < elements; i += lanes) s[0] = fma(load(a + i), load(b + i), s[0]);
  return sum((s[0] + s[1]) + (s[2] + s[3]));
}

// The gradient of an edge's raw weight from the partial sums of x * dy, added in fixed order.
inline float edge_gradient(const double* partial, int64_t stride, int partials, float weight, float mask) {
  double total = 0;
  for (int i = 0; i < partials; i++) total += partial[i * stride];
  return static_cast<float>(edge_slope(weight, mask) * total);
}

// Calls f with a null pointer of the activations' type.
template <typename F>
inline int by_type(int type, F f) {
  switch (type) {
    case RW_FLOAT32:
      return f(static_cast<float*>(nullptr));
    case RW_BFLOAT16:
      return f(static_cast<bfloat16*>(nullptr));
    default:
      return RW_INVALID_ARGUMENT;
  }
}

// Calls f with null pointers of two types.
template <typename F>
inline int by_types(int first, int second, F f) {
  return by_type(first, [=](auto* a) { return by_type(second, [=](auto* b) { return f(a, b); }); });
}

}  // namespace rw::RW_ISA

#endif  // RANDWIRE_NODE_H
