// SPDX-License-Identifier: Apache-2.0
//
// Packs the filter of a pointwise or a 3x3 convolution for product.h: as it is, for the outputs, or transposed, for the
// gradient of the inputs. One task packs up to six vectors of columns: whole panels, whatever the instruction set.
#include "convolution.h"
#include "kernel.h"
#include "product.h"

namespace rw::RW_ISA {
namespace {

constexpr int pack_vectors = 6;
static_assert(pack_vectors % tile_vectors == 0, "a panel belongs to one task");

// 16 columns of a panel from the row k on; a row is `columns` long. Source: [depth][outputs], or transposed [..][depth].
// One by one where nothing faster is at hand.
template <typename T>
void pack_columns(const float* filter, int64_t stride, bool transposed, int64_t depth, T* panel, int columns) {
  constexpr int64_t step = depth_step(static_cast<const T*>(nullptr));
  for (int64_t k = 0; k < depth; k++) {
    T* const row = panel + k / step * step * columns + k % step;
    for (int64_t i = 0; i < lanes; i++) store_one(row + i * step, transposed ? filter[i * stride + k] : filter[k * stride + i]);
  }
}

#if defined(RW_SIMD_AVX512)
template <>
void pack_columns(const float* filter, int64_t stride, bool transposed, int64_t depth, float* panel, int columns) {
  for (int64_t k = 0; k < depth; k += lanes) {
    __m512i m[lanes];
    RW_UNROLL for (int i = 0; i < lanes; i++) {
      m[i] = _mm512_loadu_si512(transposed ? filter + i * stride + k : filter + (k + i) * stride);
    }
    if (transposed) transpose(m);
    RW_UNROLL for (int i = 0; i < lanes; i++) _mm512_storeu_si512(panel + (k + i) * columns, m[i]);
  }
}
#endif

#if defined(__AVX512BF16__)
template <>
void pack_columns(const float* filter, int64_t stride, bool transposed, int64_t depth, bfloat16* panel, int columns) {
  const auto both = [](const float* low, const float* high) {
    return (__m512i)_mm512_cvtne2ps_pbh(_mm512_loadu_ps(high), _mm512_loadu_ps(low));
  };
  int64_t k = 0;
  for (; transposed && k + 2 * lanes <= depth; k += 2 * lanes) {
    __m512i m[lanes];
    RW_UNROLL for (int i = 0; i < lanes; i++) m[i] = both(filter + i * stride + k, filter + i * stride + k + lanes);
    transpose(m);
    RW_UNROLL for (int i = 0; i < lanes; i++) _mm512_storeu_si512(panel + (k + 2 * i) * columns, m[i]);
  }
  if (transposed && k < depth) {  // half a block: the other half would belong to the next columns
    __m512i m[lanes];
    RW_UNROLL for (int i = 0; i < lanes; i++) m[i] = both(filter + i * stride + k, filter + i * stride + k);
    transpose(m);
    RW_UNROLL for (int i = 0; i < lanes / 2; i++) _mm512_storeu_si512(panel + (k + 2 * i) * columns, m[i]);
  }
  for (; !transposed && k < depth; k += 2) {
    _mm512_storeu_si512(panel + k * columns, interleaved(both(filter + k * stride, filter + (k + 1) * stride)));
  }
}
#endif

// One tap's rows follow those of the tap to its left; what the rows of taps lack to whole steps is zeros.
template <typename T>
int pack(const rw_pack_filter_args& a, int task) {
  constexpr int64_t step = depth_step(static_cast<const T*>(nullptr));
  const bool transposed = a.transposed != 0;
  const int64_t depth = transposed ? a.outputs : a.inputs;
  const int64_t row_depth = a.window == 1 ? depth : window_depth(depth);
  const int vectors = (transposed ? a.inputs : a.outputs) / lanes;
  const int end = std::min(vectors, (task + 1) * pack_vectors);
  for (int row = 0; row < a.window; row++) {
    T* const packed = static_cast<T*>(a.packed) + row * row_depth * vectors * lanes;
    for (int vector = task * pack_vectors; vector < end; vector += tile_vectors) {
      const int width = std::min(tile_vectors, end - vector);
      T* const panel = packed + panel_offset(vector, row_depth);
      for (int tap = 0; tap < a.window; tap++) {
        const int from = transposed ? (a.window - row) * a.window - 1 - tap : row * a.window + tap;
        const float* const filter = a.filter + static_cast<int64_t>(from) * a.inputs * a.outputs;
        for (int j = 0; j < width; j++) {
          const int64_t first = static_cast<int64_t>(vector + j) * lanes;
          const float* const columns = transposed ? filter + first * a.outputs : filter + first;
          pack_columns(columns, a.outputs, transposed, depth, panel + (tap * depth * width + j * step) * lanes, width * lanes);
        }
      }
      std::fill(panel + a.window * depth * width * lanes, panel + row_depth * width * lanes, T{});
    }
  }
  return RW_OK;
}

}  // namespace
}  // namespace rw::RW_ISA

RW_EXPORT_KERNEL(pack_filter)(const rw_pack_filter_args* args, int task, int /* worker */) {
  using namespace rw::RW_ISA;
  return by_type(args->type, [=](auto* type) { return pack<std::remove_pointer_t<decltype(type)>>(*args, task); });
}
