// SPDX-License-Identifier: Apache-2.0
//
// The first half of a node's gradient: dy, batch normalisation's gradient of what the node's readers want, and du = dy
// times the transposed pointwise filter.
// 
// e_t: what reader t left for the node's output, scaled by mask * sigmoid(weight) where these are given; y: the node's raw
// output; all [pixels][O]. packed: [O][C]. A block makes dy of RW_ROWS pixels in the product's panel, so it is read from
// memory by nobody but the filter's gradient. scale, dy_mean and slope come from batch_norm_gradient_gather.cu or
// batch_norm_gradient_merge.cu.
#include "product.cuh"

struct NodeGradient {
  i64 blocks;
  const element* const* e;
  const float* const* weight;
  const float* const* mask;
  const element* y;
  const float* mean;
  const float* scale;
  const float* dy_mean;
  const float* slope;
  const element* packed;
  element* dy;
  element* du;
  i64 pixels;
  int terms, outputs, channels, panel;
  int front_bytes;  // where the product's shared memory ends
};

RW_KERNEL(node_gradient, NodeGradient) {
  RW_SHARED(shared);
  const Product product(shared, a.panel);
  float* const coefficient = reinterpret_cast<float*>(shared + a.front_bytes);
  for (int t = threadIdx.x; t < a.terms; t += threads) {
    coefficient[t] = a.weight[t] == nullptr ? 1 : edge_coefficient(*a.weight[t], *a.mask[t]);
  }
  barrier();
  const i64 first_pixel = static_cast<i64>(blockIdx.x) * rows;
  bool writes = true;
  const auto fill = [&](int first, int count) {
    const int vectors = count / vector;
    for (int i = threadIdx.x; i < rows * vectors; i += threads) {
      const int row = i / vectors, c = first + i % vectors * vector;
      const i64 pixel = first_pixel + row, at = pixel * a.outputs + c;
      vec dy = splat(0);
      if (pixel < a.pixels) {
        for (int t = 0; t < a.terms; t++) {
          const vec e = load(a.e[t] + at);
          RW_UNROLL for (int j = 0; j < vector; j++) dy.v[j] = fmaf(e.v[j], coefficient[t], dy.v[j]);
        }
        const vec y = load(a.y + at), mean = load(a.mean + c), scale = load(a.scale + c);
        const vec dy_mean = load(a.dy_mean + c), slope = load(a.slope + c);
        RW_UNROLL for (int j = 0; j < vector; j++) {
          dy.v[j] = scale.v[j] * ((dy.v[j] - dy_mean.v[j]) - slope.v[j] * (y.v[j] - mean.v[j]));
        }
        if (writes) store(a.dy + at, dy);
      }
      store(product.a + row * product.a_stride + c - first, dy);
    }
  };
  for (int column = 0; column < a.channels; column += columns) {
    product.multiply(a.packed, a.channels, a.outputs, a.panel, column, fill);
    writes = false;
    for (int i = threadIdx.x; i < rows * columns / vector; i += threads) {
      const int row = i / (columns / vector), c = column + i % (columns / vector) * vector;
      const i64 pixel = first_pixel + row;
      if (pixel < a.pixels && c < a.channels) {
        store(a.du + pixel * a.channels + c, load(product.sums + row * sums_stride + c - column));
      }
    }
  }
}
