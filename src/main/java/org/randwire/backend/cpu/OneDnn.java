// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cpu;

import static org.bytedeco.dnnl.global.dnnl.*;

import org.bytedeco.dnnl.dnnl_engine;
import org.bytedeco.dnnl.dnnl_version_t;
import org.randwire.backend.Slice;
import org.randwire.backend.cpu.binding.Core;
import org.randwire.backend.cpu.binding.NativeCore;

/** The one oneDNN of the process: its engine, its version, and how many threads it may use. */
final class OneDnn {
  private OneDnn() {}

  /** Loaded at first use; the engine is stateless and lives as long as the process. */
  private static final class Holder {
    /** Primitives kept by oneDNN for reuse; a population of networks has a few thousand shapes. */
    private static final int CACHED_PRIMITIVES = 8192;

    static final dnnl_engine ENGINE = new dnnl_engine();

    static {
      OneDnn.check(
          dnnl_set_primitive_cache_capacity(CACHED_PRIMITIVES), "set_primitive_cache_capacity");
      OneDnn.check(dnnl_engine_create(ENGINE, dnnl_cpu, 0), "engine_create");
    }
  }

  static dnnl_engine engine() {
    return Holder.ENGINE;
  }

  /**
   * Makes primitives created or run by the calling thread from now on use that thread alone.
   * Without the native core only the environment can say so: OMP_NUM_THREADS=1, set by the
   * launcher.
   */
  static void useOneThread() {
    engine(); // The core sets the threads of the OpenMP library that oneDNN brings.
    if (NativeCore.available()) {
      int status = Core.rw_set_openmp_threads(1);
      if (status != Core.RW_OK) {
        throw new IllegalStateException("OpenMP threads cannot be set, status " + status);
      }
    }
  }

  static String version() {
    dnnl_version_t version = dnnl_version();
    return version.major() + "." + version.minor() + "." + version.patch();
  }

  /** The widest instruction set oneDNN uses here. */
  static String instructionSet() {
    int isa = dnnl_get_effective_cpu_isa();
    if (includes(isa, dnnl_cpu_isa_avx512_core_amx)) {
      return "AVX-512 with AMX";
    }
    if (includes(isa, dnnl_cpu_isa_avx512_core_bf16)) {
      return "AVX-512 with bfloat16";
    }
    if (includes(isa, dnnl_cpu_isa_avx512_core)) {
      return "AVX-512";
    }
    return includes(isa, dnnl_cpu_isa_avx2) ? "AVX2" : "SSE4.1";
  }

  /** Whether bfloat16 is computed at all; below AVX-512 oneDNN has only slow or no kernels. */
  static boolean supportsBfloat16() {
    return includes(dnnl_get_effective_cpu_isa(), dnnl_cpu_isa_avx512_core);
  }

  /** Whether the processor has instructions that multiply bfloat16 (AVX512-BF16 or AMX). */
  static boolean multipliesBfloat16() {
    return includes(dnnl_get_effective_cpu_isa(), dnnl_cpu_isa_avx512_core_bf16);
  }

  /** Whether oneDNN multiplies bfloat16 matrices with the processor's tile registers (AMX). */
  static boolean usesMatrixTiles() {
    return includes(dnnl_get_effective_cpu_isa(), dnnl_cpu_isa_avx512_core_amx);
  }

  private static boolean includes(int isa, int part) {
    return (isa & part) == part;
  }

  /** Rounds bytes up, so that what follows is aligned. */
  static long align(long bytes) {
    return (bytes + NativeBuffer.ALIGNMENT - 1) & -NativeBuffer.ALIGNMENT;
  }

  /** Where a slice of host memory begins. */
  static long address(Slice slice) {
    return ((NativeBuffer) slice.buffer()).address() + slice.offset();
  }

  /** Throws if a call failed. */
  static void check(int status, String call) {
    if (status != dnnl_success) {
      throw new IllegalStateException("oneDNN: dnnl_" + call + " failed with status " + status);
    }
  }
}
