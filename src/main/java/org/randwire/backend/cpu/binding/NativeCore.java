// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cpu.binding;

import java.util.Optional;
import org.bytedeco.javacpp.Loader;

/**
 * Loads the native core and says whether it can be used.
 *
 * <p>The library is loaded at the first question and never again; no other class of this package
 * may be touched before {@link #available} has answered true. The core is left out where it was not
 * built, and refused where the system property {@code randwire.native} is {@code off}.
 *
 * <p>Thread-safe.
 */
public final class NativeCore {

  private NativeCore() {}

  /** Returns whether the core is loaded and matches these classes. */
  public static boolean available() {
    return unavailableReason().isEmpty();
  }

  /** Returns why the core cannot be used, in one line, or nothing where it can. */
  public static Optional<String> unavailableReason() {
    return Loaded.REASON;
  }

  /** Returns whether the core multiplies bfloat16 with the processor's tile registers (AMX). */
  public static boolean usesMatrixTiles() {
    return available() && Core.rw_isa().getString().equals("amx");
  }

  /** Holds the outcome of the one attempt; the JVM makes it when the first caller asks. */
  private static final class Loaded {
    static final Optional<String> REASON = load();
  }

  private static Optional<String> load() {
    if ("off".equals(System.getProperty("randwire.native"))) {
      return Optional.of("switched off by -Drandwire.native=off");
    }
    String library = Loader.getPlatform() + "/libjnirandwire.so";
    if (NativeCore.class.getResource(library) == null) {
      return Optional.of("not built: " + library + " is not on the class path");
    }
    try {
      Loader.load(Core.class);
      int abi = Core.rw_abi_version();
      return abi == Core.RW_ABI_VERSION
          ? Optional.empty()
          : Optional.of(
              "library has ABI version %d, the classes need %d"
                  .formatted(abi, Core.RW_ABI_VERSION));
    } catch (LinkageError e) {
      return Optional.of("cannot be loaded: " + firstLine(e));
    }
  }

  private static String firstLine(Throwable error) {
    Throwable root = error;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    return String.valueOf(root.getMessage()).lines().findFirst().orElse(root.toString());
  }
}
