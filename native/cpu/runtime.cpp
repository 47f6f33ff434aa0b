// SPDX-License-Identifier: Apache-2.0
//
// What the core says about itself and the one setting it passes on to oneDNN's OpenMP library.
#include <dlfcn.h>

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

}  // extern "C"
