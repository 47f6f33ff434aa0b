// SPDX-License-Identifier: Apache-2.0
//
// The gradient of a RandWire node (node_forward.cpp), one pass over memory:
//   dy      = batch normalisation's gradient of what the node's readers want
//   du      = dy times the transposed pointwise filter       never in memory
//   dW      = sum over pixels of u times dy                                 partial sums of the task
//   e       = (p > 0) * transposed depthwise3x3(du)          the gradient of p, written
//   dfilter = sum over pixels of relu(p) times the window of du             partial sums of the task
//   sums of e and of e * (x_i - mean_i) per channel                         partial sums of the task
// The last are all that the edges' weights and the batch normalisations of the inputs need, so neither makes a pass of
// its own. Where the filter is large against a task's pixels, dy is written instead and dW left to
// pointwise_filter_gradient.cpp. Without `gradient` du is given.
//
// Shapes as in node_forward.cpp. A few rows of dy (block_rows) are made at a time and go through the product while they
// are in the first cache; its results land in a ring of rows of du, blocked by 16 channels, zero pixels at the ends.
// r = relu(p) is computed again row by row, and u from it for dW. Each input pixel meets nine values of du: for e they are multiplied by the taps, for
// dfilter by the pixel's r, so one load serves both and nine taps and nine sums stay in registers along a row
// (26 of the 32 AVX-512 registers with four pixels at a time; the narrower sets spill). With stride 2 a pixel meets
// 1, 2 or 4 values, by the parity of its row and column. Sums over the inputs run along the row that was just read and
// written; they use e as stored. Sums are float along a row (dfilter: over the task), then double. A strip of an image
// makes the rows of dy and du above and below it again.
#include "kernel.h"
#include "node.h"
#include "product.h"

namespace rw::RW_ISA {
namespace {

// One input row of 16 channels: rows of du under the window's rows, sums of the window's nine taps.
template <typename T>
struct RowBlock {
  const float* du[3];  // du[ky] is the row of du whose window has this input row at ky
  const float* filter;
  const float* r;
  T* e;
  float* dfilter;  // [9][16]
  int width;
  int64_t channels;
};

// r is positive where p is.
inline vec masked(vec r, vec e) { return select_if_positive(r, e, zeros()); }

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
  vec r[N], e[N];
  RW_UNROLL for (int j = 0; j < N; j++) {
    r[j] = load(b.r + (x + j) * lanes);
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
  RW_UNROLL for (int j = 0; j < N; j++) store_rounded(b.e + (x + j) * b.channels, masked(load(b.r + (x + j) * lanes), e[j]));
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
    const vec r0 = load(b.r + x * lanes), r1 = load(b.r + (x + 1) * lanes);
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
    store_rounded(b.e + x * b.channels, masked(r0, e0));
    store_rounded(b.e + (x + 1) * b.channels, masked(r1, e1));
  }
  if (x < b.width) {
    const vec r0 = load(b.r + x * lanes);
    vec e0 = zeros();
    RW_UNROLL for (int ky = first; ky < 3; ky += 2) {
      const vec near = load(b.du[ky] + (x / 2 + 1) * lanes);
      e0 = fma(near, taps[3 * ky + 1], e0);
      sums[3 * ky + 1] = fma(near, r0, sums[3 * ky + 1]);
    }
    store_rounded(b.e + x * b.channels, masked(r0, e0));
  }
  add_sums(b.dfilter, sums);
}

// Pixels whose products are added to the filter's gradient at once: whole blocks, of small images several, since the
// sums are read and written each time.
constexpr int held_pixels(int block_pixels) { return block_pixels * std::max(1, 64 / block_pixels); }

// Makes rows of du in a ring, and on the way the sums of the pointwise filter's gradient.
template <int stride, typename T>
class Rows {
 public:
  using Factors = typename Factor<T>::type;

  Rows(const rw_node_backward_args& a, int task, int height, int width, Front<stride, T>& front, Ring ring,
       float* scratch)
      : a_(a),
        front_(front),
        ring_(ring),
        tiles_(a.gradient == nullptr ? tile_depth : a.gradient->outputs),
        height_(height),
        width_(width),
        block_(block_rows(height, width)) {
    if (a.gradient == nullptr) return;
    const rw_node_gradient& g = *a.gradient;
    const int pixels = block_ * width;
    offsets_ = reinterpret_cast<int32_t*>(scratch);
    float* const block = scratch + (pixels + lanes - 1) / lanes * lanes;
    dy_ = reinterpret_cast<T*>(block);
    if (g.filter_partials != nullptr) {
      most_held_ = held_pixels(pixels);
      u_ = dy_ + static_cast<int64_t>(most_held_) * g.outputs;
      factors_ = reinterpret_cast<Factors*>(block + static_cast<int64_t>(most_held_) * (g.outputs + a.channels));
      filter_sums_ = g.filter_partials + static_cast<int64_t>(task) * a.channels * g.outputs;
    }
    for (int i = 0; i < g.terms; i++) {
      const auto* weight = static_cast<const float* const*>(g.weight)[i];
      c_[i] = weight == nullptr ? 1 : edge_coefficient(*weight, *static_cast<const float* const*>(g.mask)[i]);
    }
  }

