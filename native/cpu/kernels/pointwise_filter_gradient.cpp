// SPDX-License-Identifier: Apache-2.0
//
// The gradient of a pointwise filter: a task adds up x[pixel][i] * dy[pixel][o] over its pixels for its inputs.
//
// Pixels are taken in blocks that stay in the cache. A tile of inputs times a panel of outputs stays in registers over
// the block: one chain of fused multiply-adds per result, in the order of the pixels, whatever the tile. The blocks'
// sums are added in their order. float32 is read where it lies; of bfloat16 each block is first copied into the
// worker's scratch, two neighbouring pixels interleaved.
#include "kernel.h"
#include "product.h"

namespace rw::RW_ISA {
namespace {

constexpr int block_pixels = RW_FILTER_GRADIENT_PIXELS;

// The inputs of a register tile; they divide the multiples of 16.
constexpr int tile_inputs = tile_pixels;
static_assert(lanes % tile_inputs == 0, "tiles fill the channels");

// What is multiplied: bfloat16 only where the processor has the dot product of pairs, else the widened values.
template <typename T>
struct Factor {
#if defined(__AVX512BF16__)
  using type = T;
#else
  using type = float;
#endif
};

// The factors of a block: those of the next pixel, or pair of pixels, lie `stride` elements further.
template <typename P>
struct Rows {
  const P* first;
  int64_t stride;
};

// One vector of channels of a pixel and of the next one; an odd last pixel is paired with zeros.
#if defined(__AVX512BF16__)
inline __m512i lower_halves(const bfloat16* p) {
  return _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
}

inline void pack_vector(const bfloat16* pixel, const bfloat16* next, bfloat16* target) {
  __m512i pair = lower_halves(pixel);
  if (next != nullptr) pair = _mm512_or_si512(pair, _mm512_slli_epi32(lower_halves(next), 16));
  _mm512_storeu_si512(target, pair);
}
#else
inline void pack_vector(const bfloat16* pixel, const bfloat16* /* next */, float* target) {
  store(target, load(pixel));
}
#endif

// `vectors` vectors of each of a block's pixels, brought into the order in which they are multiplied.
template <typename P>
Rows<P> rows(const bfloat16* source, int64_t stride, int pixels, int vectors, P* scratch) {
  constexpr int step = static_cast<int>(depth_step(static_cast<const P*>(nullptr)));
  P* target = scratch;
  for (int pixel = 0; pixel < pixels; pixel += step) {
    const bfloat16* const next = pixel + 1 < pixels ? source + stride : nullptr;
    for (int j = 0; j < vectors; j++) {
      pack_vector(source + j * lanes, next == nullptr ? nullptr : next + j * lanes, target);
      target += step * lanes;
    }
    source += step * stride;
  }
  return {scratch, vectors * step * lanes};
}

inline Rows<float> rows(const float* source, int64_t stride, int /* pixels */, int /* vectors */, float*) {
  return {source, stride};
}

// What the next block will read, fetched a line at a time while this one is multiplied.
class Ahead {
 public:
  template <typename T>
  void add(const T* begin, int64_t elements) {
    Range& range = ranges_[count_++];
    range.next = reinterpret_cast<const char*>(begin);
    range.end = reinterpret_cast<const char*>(begin + elements);
  }

  void fetch_line() {
    constexpr int line = 64;
    Range& range = ranges_[0].next < ranges_[0].end ? ranges_[0] : ranges_[1];
    if (range.next >= range.end) return;
    __builtin_prefetch(range.next);
    range.next += line;
  }

