// SPDX-License-Identifier: Apache-2.0
//
// The cross-entropy of the softmax of each row of logits against its smoothed label. A warp takes one row.
#include "kernel.cuh"

struct Softmax {
  i64 blocks;
  const element* logits;  // [N][stored]
  const int* labels;
  float* losses;
  element* dlogits;
  float smoothing;
  int batch, classes, stored;
};

// The logarithm of the sum of exponentials of a row, by one warp; the largest is taken out against overflow.
__device__ static float log_sum(const element* row, int classes) {
  float largest = -infinity(), sum = 0;
  bool poisoned = false;
  for (int k = threadIdx.x % 32; k < classes; k += 32) {
    const float value = to_float(row[k]);
    poisoned = poisoned || value != value;
    largest = fmaxf(largest, value);
  }
  RW_UNROLL for (int mask = 1; mask < 32; mask *= 2) largest = fmaxf(largest, shuffle_xor(largest, mask));
  for (int k = threadIdx.x % 32; k < classes; k += 32) sum += expf(to_float(row[k]) - largest);
  if (poisoned) sum = not_a_number();
  RW_UNROLL for (int mask = 1; mask < 32; mask *= 2) sum += shuffle_xor(sum, mask);
  return largest + logf(sum);
}

RW_KERNEL(softmax_cross_entropy, Softmax) {
  const int n = static_cast<int>(blockIdx.x) * warps + threadIdx.x / 32;
  if (n >= a.batch) return;
  const element* const row = a.logits + static_cast<i64>(n) * a.stored;
  const float normalizer = log_sum(row, a.classes);
  float loss = 0;
  for (int k = threadIdx.x % 32; k < a.classes; k += 32) {
    const float target = (k == a.labels[n] ? 1 - a.smoothing : 0) + a.smoothing / static_cast<float>(a.classes);
    loss -= target * (to_float(row[k]) - normalizer);
  }
  RW_UNROLL for (int mask = 1; mask < 32; mask *= 2) loss += shuffle_xor(loss, mask);
  if (threadIdx.x % 32 == 0) a.losses[n] = loss;
}
