// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli;

import java.util.Optional;
import org.randwire.backend.Backend;
import org.randwire.backend.cpu.CpuBackend;
import org.randwire.backend.cpu.binding.NativeCore;

/** Which devices this machine offers, and why not. */
final class Devices {

  private Devices() {}

  /** Why bf16 cannot be computed here; empty if it can. */
  static Optional<String> bfloat16Absence() {
    if (!NativeCore.available()) {
      return Optional.of("needs the native core, and " + NativeCore.unavailableReason().get());
    }
    return CpuBackend.supportsBfloat16()
        ? Optional.empty()
        : Optional.of("this processor has no AVX-512, which oneDNN's bf16 convolutions need");
  }

  /** Whether bf16 is what {@code auto} means: the processor multiplies it faster than fp32. */
  static boolean multipliesBfloat16() {
    return bfloat16Absence().isEmpty() && CpuBackend.multipliesBfloat16();
  }

  /** The word of the configuration for what a backend computes in. */
  static String precision(Backend backend) {
    return switch (backend.activationType()) {
      case FLOAT64 -> "fp64";
      case FLOAT32 -> "fp32";
      case BFLOAT16 -> "bf16";
      case INT32, UINT8 -> throw new IllegalStateException("activations are not integers");
    };
  }
}
