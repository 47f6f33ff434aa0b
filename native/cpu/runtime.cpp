// SPDX-License-Identifier: Apache-2.0
//
// What the core says about itself, the one setting it passes on to oneDNN's OpenMP library, and what it asks of the
// system.
#include <dlfcn.h>
#include <sys/mman.h>

#include "randwire.h"

extern "C" {

int rw_abi_version(void) { return RW_ABI_VERSION; }

int rw_set_openmp_threads(int n) {
  if (n < 1) return RW_INVALID_ARGUMENT;
  // The JVM loads libraries with local scope, so the default search usually misses the one oneDNN uses. Asking for it
  // by its soname with RTLD_NOLOAD gives exactly that one and never brings in a second, unrelated copy.
  void* loaded = dlopen("libgomp.so.1", RTLD_LAZY | RTLD_NOLOAD);
  void* symbol = dlsym(loaded != nullptr ? loaded : RTLD_DEFAULT, "omp_set_num_threads");
  if (symbol != nullptr) reinterpret_cast<void (*)(int)>(symbol)(n);
  if (loaded != nullptr) dlclose(loaded);
  return symbol != nullptr ? RW_OK : RW_UNAVAILABLE;
}

int rw_use_huge_pages(void* memory, int64_t bytes) {
  constexpr uintptr_t page = uintptr_t{2} << 20;
  if (memory == nullptr || bytes < 0) return RW_INVALID_ARGUMENT;
  const auto start = reinterpret_cast<uintptr_t>(memory);
  const uintptr_t first = (start + page - 1) / page * page, end = (start + static_cast<uintptr_t>(bytes)) / page * page;
  if (first >= end) return RW_OK;
#ifdef MADV_HUGEPAGE
  if (madvise(reinterpret_cast<void*>(first), end - first, MADV_HUGEPAGE) == 0) return RW_OK;
#endif
  return RW_UNAVAILABLE;
}

}  // extern "C"
