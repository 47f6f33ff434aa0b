// SPDX-License-Identifier: Apache-2.0
//
// Conversion between float and bfloat16 arrays of any length and alignment.
#include "kernel.h"

namespace rw::RW_ISA {
namespace {

template <typename Source, typename Target>
int convert(const Source* source, Target* target, int64_t count) {
  if (count < 0 || (count > 0 && (source == nullptr || target == nullptr))) return RW_INVALID_ARGUMENT;
  int64_t i = 0;
  for (; i + lanes <= count; i += lanes) store(target + i, load(source + i));
  for (; i < count; i++) store_one(target + i, load_one(source + i));
  return RW_OK;
}

}  // namespace
}  // namespace rw::RW_ISA

RW_EXPORT_KERNEL(float_to_bfloat16)(const float* source, uint16_t* target, int64_t count) {
  return convert(source, reinterpret_cast<bfloat16*>(target), count);
}

RW_EXPORT_KERNEL(bfloat16_to_float)(const uint16_t* source, float* target, int64_t count) {
  return convert(reinterpret_cast<const bfloat16*>(source), target, count);
}