 private:
  struct Range {
    const char *next, *end;
  };
  Range ranges_[2] = {};
  int count_ = 0;
};

template <int NV, typename P>
inline void tile(Rows<P> x, Rows<P> dy, int pixels, float* sums, int64_t outputs, bool first, Ahead& ahead) {
  constexpr int step = static_cast<int>(depth_step(static_cast<const P*>(nullptr)));
  vec sum[tile_inputs][NV];
  RW_UNROLL for (int m = 0; m < tile_inputs; m++) RW_UNROLL for (int j = 0; j < NV; j++) sum[m][j] = zeros();
  for (int pixel = 0; pixel < pixels; pixel += step) {
    ahead.fetch_line();
    decltype(load_row(dy.first)) row[NV];
    RW_UNROLL for (int j = 0; j < NV; j++) row[j] = load_row(dy.first + j * step * lanes);
    RW_UNROLL for (int m = 0; m < tile_inputs; m++) {
      const auto factor = broadcast_step(x.first + m * step);
      RW_UNROLL for (int j = 0; j < NV; j++) sum[m][j] = multiply_add(factor, row[j], sum[m][j]);
    }
    x.first += x.stride;
    dy.first += dy.stride;
  }
  RW_UNROLL for (int m = 0; m < tile_inputs; m++) RW_UNROLL for (int j = 0; j < NV; j++) {
    float* const target = sums + m * outputs + j * lanes;
    store(target, first ? sum[m][j] : load(target) + sum[m][j]);
  }
}

// The next panel's vectors: four are two and two, since a single one keeps few chains going.
constexpr int panel_vectors(int left) { return left == 4 ? std::min(2, tile_vectors) : std::min(left, tile_vectors); }

template <typename T>
int run(const rw_pointwise_filter_gradient_args& a, int task, int worker) {
  using P = typename Factor<T>::type;
  constexpr int step = static_cast<int>(depth_step(static_cast<const P*>(nullptr)));
  const int blocks = (a.inputs + a.inputs_per_task - 1) / a.inputs_per_task;
  const int first_input = task % blocks * a.inputs_per_task;
  const int inputs = std::min(a.inputs - first_input, a.inputs_per_task);
  const int vectors = a.outputs / lanes;
  const int64_t chunk = task / blocks;
  const int64_t first_pixel = chunk * a.pixels_per_task;
  const int64_t end_pixel = std::min(a.pixels, first_pixel + a.pixels_per_task);
  P* const x_scratch = static_cast<P*>(static_cast<void* const*>(a.worker_scratch)[worker]);
  P* const dy_scratch = x_scratch + static_cast<int64_t>(block_pixels) * a.inputs_per_task;
  float* const sums = a.partials + (chunk * a.inputs + first_input) * a.outputs;

  for (int64_t pixel = first_pixel; pixel < end_pixel; pixel += block_pixels) {
    const int pixels = static_cast<int>(std::min<int64_t>(block_pixels, end_pixel - pixel));
    const T* const block_x = static_cast<const T*>(a.x) + pixel * a.inputs;
    const T* const block_dy = static_cast<const T*>(a.dy) + pixel * a.outputs;
    const int64_t following = std::min<int64_t>(block_pixels, end_pixel - pixel - pixels);
    Ahead ahead;
    ahead.add(block_dy + static_cast<int64_t>(pixels) * a.outputs, following * a.outputs);
    ahead.add(block_x + static_cast<int64_t>(pixels) * a.inputs, following * a.inputs);

    const Rows<P> x = rows(block_x + first_input, a.inputs, pixels, inputs / lanes, x_scratch);
    for (int vector = 0, width; vector < vectors; vector += width) {
      width = panel_vectors(vectors - vector);
      const Rows<P> dy = rows(block_dy + vector * lanes, a.outputs, pixels, width, dy_scratch);
      const auto panel = [&](auto count) {
        for (int i = 0; i < inputs; i += tile_inputs) {
          tile<decltype(count)::value>(Rows<P>{x.first + i * step, x.stride}, dy, pixels,
                                       sums + static_cast<int64_t>(i) * a.outputs + vector * lanes, a.outputs,
                                       pixel == first_pixel, ahead);
        }
      };
      if (width == tile_vectors) panel(std::integral_constant<int, tile_vectors>());
      if constexpr (tile_vectors > 2) {
        if (width == 2) panel(std::integral_constant<int, 2>());
      }
      if constexpr (tile_vectors > 1) {
        if (width == 1) panel(std::integral_constant<int, 1>());
      }
    }
  }
  return RW_OK;
}

}  // namespace
}  // namespace rw::RW_ISA

RW_EXPORT_KERNEL(pointwise_filter_gradient)(const rw_pointwise_filter_gradient_args* args, int task, int worker) {
  using namespace rw::RW_ISA;
  return by_type(args->type, [=](auto* type) { return run<std::remove_pointer_t<decltype(type)>>(*args, task, worker); });
}
