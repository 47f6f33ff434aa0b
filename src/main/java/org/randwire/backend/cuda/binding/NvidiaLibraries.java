// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cuda.binding;

import java.util.Optional;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.cuda.global.cudnn;
import org.bytedeco.cuda.global.nvrtc;
import org.bytedeco.javacpp.Loader;

/**
 * Loads the CUDA libraries and says what is missing. All references of the presets to them are
 * bound when first called, and a missing function would end the process; so versions are asked for
 * before anything else, by functions every release has.
 */
public final class NvidiaLibraries {

  /** The oldest release with everything the presets declare. */
  private static final long LEAST_CUDNN = 91_000;

  /** The first architecture with bfloat16 products and asynchronous copies. */
  private static final int LEAST_MAJOR = 8;

  private static final int SUCCESS = 0;
  private static final int DRIVER_TOO_OLD = 35;

  private NvidiaLibraries() {}

  /** Why there is no GPU to use, one line; nothing if there is one. */
  public static Optional<String> absence() {
    try {
      Loader.load(cudart.class);
      int[] count = new int[1];
      int status = cudart.cudaGetDeviceCount(count);
      if (status == DRIVER_TOO_OLD) {
        return Optional.of("the NVIDIA driver is older than the CUDA runtime (error 35)");
      }
      if (status != SUCCESS || count[0] == 0) {
        return Optional.of("the driver offers no device (error " + status + ")");
      }
      int[] major = new int[1];
      cudart.cudaDeviceGetAttribute(major, cudart.cudaDevAttrComputeCapabilityMajor, 0);
      if (major[0] < LEAST_MAJOR) {
        return Optional.of("the GPU is older than compute capability " + LEAST_MAJOR + ".0");
      }
      Loader.load(nvrtc.class);
      return Optional.empty();
    } catch (LinkageError e) {
      return Optional.of("a CUDA library cannot be loaded: " + rootMessage(e));
    }
  }

  /** Why cuDNN and cuBLASLt are not used, one line, so that own kernels do all; nothing if not. */
  static Optional<String> vendorKernelsAbsence() {
    try {
      long version = cudnn.cudnnGetVersion();
      return version >= LEAST_CUDNN
          ? Optional.empty()
          : Optional.of("cuDNN " + version + " is older than " + LEAST_CUDNN + " (9.10)");
    } catch (LinkageError e) {
      return Optional.of("a CUDA library cannot be loaded: " + rootMessage(e));
    }
  }

  /** The innermost message: it names the file that is missing, behind the path of who wants it. */
  private static String rootMessage(Throwable thrown) {
    Throwable root = thrown;
    while (root.getCause() != null && root.getCause() != root) {
      root = root.getCause();
    }
    String line = String.valueOf(root.getMessage()).lines().findFirst().orElse("");
    return line.replaceFirst("^/\\S*/[^/ ]+: ", "");
  }
}
