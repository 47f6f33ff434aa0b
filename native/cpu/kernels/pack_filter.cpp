// SPDX-License-Identifier: Apache-2.0
//
// Packs the filter of a pointwise convolution for product.h: as it is, for the outputs, or transposed, for the
// gradient of the inputs. One task packs up to six vectors of columns: whole panels, whatever the instruction set.
#include "kernel.h"
#include "product.h"

namespace rw::RW_ISA {
namespace {

constexpr int pack_vectors = 6;
static_assert(pack_vectors % tile_vectors == 0, "a panel belongs to one task");

template <typename T>
int pack(const rw_pack_filter_args& a, int task) {
  constexpr int64_t step = depth_step(static_cast<const T*>(nullptr));
  const bool transposed = a.transposed != 0;
  const int64_t depth = transposed ? a.outputs : a.inputs;
  const int vectors = (transposed ? a.inputs : a.outputs) / lanes;
  const int end = std::min(vectors, (task + 1) * pack_vectors);
  for (int vector = task * pack_vectors; vector < end; vector += tile_vectors) {
    const int columns = std::min(tile_vectors, end - vector) * lanes;
    T* const panel = static_cast<T*>(a.packed) + panel_offset(vector, depth);
    for (int64_t k = 0; k < depth; k++) {
      T* const row = panel + k / step * step * columns + k % step;
      for (int j = 0; j < columns; j++) {
        const int64_t i = vector * lanes + j;
        store_one(row + j * step, transposed ? a.filter[i * a.outputs + k] : a.filter[k * a.outputs + i]);
      }
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
