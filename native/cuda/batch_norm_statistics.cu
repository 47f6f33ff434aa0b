// SPDX-License-Identifier: Apache-2.0
//
// Mean and sum of squared deviations of a chunk of pixels, per channel; a block takes 16 channels. Sums are of x less the
// chunk's first pixel, so nothing large is squared. statistics: [chunks][2][C]; counts: pixels of each chunk.
#include "kernel.cuh"

struct NormStatistics {
  i64 blocks;
  const element* x;
  float* statistics;
  float* counts;
  i64 pixels, chunk;
  int channels;
};

RW_KERNEL(batch_norm_statistics, NormStatistics) {
  RW_SHARED(shared);
  float* const space = reinterpret_cast<float*>(shared);
  float* const total = space + warps * slice;
  const int slices = a.channels / slice, local = threadIdx.x % slice_vectors * vector;
  const int c = static_cast<int>(blockIdx.x % slices) * slice;
  const i64 part = blockIdx.x / slices, start = part * a.chunk, end = smaller(a.pixels, start + a.chunk);
  if (threadIdx.x < 2 * slice) total[threadIdx.x] = 0;
  const vec from = load(a.x + start * a.channels + c + local);
  vec sum = splat(0), squares = splat(0);
  for (i64 pixel = start + threadIdx.x / slice_vectors; pixel < end; pixel += threads / slice_vectors) {
    const vec x = load(a.x + pixel * a.channels + c + local);
    RW_UNROLL for (int j = 0; j < vector; j++) {
      const float d = x.v[j] - from.v[j];
      sum.v[j] += d;
      squares.v[j] = fmaf(d, d, squares.v[j]);
    }
  }
  add_over_block(sum, space, total);
  add_over_block(squares, space, total + slice);
  barrier();
  if (threadIdx.x < slice) {
    const float count = static_cast<float>(end - start), delta = total[threadIdx.x] / count;
    float* const target = a.statistics + part * 2 * a.channels + c + threadIdx.x;
    target[0] = to_float(a.x[start * a.channels + c + threadIdx.x]) + delta;
    target[a.channels] = fmaxf(0, total[slice + threadIdx.x] - total[threadIdx.x] * delta);
  }
  if (blockIdx.x % slices == 0 && threadIdx.x == 0) a.counts[part] = static_cast<float>(end - start);
}
