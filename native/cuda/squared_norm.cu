// SPDX-License-Identifier: Apache-2.0
//
// The sum of squares of a chunk of a flat buffer, in double; squared_norm_merge.cu adds the chunks up.
#include "kernel.cuh"

struct SquaredNorm {
  i64 blocks;
  const float* x;
  double* partials;
  i64 elements, chunk;
};

RW_KERNEL(squared_norm, SquaredNorm) {
  RW_SHARED(shared);
  double* const space = reinterpret_cast<double*>(shared);
  const i64 start = static_cast<i64>(blockIdx.x) * a.chunk, end = smaller(a.elements, start + a.chunk);
  double sum = 0;
  for (i64 i = start + threadIdx.x; i < end; i += threads) sum += static_cast<double>(a.x[i]) * a.x[i];
  RW_UNROLL for (int mask = 1; mask < 32; mask *= 2) sum += shuffle_xor(sum, mask);
  if (threadIdx.x % 32 == 0) space[threadIdx.x / 32] = sum;
  barrier();
  if (threadIdx.x == 0) {
    sum = 0;
    for (int i = 0; i < warps; i++) sum += space[i];
    a.partials[blockIdx.x] = sum;
  }
}
