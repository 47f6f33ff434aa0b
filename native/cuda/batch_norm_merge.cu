// SPDX-License-Identifier: Apache-2.0
//
// Merges partial statistics in a fixed order (Chan, Golub and LeVeque 1983, in double) and updates the running ones. A
// block takes 16 channels; 16 threads share the parts of one. Padded channels get zeros; their running statistics stay.
#include "kernel.cuh"

struct NormMerge {
  i64 blocks;
  const float* statistics;  // [parts][2][stored]
  const float* counts;
  float* batch_mean;
  float* batch_variance;
  float* running_mean;
  float* running_variance;
  double momentum;
  int parts, channels, stored, updates_running;
};

struct Moments {
  double count, mean, m2;

  __device__ void add(double n, double other_mean, double other_m2) {
    if (n == 0) return;
    const double all = count + n, delta = other_mean - mean;
    mean += delta * (n / all);
    m2 += other_m2 + delta * delta * (count * (n / all));
    count = all;
  }
};

RW_KERNEL(batch_norm_merge, NormMerge) {
  RW_SHARED(shared);
  Moments* const space = reinterpret_cast<Moments*>(shared);
  const int c = static_cast<int>(blockIdx.x) * slice + threadIdx.x % slice, lane = threadIdx.x / slice;
  Moments own{0, 0, 0};
  for (i64 part = lane; part < a.parts; part += threads / slice) {
    const float* const partial = a.statistics + part * 2 * a.stored + c;
    own.add(a.counts[part], partial[0], partial[a.stored]);
  }
  space[threadIdx.x] = own;
  barrier();
  if (lane != 0) return;
  if (c >= a.channels) {
    a.batch_mean[c] = a.batch_variance[c] = 0;
    return;
  }
  Moments all{0, 0, 0};
  for (int i = 0; i < threads / slice; i++) {
    const Moments& one = space[i * slice + threadIdx.x];
    all.add(one.count, one.mean, one.m2);
  }
  a.batch_mean[c] = static_cast<float>(all.mean);
  a.batch_variance[c] = static_cast<float>(all.m2 / all.count);
  if (a.updates_running != 0) {
    const double unbiased = all.m2 / (all.count > 1 ? all.count - 1 : 1);
    a.running_mean[c] = static_cast<float>((1 - a.momentum) * a.running_mean[c] + a.momentum * all.mean);
    a.running_variance[c] = static_cast<float>((1 - a.momentum) * a.running_variance[c] + a.momentum * unbiased);
  }
}
