// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cpu;

import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.javacpp.Loader;
import org.randwire.backend.cpu.binding.Core;
import org.randwire.backend.cpu.binding.NativeCore;

/** Which native code the processor backend runs, for a person who asks. */
public final class NativeLibraries {

  private NativeLibraries() {}

  /** Instruction set and file of the native core, or why there is none; one line. */
  public static String core() {
    return NativeCore.unavailableReason()
        .map(reason -> "not used: " + reason)
        .orElseGet(() -> Core.rw_isa().getString() + ", " + Loader.load(Core.class));
  }

  /**
   * Version, widest instruction set and file of oneDNN, one line.
   *
   * @throws LinkageError if it cannot be loaded
   */
  public static String oneDnn() {
    String file = Loader.load(dnnl.class);
    return OneDnn.version() + ", " + OneDnn.instructionSet() + ", " + file;
  }
}
