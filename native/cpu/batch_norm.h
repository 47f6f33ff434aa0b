// SPDX-License-Identifier: Apache-2.0
//
// The end of batch normalisation's gradient, from its two sums over the batch (Ioffe and Szegedy 2015, section 3):
//   dx = weight / sigma * (dy - sum(dy) / M - xhat * sum(dy * xhat) / M),  xhat = (x - mean) / sigma
//      = scale * (dy - dy_mean - slope * (x - mean))
#ifndef RANDWIRE_BATCH_NORM_H
#define RANDWIRE_BATCH_NORM_H

#include <cmath>
#include <cstdint>

#include "simd.h"

namespace rw::RW_ISA {

// One channel, from the sums of dy and of dy * (x - mean).
template <typename Args>
inline void finish_gradient(const Args& a, int64_t c, double plain, double centred) {
  const double inverse_sigma = 1 / std::sqrt(a.batch_variance[c] + a.epsilon), pixels = static_cast<double>(a.pixels);
  const double dweight = centred * inverse_sigma;
  a.dweight[c] = static_cast<float>(dweight);
  a.dbias[c] = static_cast<float>(plain);
  a.scale[c] = static_cast<float>(a.weight[c] * inverse_sigma);
  a.dy_mean[c] = static_cast<float>(plain / pixels);
  a.slope[c] = static_cast<float>(inverse_sigma * dweight / pixels);
}

// Padded channels get zeros everywhere.
template <typename Args>
inline void clear_gradient(const Args& a, int64_t c) {
  a.dweight[c] = a.dbias[c] = a.scale[c] = a.dy_mean[c] = a.slope[c] = 0;
}

}  // namespace rw::RW_ISA

#endif  // RANDWIRE_BATCH_NORM_H