  // A strip owns the rows [first, end); rows outside are made for it alone.
  void start(int image, int first, int end, int next) {
    image_ = image;
    first_ = first;
    end_ = end;
    next_ = next;
  }

  void make_until(int last) {
    while (next_ <= std::min(last, height_ - 1)) {
      const bool own = next_ >= first_ && next_ < end_;
      const int count = a_.gradient == nullptr || !own ? 1 : std::min(block_, end_ - next_);
      if (a_.gradient == nullptr) {
        copy_row();
      } else {
        make_rows(count, own);
      }
      next_ += count;
    }
  }

  // Adds what is held.
  void finish() {
    Ahead nothing;
    if (held_ > 0) add_filter_sums(nothing);
  }

 private:
  void copy_row() {
    const T* du = static_cast<const T*>(a_.du) +
                  (static_cast<int64_t>(image_) * height_ + next_) * width_ * a_.channels;
    float* target = ring_.start() + ring_.at(next_);
    for (int pixel = 0; pixel < width_; pixel++) {
      for (int block = 0; block < a_.channels / lanes; block++) {
        store(target + block * ring_.block() + pixel * lanes,
              load(du + static_cast<int64_t>(pixel) * a_.channels + block * lanes));
      }
    }
  }

  void make_rows(int count, bool own) {
    const rw_node_gradient& g = *a_.gradient;
    const int pixels = count * width_;
    const int64_t offset = (static_cast<int64_t>(image_) * height_ + next_) * width_ * g.outputs;
    T* const dy = own && g.dy != nullptr ? static_cast<T*>(g.dy) + offset : dy_ + static_cast<int64_t>(held_) * g.outputs;
    for (int channel = 0; channel < g.outputs; channel += lanes) normalise(g, offset, channel, pixels, dy);
    for (int row = 0; row < count; row++) {
      const int32_t at = static_cast<int32_t>(ring_.at(next_ + row));
      for (int x = 0; x < width_; x++) offsets_[row * width_ + x] = at + x * lanes;
    }
    float* const ring = ring_.start();
    const int32_t* const offsets = offsets_;
    const int64_t ring_block = ring_.block();
    const bool keeps = own && filter_sums_ != nullptr;
    // Before the product, not behind it: on tile registers both products then follow one another, and their unit, which
    // sleeps when it has not worked for a while, is woken once.
    for (int row = 0; keeps && row < count; row++) {
      front_.make_u(next_ + row, u_ + static_cast<int64_t>(held_ + row * width_) * a_.channels);
    }
    Ahead ahead;
    const int64_t following = static_cast<int64_t>(pixels) * g.outputs;
    ahead.add(static_cast<const T*>(g.y) + offset + following, following);
    for (int i = 0; i < g.terms; i++) ahead.add(static_cast<const T* const*>(g.e)[i] + offset + following, following);
    const int64_t inputs_following = static_cast<int64_t>(count) * stride * front_.width * a_.channels;
    for (int i = 0; i < front_.inputs.count; i++) {
      ahead.add(front_.inputs.x[i] + front_.offset(front_.next), inputs_following);
    }
    const int64_t steps = product_steps<T>(pixels, g.outputs, a_.channels / lanes);
    const bool full = keeps && held_ + pixels + block_ * width_ > most_held_;
    ahead.spread(steps + (full ? outer_steps<T>(held_ + pixels, a_.channels, g.outputs / lanes) : 0));
    product_by_rows(tiles_, dy, g.outputs, count, width_, static_cast<const T*>(g.packed), g.outputs, a_.channels / lanes,
                    ahead, [=](int64_t pixel, int64_t vector) { return ring + vector * ring_block + offsets[pixel]; });
    if (!keeps) return;
    held_ += pixels;
    if (full) add_filter_sums(ahead);
  }

  void add_filter_sums(Ahead& ahead) {
    const int outputs = a_.gradient->outputs;
    outer_products(tiles_, u_, a_.channels, a_.channels, dy_, outputs, outputs, held_, filter_sums_, first_sums_,
                   factors_, ahead);
    first_sums_ = false;
    held_ = 0;
  }

