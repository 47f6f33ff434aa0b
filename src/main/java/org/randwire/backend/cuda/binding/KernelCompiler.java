// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cuda.binding;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.bytedeco.cuda.global.nvrtc;
import org.bytedeco.cuda.nvrtc._nvrtcProgram;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.PointerPointer;
import org.bytedeco.javacpp.SizeTPointer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Compiles kernels for one architecture by NVRTC, to a cubin rather than to PTX, which a driver
 * older than the compiler would not load. What was compiled is kept in a folder under a name that
 * hashes source, options, architecture and compiler.
 */
public final class KernelCompiler {

  private static final Logger LOGGER = LoggerFactory.getLogger(KernelCompiler.class);

  private final String architecture;
  private final Path cache;
  private final String version;

  /**
   * A compiler for one architecture.
   *
   * @param architecture for example {@code sm_90}
   * @param cache the folder; made when first needed
   */
  public KernelCompiler(String architecture, Path cache) {
    this.architecture = architecture;
    this.cache = cache;
    int[] major = new int[1];
    int[] minor = new int[1];
    check(nvrtc.nvrtcVersion(major, minor), "nvrtcVersion");
    this.version = major[0] + "." + minor[0];
  }

  /** The user's cache folder. */
  public static Path defaultCache() {
    String folder = System.getenv("XDG_CACHE_HOME");
    Path base =
        folder == null || folder.isBlank()
            ? Path.of(System.getProperty("user.home"), ".cache")
            : Path.of(folder);
    return base.resolve("randwire").resolve("cubin");
  }

  /** The cubin of a kernel, from the folder or compiled now. */
  public byte[] compile(KernelModule module) {
    String source = module.source();
    List<String> options = new ArrayList<>(module.options());
    options.add("--gpu-architecture=" + architecture);
    Path file = cache.resolve(module.name() + "-" + key(source, options) + ".cubin");
    Optional<byte[]> kept = read(file);
    if (kept.isPresent()) {
      return kept.get();
    }
    byte[] cubin = compile(module.name(), source, options);
    write(file, cubin);
    return cubin;
  }

  private String key(String source, List<String> options) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      String all = version + "\n" + String.join("\n", options) + "\n" + source;
      byte[] hash = digest.digest(all.getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(hash, 0, 16);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Optional<byte[]> read(Path file) {
    try {
      return Files.exists(file) ? Optional.of(Files.readAllBytes(file)) : Optional.empty();
    } catch (IOException e) {
      LOGGER.debug("cannot read {}", file, e);
      return Optional.empty();
    }
  }

  /** A folder that cannot be written costs time, nothing else. */
  private void write(Path file, byte[] cubin) {
    try {
      Files.createDirectories(cache);
      Path temporary = Files.createTempFile(cache, "cubin", ".part");
      Files.write(temporary, cubin);
      Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      LOGGER.debug("cannot keep {}", file, e);
    }
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
