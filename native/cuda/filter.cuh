// SPDX-License-Identifier: Apache-2.0
//
// Orders of a filter of `taps` windows' places, I inputs (of a group) and O outputs: ours [taps][I][O]; and packed, the
// same, [taps][O][I] for products with the transposed filter, or [O][taps][I] as the vendor's libraries take it.
#ifndef RANDWIRE_FILTER_CUH
#define RANDWIRE_FILTER_CUH

#include "kernel.cuh"

// Where weight `i` of the packed filter lies in ours.
__device__ inline i64 unpacked_position(i64 i, int taps, int inputs, int outputs, int order) {
  if (order == 0) return i;
  const i64 input = i % inputs, rest = i / inputs;
  const i64 output = order == 1 ? rest % outputs : rest / taps, tap = order == 1 ? rest / outputs : rest % taps;
  return (tap * inputs + input) * outputs + output;
}

#endif
