// SPDX-License-Identifier: Apache-2.0
//
// The C border of RandWire's native CPU core. JavaCPP reads this header and writes the Java class
// org.randwire.backend.cpu.binding.Core from it, so it holds plain C only.
//
// Every function that can fail returns an rw_status. None allocates unless it says so, none exits or aborts,
// and none throws. Unless a comment says otherwise, a function may be called from any number of threads.
#ifndef RANDWIRE_H
#define RANDWIRE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__) && !defined(RW_PARSER)
#define RW_API __attribute__((visibility("default")))
#else
#define RW_API
#endif

/// Raised by one with every change of this header that old callers cannot survive.
#define RW_ABI_VERSION 1

enum rw_status {
  RW_OK = 0,
  // An argument is outside its documented range; nothing was written.
  RW_INVALID_ARGUMENT = 1,
  // What the function drives is not present in this process.
  RW_UNAVAILABLE = 2,
};

/// RW_ABI_VERSION of the header that the library was compiled with.
RW_API int rw_abi_version(void);

/// The instruction set whose kernels run: "avx512" (F, BW, VL, DQ), "avx2" (with FMA and F16C) or "baseline"
/// (what every x86-64 processor has). It is the best one that processor and operating system offer, lowered by the
/// environment variable RANDWIRE_ISA where that names a lesser one; any other value of it changes nothing.
/// Chosen once, when the library is loaded.
RW_API const char* rw_isa(void);

/// Sets how many OpenMP threads the *calling* thread's parallel regions get, in the OpenMP library that oneDNN brought
/// into the process; n >= 1. The core itself uses no OpenMP. oneDNN fixes the thread number of a primitive when the
/// primitive is created, so call this before. RW_UNAVAILABLE when no OpenMP library is loaded.
RW_API int rw_set_openmp_threads(int n);

/// Rounds count floats to bfloat16 (nearest, ties to even; a NaN stays a NaN, made quiet).
RW_API int rw_float_to_bfloat16(const float* source, uint16_t* target, int64_t count);

/// Widens count bfloat16 values to float, exactly.
RW_API int rw_bfloat16_to_float(const uint16_t* source, float* target, int64_t count);

#ifdef __cplusplus
}
#endif

#endif  // RANDWIRE_H
