// SPDX-License-Identifier: Apache-2.0
//
// The end of batch normalisation's gradient, from its two sums over the batch (Ioffe and Szegedy 2015, section 3):
//   dx = weight / sigma * (dy - sum(dy) / M - xhat * sum(dy * xhat) / M),  xhat = (x - mean) / sigma
//      = scale * (dy - dy_mean - slope * (x - mean))
// and how dy follows from the gradient of a ReLU behind the normalisation.
#ifndef RANDWIRE_BATCH_NORM_H
#define RANDWIRE_BATCH_NORM_H

#include <cmath>
#include <cstdint>
#include <type_traits>

#include "randwire.h"
#include "simd.h"

namespace rw::RW_ISA {

// The factor of y = scale * (x - mean) + bias; the same bits as finish_gradient's, so that both passes over a gradient
// see the same mask.
inline float forward_scale(float weight, float variance, double epsilon) {
  return static_cast<float>(weight * (1 / std::sqrt(variance + epsilon)));
}

// One channel, from the sums of dy and of dy * (x - mean).
template <typename Args>
inline void finish_gradient(const Args& a, int64_t c, double plain, double centred) {
  const double inverse_sigma = 1 / std::sqrt(a.batch_variance[c] + a.epsilon), pixels = static_cast<double>(a.pixels);
  const double dweight = centred * inverse_sigma;
  a.dweight[c] = static_cast<float>(dweight);
  a.dbias[c] = static_cast<float>(plain);
  a.scale[c] = forward_scale(a.weight[c], a.batch_variance[c], a.epsilon);
  a.dy_mean[c] = static_cast<float>(plain / pixels);
  a.slope[c] = static_cast<float>(inverse_sigma * dweight / pixels);
}

// Padded channels get zeros everywhere.
template <typename Args>
inline void clear_gradient(const Args& a, int64_t c) {
  a.dweight[c] = a.dbias[c] = a.scale[c] = a.dy_mean[c] = a.slope[c] = 0;
}

// What a gradient has to say of one vector: dy, perhaps with a second term, under the mask of the ReLU.
//   more_dy: null without a second term; y: with RW_MASK_OUTPUT; scale, bias: with RW_MASK_NORMALISED
template <int mask, bool with_more, typename T>
inline vec gradient_behind_relu(const T* dy, const T* more_dy, const T* y, vec centred, const float* scale,
                                const float* bias) {
  vec g = load(dy);
  if constexpr (with_more) g = g + load(more_dy);
  if constexpr (mask == RW_MASK_NORMALISED) {
    g = select_if_positive(fma(centred, load(scale), load(bias)), g, broadcast(0));
  } else if constexpr (mask == RW_MASK_OUTPUT) {
    g = select_if_positive(load(y), g, broadcast(0));
  }
  return g;
}

// Calls f with the mask and whether there is a second term as constants.
template <typename F>
inline int by_mask(int mask, bool with_more, F f) {
  using std::integral_constant;
  const auto more = [&](auto constant) {
    return with_more ? f(constant, std::true_type()) : f(constant, std::false_type());
  };
  switch (mask) {
    case RW_MASK_NONE:
      return more(integral_constant<int, RW_MASK_NONE>());
    case RW_MASK_NORMALISED:
      return more(integral_constant<int, RW_MASK_NORMALISED>());
    case RW_MASK_OUTPUT:
      return more(integral_constant<int, RW_MASK_OUTPUT>());
    default:
      return RW_INVALID_ARGUMENT;
  }
}

}  // namespace rw::RW_ISA

#endif  // RANDWIRE_BATCH_NORM_H
