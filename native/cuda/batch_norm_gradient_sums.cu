// SPDX-License-Identifier: Apache-2.0
//
// Sums of batch normalisation's gradient over a chunk of pixels: of the output's gradient g, and of g times the input less
// its mean. g is the sum of the terms where a ReLU behind the normalisation was open (batch_norm.cuh). A block takes 16
// channels. partials: [chunks][2][C].
#include "batch_norm.cuh"

struct NormGradientSums {
  i64 blocks;
  NormTerms terms;
  float* partials;
  i64 chunk;  // pixels of a block
};

RW_KERNEL(batch_norm_gradient_sums, NormGradientSums) {
  RW_SHARED(shared);
  float* const space = reinterpret_cast<float*>(shared);
  float* const total = space + warps * slice;
  const int slices = a.terms.channels / slice, local = threadIdx.x % slice_vectors * vector;
  const int c = static_cast<int>(blockIdx.x % slices) * slice;
  const i64 part = blockIdx.x / slices, end = smaller(a.terms.pixels, (part + 1) * a.chunk);
  if (threadIdx.x < 2 * slice) total[threadIdx.x] = 0;
  vec plain = splat(0), product = splat(0);
  for (i64 pixel = part * a.chunk + threadIdx.x / slice_vectors; pixel < end; pixel += threads / slice_vectors) {
    vec centred;
    const vec g = a.terms.gradient(pixel * a.terms.channels + c + local, c + local, centred);
    RW_UNROLL for (int j = 0; j < vector; j++) {
      plain.v[j] += g.v[j];
      product.v[j] = fmaf(g.v[j], centred.v[j], product.v[j]);
    }
  }
  add_over_block(plain, space, total);
  add_over_block(product, space, total + slice);
  barrier();
  if (threadIdx.x < 2 * slice) {
    a.partials[(part * 2 + threadIdx.x / slice) * a.terms.channels + c + threadIdx.x % slice] = total[threadIdx.x];
  }
}