  // dy of 16 channels.
  void normalise(const rw_node_gradient& g, int64_t offset, int channel, int64_t pixels, T* dy) const {
    const vec mean = load(g.mean + channel), scale = load(g.scale + channel);
    const vec dy_mean = load(g.dy_mean + channel), slope = load(g.slope + channel);
    const T* const y = static_cast<const T*>(g.y) + offset + channel;
    const T* const* e = static_cast<const T* const*>(g.e);
    const auto tile = [&](auto size, int64_t pixel) {
      constexpr int N = decltype(size)::value;
      vec sum[N];
      const int64_t at = pixel * g.outputs, from = offset + channel + at;
      const auto term = [&](int t, int j) { return load(e[t] + from + static_cast<int64_t>(j) * g.outputs); };
      RW_UNROLL for (int j = 0; j < N; j++) sum[j] = term(0, j) * broadcast(c_[0]);
      for (int t = 1; t < g.terms; t++) {
        const vec c = broadcast(c_[t]);
        RW_UNROLL for (int j = 0; j < N; j++) sum[j] = fma(term(t, j), c, sum[j]);
      }
      RW_UNROLL for (int j = 0; j < N; j++) {
        const vec explained = slope * (load(y + at + static_cast<int64_t>(j) * g.outputs) - mean);
        store_rounded(dy + at + static_cast<int64_t>(j) * g.outputs + channel, scale * ((sum[j] - dy_mean) - explained));
      }
    };
    int64_t pixel = 0;
    for (; pixel + 8 <= pixels; pixel += 8) tile(std::integral_constant<int, 8>(), pixel);
    for (; pixel < pixels; pixel++) tile(std::integral_constant<int, 1>(), pixel);
  }

