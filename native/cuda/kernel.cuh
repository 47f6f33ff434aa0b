// SPDX-License-Identifier: Apache-2.0
//
// What every kernel shares: how it is called, the stored element, vectors of four channels, sums over a block.
//
// A kernel takes one pointer: a table of argument structs in device memory. blockIdx.z picks the entry, so that one
// launch serves all nodes of a level; an entry that needs fewer blocks than the launch has leaves the others idle.
// The structs are written by the host field by field; RW_ARGUMENT_BYTES, when given, is its idea of their size.
#ifndef RANDWIRE_KERNEL_CUH
#define RANDWIRE_KERNEL_CUH

#include "intrinsics.cuh"

#if RW_BFLOAT16
typedef bf16 element;
#else
typedef float element;
#endif

constexpr int threads = 256;
constexpr int warps = threads / 32;
constexpr int slice = 16;   // channels that a block takes together where it does not take all
constexpr int vector = 4;   // channels of a thread
constexpr int slice_vectors = slice / vector;

// Blocks that a multiprocessor shall hold at least: 128 registers a thread.
#ifndef RW_LEAST_BLOCKS
#define RW_LEAST_BLOCKS 2
#endif

#ifdef RW_ARGUMENT_BYTES
#define RW_CHECK_SIZE(Arguments) static_assert(sizeof(Arguments) == RW_ARGUMENT_BYTES, "host and kernel differ")
#else
#define RW_CHECK_SIZE(Arguments) static_assert(sizeof(Arguments) > 0, "")
#endif

// Defines the kernel `name`; what follows is the body of a block with its arguments `a`.
#define RW_KERNEL(name, Arguments)                                                     \
  RW_CHECK_SIZE(Arguments);                                                            \
  __device__ static void name##_block(const Arguments& a);                             \
  extern "C" __global__ void __launch_bounds__(threads, RW_LEAST_BLOCKS) name(const Arguments* table) { \
    const Arguments& a = table[blockIdx.z];                                            \
    if (blockIdx.x < a.blocks) name##_block(a);                                        \
  }                                                                                    \
  __device__ static void name##_block(const Arguments& a)

struct vec {
  float v[vector];
};

__device__ inline vec splat(float s) { return {{s, s, s, s}}; }

__device__ inline vec load(const float* p) {
  const float4 q = *reinterpret_cast<const float4*>(p);
  return {{q.x, q.y, q.z, q.w}};
}

__device__ inline vec load(const bf16* p) {
  const uint2 q = *reinterpret_cast<const uint2*>(p);
  return {{__uint_as_float(q.x << 16), __uint_as_float(q.x & 0xffff0000u), __uint_as_float(q.y << 16),
           __uint_as_float(q.y & 0xffff0000u)}};
}

__device__ inline void store(float* p, const vec& v) {
  *reinterpret_cast<float4*>(p) = make_float4(v.v[0], v.v[1], v.v[2], v.v[3]);
}

__device__ inline void store(bf16* p, const vec& v) {
  bf16 q[vector];
  RW_UNROLL for (int j = 0; j < vector; j++) round_to(v.v[j], q[j]);
  *reinterpret_cast<uint2*>(p) =
      make_uint2(q[0].bits | static_cast<u32>(q[1].bits) << 16, q[2].bits | static_cast<u32>(q[3].bits) << 16);
}

// As it will be read again.
__device__ inline vec stored(const vec& v) {
  vec r;
  RW_UNROLL for (int j = 0; j < vector; j++) {
    element e;
    round_to(v.v[j], e);
    r.v[j] = to_float(e);
  }
  return r;
}

__device__ inline double sigmoid(double w) {
  if (w >= 0) return 1 / (1 + exp(-w));
  const double e = exp(w);
  return e / (1 + e);
}

// mask * sigmoid(weight), rounded once.
__device__ inline float edge_coefficient(float weight, float mask) { return static_cast<float>(mask * sigmoid(weight)); }

// Its derivative by the weight.
__device__ inline double edge_slope(float weight, float mask) {
  const double s = sigmoid(weight);
  return mask * s * (1 - s);
}

// Adds `v` over the threads of a block that have the same `threadIdx.x % slice_vectors`, in a fixed order, into
// target[slice]. `space` holds warps * slice floats. All threads call it; the sum is there after the next barrier.
__device__ inline void add_over_block(vec v, float* space, float* target) {
  RW_UNROLL for (int mask = slice_vectors; mask < 32; mask *= 2) {
    RW_UNROLL for (int j = 0; j < vector; j++) v.v[j] += shuffle_xor(v.v[j], mask);
  }
  const int lane = threadIdx.x % 32;
  barrier();
  if (lane < slice_vectors) store(space + threadIdx.x / 32 * slice + lane * vector, v);
  barrier();
  if (threadIdx.x < slice) {
    float sum = 0;
    for (int warp = 0; warp < warps; warp++) sum += space[warp * slice + threadIdx.x];
    target[threadIdx.x] += sum;
  }
}

__device__ inline i64 smaller(i64 a, i64 b) { return a < b ? a : b; }

#endif
