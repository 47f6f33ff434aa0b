// SPDX-License-Identifier: Apache-2.0
//
// Chooses the instruction set once and sends each public C function to the kernel compiled for it.
// The tables are constants and the choice is made by the loader before any function of the library can be
// called, so a call costs one indirect jump and needs no synchronisation.
#include <cstdlib>
#include <cstring>

#include "processor.h"
#include "randwire.h"

namespace rw {

#define RW_KERNEL(name, parameters, arguments) int name parameters;
namespace amx {
#include "kernels.def"
}
namespace avx512_bf16 {
#include "kernels.def"
}
namespace avx512 {
#include "kernels.def"
}
namespace avx2 {
#include "kernels.def"
}
namespace baseline {
#include "kernels.def"
}
#undef RW_KERNEL

namespace {

struct KernelTable {
  const char* isa;
#define RW_KERNEL(name, parameters, arguments) int(*name) parameters;
#include "kernels.def"
#undef RW_KERNEL
};

// Best first: a machine uses the first table it supports, and RANDWIRE_ISA can only move down the list.
constexpr KernelTable tables[] = {
#define RW_KERNEL(name, parameters, arguments) , amx::name
    {"amx"
#include "kernels.def"
    },
#undef RW_KERNEL
#define RW_KERNEL(name, parameters, arguments) , avx512_bf16::name
    {"avx512_bf16"
#include "kernels.def"
    },
#undef RW_KERNEL
#define RW_KERNEL(name, parameters, arguments) , avx512::name
    {"avx512"
#include "kernels.def"
    },
#undef RW_KERNEL
#define RW_KERNEL(name, parameters, arguments) , avx2::name
    {"avx2"
#include "kernels.def"
    },
#undef RW_KERNEL
#define RW_KERNEL(name, parameters, arguments) , baseline::name
    {"baseline"
#include "kernels.def"
    },
#undef RW_KERNEL
};
constexpr int table_count = sizeof(tables) / sizeof(tables[0]);

int best_supported() {
  int i = 0;
  while (!supports(tables[i].isa)) i++;  // the last runs everywhere
  return i;
}

const KernelTable* choose() {
  const int supported = best_supported();
  const char* wanted = std::getenv("RANDWIRE_ISA");
  for (int i = supported; wanted != nullptr && i < table_count; i++) {
    if (std::strcmp(wanted, tables[i].isa) == 0) return &tables[i];
  }
  return &tables[supported];
}

const KernelTable* const kernels = choose();

}  // namespace
}  // namespace rw

extern "C" {

const char* rw_isa(void) { return rw::kernels->isa; }

#define RW_KERNEL(name, parameters, arguments) \
  int rw_##name parameters { return rw::kernels->name arguments; }
#include "kernels.def"
#undef RW_KERNEL

}  // extern "C"
