// SPDX-License-Identifier: Apache-2.0
//
// Checks of the filters that resizing is given.
#ifndef RANDWIRE_TAPS_H
#define RANDWIRE_TAPS_H

#include "randwire.h"

namespace rw {

inline bool valid(const rw_filter_taps* taps) {
  if (taps == nullptr || taps->length < 1 || taps->length > 1 << 16 || taps->outputs < 1 || taps->stride < 1) return false;
  if (taps->firsts == nullptr || taps->counts == nullptr || taps->weights == nullptr) return false;
  for (int i = 0; i < taps->outputs; i++) {
    const int count = taps->counts[i];
    if (count < 1 || count > taps->stride || taps->firsts[i] < 0 || taps->firsts[i] > taps->length - count) return false;
  }
  return true;
}

}  // namespace rw

#endif  // RANDWIRE_TAPS_H
