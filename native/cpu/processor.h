// SPDX-License-Identifier: Apache-2.0
//
// What the processor and the operating system let a kernel use.
#ifndef RANDWIRE_PROCESSOR_H
#define RANDWIRE_PROCESSOR_H

#include <cstring>

#if defined(__x86_64__)
#include <cpuid.h>
#endif
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace rw {

// Whether bfloat16 tiles may be used (AMX). Linux gives the tile registers only to a process that asks.
inline bool may_use_tiles() {
#if defined(__x86_64__) && defined(__linux__)
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d) == 0) return false;
  constexpr unsigned tiles = 1u << 24, bfloat16 = 1u << 22;
  if ((d & tiles) == 0 || (d & bfloat16) == 0) return false;
  constexpr long request_permission = 0x1023, tile_data = 18;  // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
  return syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
#else
  return false;
#endif
}

// Whether kernels compiled for an instruction set of cppbuild.sh run here. __builtin_cpu_supports asks xgetbv too, so a
// register file that the operating system does not save counts as absent.
inline bool supports(const char* isa) {
  const auto is = [isa](const char* name) { return std::strcmp(isa, name) == 0; };
  if (is("baseline")) return true;
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") || !__builtin_cpu_supports("f16c")) return false;
  if (is("avx2")) return true;
  if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
      !__builtin_cpu_supports("avx512vl") || !__builtin_cpu_supports("avx512dq")) {
    return false;
  }
  if (is("avx512")) return true;
  if (!__builtin_cpu_supports("avx512bf16")) return false;
  return is("avx512_bf16") || (is("amx") && may_use_tiles());
}

}  // namespace rw

#endif  // RANDWIRE_PROCESSOR_H
