// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * Libraries of the driver and of the vendor with the few functions a test calls, and processes that
 * find them in place of the real ones.
 */
public final class StandIns {

  private static final int LONGEST_SECONDS = 600;

  /** What a machine without a GPU answers: NVRTC asks, and does without the driver then. */
  public static final Map<String, String> DRIVER_WITHOUT_DEVICE =
      Map.of("libcuda.so.1", "int cuInit(unsigned f) { return 100; }");

  private StandIns() {}

  /**
   * Everything of a machine with a GPU, by file name. Nothing is computed; whatever is called
   * wrongly is a line that begins with {@code STANDIN}, library calls are lines with {@code
   * CALLED}.
   */
  public static Map<String, String> nvidia() throws IOException {
    Map<String, String> sources = new TreeMap<>();
    sources.put("libcudart.so.13", source("runtime"));
    sources.put("libcuda.so.1", source("driver"));
    sources.put("libnvrtc.so.13", source("nvrtc"));
    sources.put("libcublas.so.13", "");
    sources.put("libcublasLt.so.13", source("cublaslt"));
    for (String part : List.of("graph", "ops", "cnn", "adv")) {
      sources.put("libcudnn_" + part + ".so.9", source("cudnn"));
    }
    return sources;
  }

  private static String source(String name) throws IOException {
    try (InputStream in = StandIns.class.getResourceAsStream("standin/" + name + ".c")) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  /** A C compiler on the path. */
  public static Optional<String> compiler() {
    return Stream.of("cc", "gcc", "clang")
        .filter(
            name ->
                Stream.of(System.getenv("PATH").split(File.pathSeparator))
                    .anyMatch(path -> Files.isExecutable(Path.of(path, name))))
        .findFirst();
  }

  /**
   * Builds them in a folder of their own.
   *
   * @param sources C by file name of the library
   */
  public static Path build(Map<String, String> sources, Path folder) throws Exception {
    Path libraries = Files.createDirectories(folder.resolve("libraries"));
    for (Map.Entry<String, String> one : sources.entrySet()) {
      Path source = Files.writeString(folder.resolve("stand-in.c"), one.getValue() + "\n");
      // The bindings ask for functions of a version that is called as the library.
      Path versions =
          Files.writeString(folder.resolve("versions"), one.getKey() + " { global: *; };\n");
      Process process =
          new ProcessBuilder(
                  compiler().orElseThrow(),
                  "-shared",
                  "-fPIC",
                  "-Wl,-soname," + one.getKey(),
                  "-Wl,--version-script=" + versions,
                  "-o",
                  libraries.resolve(one.getKey()).toString(),
                  source.toString())
              .redirectErrorStream(true)
              .start();
      String messages = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertEquals(0, process.waitFor(), messages);
    }
    return libraries;
  }

  /** How a process ended and what it wrote. */
  public record Ended(int status, String out, String err) {}

  /**
   * Runs Java on this test's class path.
   *
   * @param libraries where the native libraries are looked for, the first one first
   * @param scratch for output and unpacked natives
   * @param arguments options, class and arguments
   */
  public static Ended run(List<Path> libraries, Path scratch, List<String> arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-XX:TieredStopAtLevel=1", "-Xmx512m", "-cp"));
    command.add(System.getProperty("java.class.path"));
    String path = String.join(File.pathSeparator, libraries.stream().map(Path::toString).toList());
    command.add("-Dorg.bytedeco.javacpp.cachedir=" + scratch.resolve("cache"));
    command.add("-Dorg.bytedeco.javacpp.platform.preloadpath=" + path);
    command.addAll(arguments);
    Path out = Files.createTempFile(scratch, "process", ".out");
    Path err = Files.createTempFile(scratch, "process", ".err");
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectOutput(out.toFile()).redirectError(err.toFile());
    builder.environment().put("LD_LIBRARY_PATH", path);
    builder.environment().remove("XDG_CACHE_HOME");
    // The preset looks for a runtime in /usr/local/cuda first; its functions must not win.
    Path runtime = libraries.get(0).resolve("libcudart.so.13");
    if (Files.exists(runtime)) {
      builder.environment().put("LD_PRELOAD", runtime.toString());
    }
    Process process = builder.start();
    try {
      assertTrue(process.waitFor(LONGEST_SECONDS, TimeUnit.SECONDS), "the process hangs");
    } finally {
      process.destroyForcibly();
    }
    return new Ended(process.exitValue(), Files.readString(out), Files.readString(err));
  }
}
