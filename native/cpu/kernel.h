// SPDX-License-Identifier: Apache-2.0
//
// What a file in cpu/kernels/ includes. Such a file is compiled once per instruction set with RW_ISA set to that
// set's name, and defines its kernels by
//
//   RW_EXPORT_KERNEL(name)(parameters as in kernels.def) { ... return RW_OK; }
//
// Anything else in the file lives in an unnamed namespace inside rw::RW_ISA: code of one instruction set must
// never be merged by the linker with the same function compiled for another.
#ifndef RANDWIRE_KERNEL_H
#define RANDWIRE_KERNEL_H

#include "randwire.h"
#include "simd.h"

// Declares each kernel, so that a definition with other parameters than listed fails to compile or to link.
namespace rw::RW_ISA {
#define RW_KERNEL(name, parameters, arguments) int name parameters;
#include "kernels.def"
#undef RW_KERNEL
}  // namespace rw::RW_ISA

#define RW_EXPORT_KERNEL(name) int rw::RW_ISA::name

#endif  // RANDWIRE_KERNEL_H
