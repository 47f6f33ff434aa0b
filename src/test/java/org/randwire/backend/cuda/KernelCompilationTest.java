// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.randwire.backend.KernelModules;
import org.randwire.backend.cuda.binding.KernelModule;

/**
 * Every kernel through nvcc, where it is: that it compiles with the arguments' size as the host
 * writes them, what registers it takes, and that nothing is spilled. Reports are kept in {@code
 * target}, so that only what changed is compiled again.
 */
class KernelCompilationTest {

  private static final Path FOLDER = Path.of("native", "cuda");
  private static final Path REPORTS = Path.of("target", "ptxas");

  /** Kernels that take most of a step. */
  private static final Set<String> HOT =
      Set.of(
          "node_forward",
          "node_gradient",
          "node_backward",
          "convolution",
          "convolution_filter_gradient");

  /** Of a thread, so that a multiprocessor holds two blocks. */
  private static final int REGISTERS = 128;

  private static final Pattern USED = Pattern.compile("Used (\\d+) registers");
  private static final Pattern SPILLED =
      Pattern.compile("(\\d+) bytes spill stores, (\\d+) bytes spill loads");
  private static final Pattern STATIC_SHARED = Pattern.compile("(\\d+) bytes smem");

  /** A kernel for one architecture. */
  record Case(KernelModule module, String architecture) {
    @Override
    public String toString() {
      return module.name()
          + (module.bfloat16() ? " bf16 " : " f32 ")
          + (module.rows() > 0 ? module.rows() + " rows " : "")
          + architecture;
    }
  }

  /** Hot ones for both architectures and types, others once for each. */
  static Stream<Case> cases() {
    List<Case> cases = new ArrayList<>();
    for (KernelModule module : KernelModules.all()) {
      boolean hot = HOT.contains(module.name());
      if (hot || module.bfloat16()) {
        cases.add(new Case(module, "sm_90"));
      }
      if (hot || !module.bfloat16()) {
        cases.add(new Case(module, "sm_80"));
      }
    }
    return cases.stream();
  }

  @Test
  void everyKernelIsUsedByAPrimitive() throws IOException {
    assumeTrue(Files.isDirectory(FOLDER), "not run from the source tree");
    Set<String> used = new TreeSet<>();
    KernelModules.all().forEach(module -> used.add(module.name()));
    Set<String> files = new TreeSet<>();
    try (Stream<Path> list = Files.list(FOLDER)) {
      list.map(path -> path.getFileName().toString())
          .filter(name -> name.endsWith(".cu"))
          .forEach(name -> files.add(name.substring(0, name.length() - 3)));
    }
    assertEquals(files, used);
  }

  @ParameterizedTest
  @MethodSource("cases")
  void compilesWithinItsRegistersAndSpillsNothing(Case one) throws Exception {
    String report = report(one);
    Matcher spilled = SPILLED.matcher(report);
    assertTrue(spilled.find(), report);
    assertEquals("0 0", spilled.group(1) + " " + spilled.group(2), report);
    Matcher registers = USED.matcher(report);
    assertTrue(registers.find(), report);
    assertTrue(Integer.parseInt(registers.group(1)) <= REGISTERS, report);
    // Shared memory is asked for by each launch; none is fixed.
    assertTrue(!STATIC_SHARED.matcher(report).find(), report);
  }

  private static String report(Case one) throws Exception {
    List<String> options = new ArrayList<>(one.module().options());
    options.addAll(List.of("-cubin", "-arch=" + one.architecture(), "-Xptxas", "-v"));
    String source = one.module().source();
    byte[] hash =
        java.security.MessageDigest.getInstance("SHA-256")
            .digest((options + source).getBytes(StandardCharsets.UTF_8));
    String key = one.module().name() + "-" + HexFormat.of().formatHex(hash, 0, 12);
    Path kept = REPORTS.resolve(key + ".txt");
    if (Files.exists(kept)) {
      return Files.readString(kept);
    }
    assumeTrue(hasNvcc(), "nvcc is not on the path: kernels are not compiled here");
    Files.createDirectories(REPORTS);
    Path file = Files.writeString(REPORTS.resolve(key + ".cu"), source);
    List<String> command = new ArrayList<>(List.of("nvcc"));
    command.addAll(options);
    command.addAll(List.of("-o", REPORTS.resolve(key + ".cubin").toString(), file.toString()));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String report = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), report);
    Files.writeString(kept, report);
    return report;
  }

  private static boolean hasNvcc() {
    return Stream.of(System.getenv("PATH").split(java.io.File.pathSeparator))
        .anyMatch(folder -> Files.isExecutable(Path.of(folder, "nvcc")));
  }
}
