// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cuda.binding;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.randwire.backend.KernelModules;
import org.randwire.backend.cuda.StandIns;

/**
 * Every kernel through NVRTC from Java, where its library is: on the path of libraries, in {@code
 * /usr/local/cuda/lib64}, or in the folder that {@code -Drandwire.test.nvrtc} names. No GPU and no
 * driver is needed; where there is none, one that answers "no device" stands in for it.
 */
class KernelCompilerTest {

  private static final Path KEPT = Path.of("target", "nvrtc");

  /** Compiles the kernels whose names follow the folder and the architecture; all if none does. */
  public static final class Compile {
    private Compile() {}

    /** Prints the number of cubins. */
    public static void main(String[] arguments) {
      CacheFolder cache = new CacheFolder(Path.of(arguments[0]));
      KernelCompiler compiler = new KernelCompiler(arguments[1], cache);
      List<String> names = List.of(arguments).subList(2, arguments.length);
      int count = 0;
      for (KernelModule module : KernelModules.all()) {
        if (names.isEmpty() || names.contains(module.name())) {
          byte[] cubin = compiler.compile(module);
          if (cubin.length < 4 || cubin[0] != 0x7f || cubin[1] != 'E') {
            throw new IllegalStateException(module + " gave no cubin");
          }
          count++;
        }
      }
      System.out.println(count);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"sm_80", "sm_90"})
  void compilesEveryKernelToACubin(String architecture, @TempDir Path scratch) throws Exception {
    String count = compile(scratch, KEPT, architecture);
    assertEquals(KernelModules.all().size(), Integer.parseInt(count));
  }

  @Test
  void aKeptCubinIsUsedAgainAndADamagedOneIsCompiledAgain(@TempDir Path scratch) throws Exception {
    Path cache = scratch.resolve("kept");
    compile(scratch, cache, "sm_90", "relu");
    List<Path> files = files(cache);
    assertTrue(files.size() >= 2, "bfloat16 and float: " + files);
    byte[] whole = Files.readAllBytes(files.get(0));
    FileTime old = FileTime.fromMillis(1_000_000);
    for (Path file : files) {
      Files.setLastModifiedTime(file, old);
    }
    compile(scratch, cache, "sm_90", "relu");
    for (Path file : files) {
      assertEquals(old, Files.getLastModifiedTime(file), file + " was written again");
    }
    byte[] damaged = whole.clone();
    damaged[damaged.length / 2] ^= 1;
    Files.write(files.get(0), damaged);
    Files.write(files.get(1), new byte[7]);
    compile(scratch, cache, "sm_90", "relu");
    assertEquals(files, files(cache));
    assertArrayEquals(whole, Files.readAllBytes(files.get(0)));
    assertTrue(Files.size(files.get(1)) > 7);
    compile(scratch, cache, "sm_80", "relu");
    assertEquals(2 * files.size(), files(cache).size(), "another architecture is another key");
  }

  private static List<Path> files(Path folder) throws IOException {
    try (Stream<Path> list = Files.list(folder)) {
      return list.sorted().toList();
    }
  }

  private static String compile(Path scratch, Path cache, String... arguments) throws Exception {
    Optional<Path> nvrtc = folderOf("libnvrtc.so.13");
    Optional<Path> runtime = folderOf("libcudart.so.13");
    assumeTrue(
        nvrtc.isPresent() && runtime.isPresent(),
        "NVRTC 13 and its runtime are not on this machine: kernels are not compiled by it here");
    List<Path> libraries = new ArrayList<>();
    if (folderOf("libcuda.so.1").isEmpty()) {
      assumeTrue(StandIns.compiler().isPresent(), "no C compiler to stand in for the driver with");
      libraries.add(StandIns.build(StandIns.DRIVER_WITHOUT_DEVICE, scratch));
    }
    libraries.addAll(List.of(nvrtc.get(), runtime.get()));
    List<String> command = new ArrayList<>(List.of(Compile.class.getName(), cache.toString()));
    command.addAll(List.of(arguments));
    StandIns.Ended ended = StandIns.run(libraries, scratch, command);
    assertEquals(0, ended.status(), ended.out() + ended.err());
    return ended.out().strip();
  }

  private static Optional<Path> folderOf(String library) {
    String path = System.getenv("LD_LIBRARY_PATH");
    Stream<String> named =
        Stream.of(
            System.getProperty("randwire.test.nvrtc", ""),
            "/usr/local/cuda/lib64",
            "/usr/lib/x86_64-linux-gnu");
    return Stream.concat(
            path == null ? Stream.of() : Stream.of(path.split(File.pathSeparator)), named)
        .filter(folder -> !folder.isEmpty())
        .map(Path::of)
        .filter(folder -> Files.exists(folder.resolve(library)))
        .findFirst();
  }
}
