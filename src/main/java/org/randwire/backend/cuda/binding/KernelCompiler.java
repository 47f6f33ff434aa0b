// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cuda.binding;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.bytedeco.cuda.global.nvrtc;
import org.bytedeco.cuda.nvrtc._nvrtcProgram;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.PointerPointer;
import org.bytedeco.javacpp.SizeTPointer;

/**
 * Compiles kernels for one architecture by NVRTC, to a cubin rather than to PTX, which a driver
 * older than the compiler would not load. What was compiled is kept by source, options,
 * architecture and compiler.
 */
public final class KernelCompiler {

  private final String architecture;
  private final CacheFolder cache;
  private final String version;

  /**
   * A compiler for one architecture.
   *
   * @param architecture for example {@code sm_90}
   */
  public KernelCompiler(String architecture, CacheFolder cache) {
    this.architecture = architecture;
    this.cache = cache;
    int[] major = new int[1];
    int[] minor = new int[1];
    check(nvrtc.nvrtcVersion(major, minor), "nvrtcVersion");
    this.version = major[0] + "." + minor[0];
  }

  /** The cubin of a kernel, from the folder or compiled now. */
  public byte[] compile(KernelModule module) {
    String source = module.source();
    List<String> options = new ArrayList<>(module.options());
    options.add("--gpu-architecture=" + architecture);
    String key = "NVRTC " + version + "\n" + String.join("\n", options) + "\n" + source;
    Optional<byte[]> kept = cache.read(module.name(), key);
    if (kept.isPresent()) {
      return kept.get();
    }
    byte[] cubin = compile(module.name(), source, options);
    cache.write(module.name(), key, cubin);
    return cubin;
  }

  private static byte[] compile(String name, String source, List<String> options) {
    _nvrtcProgram program = new _nvrtcProgram();
    try (BytePointer text = new BytePointer(source);
        BytePointer file = new BytePointer(name + ".cu");
        PointerPointer<BytePointer> flags = new PointerPointer<>(options.toArray(String[]::new))) {
      check(
          nvrtc.nvrtcCreateProgram(
              program, text, file, 0, (PointerPointer<?>) null, (PointerPointer<?>) null),
          "nvrtcCreateProgram");
      if (nvrtc.nvrtcCompileProgram(program, options.size(), flags) != Status.SUCCESS) {
        throw new IllegalStateException("NVRTC refused " + name + ".cu: " + log(program));
      }
      return cubin(program);
    } finally {
      if (!program.isNull()) {
        nvrtc.nvrtcDestroyProgram(program);
      }
    }
  }

  private static byte[] cubin(_nvrtcProgram program) {
    try (SizeTPointer size = new SizeTPointer(1)) {
      check(nvrtc.nvrtcGetCUBINSize(program, size), "nvrtcGetCUBINSize");
      byte[] cubin = new byte[Math.toIntExact(size.get())];
      check(nvrtc.nvrtcGetCUBIN(program, cubin), "nvrtcGetCUBIN");
      return cubin;
    }
  }

  private static String log(_nvrtcProgram program) {
    try (SizeTPointer size = new SizeTPointer(1)) {
      check(nvrtc.nvrtcGetProgramLogSize(program, size), "nvrtcGetProgramLogSize");
      byte[] log = new byte[Math.toIntExact(size.get())];
      check(nvrtc.nvrtcGetProgramLog(program, log), "nvrtcGetProgramLog");
      return new String(log, StandardCharsets.UTF_8).strip();
    }
  }

  private static void check(int status, String what) {
    if (status != Status.SUCCESS) {
      throw new IllegalStateException(
          what + " failed: " + nvrtc.nvrtcGetErrorString(status).getString());
    }
  }
}
