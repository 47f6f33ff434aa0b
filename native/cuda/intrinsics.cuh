// SPDX-License-Identifier: Apache-2.0
//
// What the kernels take from the device beyond plain C++: the storage type of bfloat16, matrix products of a warp,
// asynchronous copies, shuffles. Everything runs on sm_80 and later; no header of the toolkit is needed, so that NVRTC
// compiles the kernels wherever its library is.
#ifndef RANDWIRE_INTRINSICS_CUH
#define RANDWIRE_INTRINSICS_CUH

#define RW_SHARED(name) extern __shared__ __align__(16) unsigned char name[]
#define RW_UNROLL _Pragma("unroll")
#define RW_NO_UNROLL _Pragma("unroll 1")
#define RW_PAIRS _Pragma("unroll 2")

typedef long long i64;
typedef unsigned int u32;
typedef unsigned short u16;

// NVRTC has no math.h to take these from.
__device__ inline float infinity() { return __uint_as_float(0x7f800000u); }
__device__ inline float not_a_number() { return __uint_as_float(0x7fc00000u); }

struct bf16 {
  u16 bits;
};

__device__ inline float to_float(bf16 v) { return __uint_as_float(static_cast<u32>(v.bits) << 16); }
__device__ inline float to_float(float v) { return v; }

// Round to nearest, ties to even; NaN stays NaN.
__device__ inline void round_to(float v, bf16& target) { asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(target.bits) : "f"(v)); }
__device__ inline void round_to(float v, float& target) { target = v; }

__device__ inline void barrier() { __syncthreads(); }

__device__ inline float shuffle_xor(float v, int mask) { return __shfl_xor_sync(0xffffffffu, v, mask); }
__device__ inline double shuffle_xor(double v, int mask) { return __shfl_xor_sync(0xffffffffu, v, mask); }

__device__ inline u32 shared_address(const void* p) { return static_cast<u32>(__cvta_generic_to_shared(p)); }

// Four 8x8 matrices of 16-bit elements; lane l gives the address of row l % 8 of matrix l / 8.
__device__ inline void load_matrices(u32 (&r)[4], const void* row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(shared_address(row)));
}

// The same with each matrix transposed.
__device__ inline void load_transposed(u32 (&r)[4], const void* row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(shared_address(row)));
}

// d += a * b: 16x16 times 16x8 in bfloat16, sums in float.
__device__ inline void multiply_add(float (&d)[4], const u32 (&a)[4], u32 b0, u32 b1) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
      "{%0, %1, %2, %3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

// 16 bytes to shared memory, or zeros; done after wait_copies.
__device__ inline void copy_async(void* target, const void* source, bool valid) {
  const int bytes = valid ? 16 : 0;
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(shared_address(target)), "l"(source), "r"(bytes));
}
__device__ inline void commit_copies() { asm volatile("cp.async.commit_group;"); }
// Waits until at most `pending` groups are under way.
template <int pending>
__device__ inline void wait_copies() {
  asm volatile("cp.async.wait_group %0;" ::"n"(pending));
}

#endif
