// SPDX-License-Identifier: Apache-2.0
//
// Resizing of a whole image that is in memory.
#include "randwire.h"
#include "taps.h"

extern "C" {

int rw_resize(const uint8_t* source, const rw_filter_taps* across, const rw_filter_taps* down, int flipped,
              uint8_t* scratch, uint8_t* result) {
  if (source == nullptr || scratch == nullptr || result == nullptr) return RW_INVALID_ARGUMENT;
  if (!rw::valid(across) || !rw::valid(down)) return RW_INVALID_ARGUMENT;
  const int64_t row_bytes = 3 * static_cast<int64_t>(across->outputs);
  for (int64_t y = 0; y < down->length; y++) {
    rw_resize_row(source + 3 * y * across->length, across, flipped, scratch + y * row_bytes);
  }
  for (int y = 0; y < down->outputs; y++) rw_resize_column(scratch, down, y, row_bytes, result + y * row_bytes);
  return RW_OK;
}

}  // extern "C"