  const rw_node_backward_args& a_;
  Front<stride, T>& front_;
  const Ring ring_;
  const Tiles tiles_;
  const int height_, width_, block_;
  int32_t* offsets_ = nullptr;   // of a block's pixels in the ring
  T* dy_ = nullptr;              // where nobody else wants it: of the pixels held and of a block
  T* u_ = nullptr;               // the same
  Factors* factors_ = nullptr;
  float* filter_sums_ = nullptr;
  bool first_sums_ = true;
  int held_ = 0, most_held_ = 0;  // pixels whose part of the filter's gradient is still to be added
  float c_[max_terms];
  int image_ = 0, first_ = 0, end_ = 0, next_ = 0;
};

// sums[0 .. C) += e, sums[(1 + i) * C ..) += e * (x_i - mean_i), along 16 channels of a row, for N inputs from number
// `first` on; the sum of e with the first of all. Two chains each.
template <int N, typename T>
inline void add_inputs(const Inputs<T>& in, int first, int64_t offset, int64_t channel, int width, const T* e,
                       float* sums) {
  const int64_t channels = in.channels;
  vec mean[N], plain[2] = {zeros(), zeros()}, products[N][2];
  const T* x[N];
  RW_UNROLL for (int i = 0; i < N; i++) {
    mean[i] = load(in.mean[first + i] + channel);
    x[i] = in.x[first + i] + offset + channel;
    products[i][0] = products[i][1] = zeros();
  }
  const auto add = [&](int64_t at, int chain) {
    const vec gradient = load(e + channel + at);
    plain[chain] = plain[chain] + gradient;
    RW_UNROLL for (int i = 0; i < N; i++) {
      products[i][chain] = fma(gradient, load(x[i] + at) - mean[i], products[i][chain]);
    }
  };
  int pixel = 0;
  for (; pixel + 2 <= width; pixel += 2) {
    add(pixel * channels, 0);
    add((pixel + 1) * channels, 1);
  }
  if (pixel < width) add(pixel * channels, 0);
  float* total = sums + channel;
  if (first == 0) store(total, load(total) + (plain[0] + plain[1]));
  total += (1 + first) * channels;
  RW_UNROLL for (int i = 0; i < N; i++) {
    store(total + i * channels, load(total + i * channels) + (products[i][0] + products[i][1]));
  }
}

template <typename T>
void add_row(const Inputs<T>& in, int64_t offset, int width, const T* e, float* sums) {
  for (int64_t channel = 0; channel < in.channels; channel += lanes) {
    int first = 0;
    const auto by = [&](auto size) {
      constexpr int N = size;
      for (; first + N <= in.count; first += N) add_inputs<N>(in, first, offset, channel, width, e, sums);
    };
#if defined(RW_SIMD_AVX512)  // the narrower sets have no registers for more than one
    by(std::integral_constant<int, 4>());
    by(std::integral_constant<int, 3>());
    by(std::integral_constant<int, 2>());
#endif
    by(std::integral_constant<int, 1>());
  }
}

template <int stride, typename T>
int backward(const rw_node_backward_args& a, int task, int worker) {
  const int out_height = (a.height - 1) / stride + 1, out_width = (a.width - 1) / stride + 1;
  const int block = a.gradient == nullptr ? 1 : block_rows(out_height, out_width);
  const bool own_filter = a.gradient != nullptr && a.gradient->filter_partials != nullptr;
  const int r_slots = own_filter ? (block - 1) * stride + 3 : 1;
  const int inputs_count = a.inputs->count;
  const int64_t sum_elements = static_cast<int64_t>(1 + inputs_count) * a.channels;
  float* const du_scratch = static_cast<float* const*>(a.worker_scratch)[worker];
  float* const r_scratch = du_scratch + Ring::floats(out_width, a.channels, block + 2);
  float* const factors = r_scratch + Ring::floats(a.width, a.channels, r_slots);
  float* const sums = factors + inputs_floats(inputs_count, a.channels);
  const float* mean[max_terms];
  const Inputs<T> inputs = read_inputs<T>(*a.inputs, a.channels, factors, mean);
  Front<stride, T> front{inputs, a.filter, a.height, a.width, Ring(a.height, a.width, a.channels, r_slots, r_scratch)};
  const Ring ring(out_height, out_width, a.channels, block + 2, du_scratch);
  Rows<stride, T> du(a, task, out_height, out_width, front, ring, sums + sum_elements);
  float* const dfilter = a.filter_partials + static_cast<int64_t>(task) * 9 * a.channels;
  double* const input_sums = a.input_partials + task * sum_elements;
  std::fill_n(dfilter, 9 * a.channels, 0.0f);
  std::fill_n(input_sums, sum_elements, 0.0);

  const Tile tile(task, a.batch, a.height, a.images_per_task, a.rows_per_task);
  for (int image = tile.first_image; image < tile.end_image; image++) {
    const int above = std::max(0, (tile.first_row + stride - 2) / stride);  // the first row under a window of the strip
    du.start(image, tile.first_row / stride, (tile.end_row - 1) / stride + 1, above);
    front.start(image, own_filter ? std::max(0, tile.first_row - 1) : tile.first_row);
    std::fill_n(sums, sum_elements, 0.0f);
    for (int row = tile.first_row; row < tile.end_row; row++) {
      du.make_until((row + 1) / stride);
      front.make_until(row);
      const int64_t offset = front.offset(row);
      T* const e = static_cast<T*>(a.e) + offset;
      const auto du_row = [&](int ky) {
        const int y = row + 1 - ky;  // stride times the row of du
        return y % stride == 0 ? ring.row(y / stride) : ring.zero_row();
      };
      const Ring::Row r = front.ring.row(row), window[3] = {du_row(0), du_row(1), du_row(2)};
      for (int channel = 0; channel < a.channels; channel += lanes) {
        const int number = channel / lanes;
        const RowBlock<T> b{{window[0].in_block(number), window[1].in_block(number), window[2].in_block(number)},
                            a.filter + channel,
                            r.in_block(number) + lanes,
                            e + channel,
                            dfilter + 9 * channel,
                            a.width,
                            a.channels};
        if constexpr (stride == 1) {
          row_stride1(b);
        } else if (row % 2 == 0) {
          row_stride2<1>(b);
        } else {
          row_stride2<0>(b);
        }
      }
      add_row(inputs, offset, a.width, e, sums);
    }
    for (int64_t i = 0; i < sum_elements; i += lanes) add_to(input_sums + i, load(sums + i));
  }
  du.finish();
  return RW_OK;
}

}  // namespace
}  // namespace rw::RW_ISA

RW_EXPORT_KERNEL(node_backward)(const rw_node_backward_args* args, int task, int worker) {
  using namespace rw::RW_ISA;
  if (args->inputs->count < 1 || args->inputs->count > max_terms) return RW_INVALID_ARGUMENT;
  if (args->gradient != nullptr && (args->gradient->terms < 1 || args->gradient->terms > max_terms)) {
    return RW_INVALID_ARGUMENT;
  }
  return by_type(args->type, [=](auto* type) {
    using T = std::remove_pointer_t<decltype(type)>;
    return args->stride == 1 ? backward<1, T>(*args, task, worker) : backward<2, T>(*args, task, worker);
  });
}
