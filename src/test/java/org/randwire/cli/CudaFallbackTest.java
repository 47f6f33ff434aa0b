// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.randwire.backend.cuda.StandIns;

/**
 * What is said and done where CUDA is only partly there. Libraries of the driver and of the vendor
 * are stood in for by ones with the few functions that are called; each case is a process of its
 * own.
 */
class CudaFallbackTest {

  /** Functions of each library that is stood in for. */
  private static final Map<String, String> RUNTIME =
      Map.of("libcuda.so.1", "int cuInit(unsigned f) { return 0; }");

  private static String runtime(int status, int devices) {
    return "int cudaGetDeviceCount(int* n) { *n = "
        + devices
        + "; return "
        + status
        + "; } int cudaDeviceGetAttribute(int* v, int which, int device) { *v = 9; return 0; }";
  }

  /**
   * A machine.
   *
   * @param libraries file names and their functions
   * @param line what the one line must hold
   */
  record Machine(String name, boolean deviceNode, Map<String, String> libraries, String line) {
    @Override
    public String toString() {
      return name;
    }
  }

  private static Map<String, String> libraries(Map<String, String> more, String runtime) {
    Map<String, String> all = new java.util.TreeMap<>(RUNTIME);
    all.put("libcudart.so.13", runtime);
    all.putAll(more);
    return all;
  }

  static Stream<Machine> machines() {
    return Stream.of(
        new Machine("no device node", false, Map.of(), "there is no NVIDIA device on this machine"),
        new Machine("no driver", true, Map.of(), "libcuda.so.1"),
        new Machine(
            "no device",
            true,
            libraries(Map.of(), runtime(100, 0)),
            "the driver offers no device (error 100)"),
        new Machine(
            "driver too old",
            true,
            libraries(Map.of(), runtime(35, 0)),
            "the NVIDIA driver is older than the CUDA runtime"),
        new Machine(
            "no NVRTC", true, libraries(Map.of(), runtime(0, 1)), "cannot be loaded: libnvrtc"));
  }

  /** A GPU of which cuDNN is missing or old: own kernels run if it is asked for. */
  static Stream<Machine> withoutVendorKernels() throws IOException {
    Map<String, String> none = StandIns.nvidia();
    none.keySet().removeIf(name -> name.startsWith("libcudnn"));
    Map<String, String> old = StandIns.nvidia();
    old.replaceAll((name, source) -> source.replace("return 91900;", "return 90700;"));
    return Stream.of(
        new Machine("no cuDNN", true, none, "own kernels only: a CUDA library cannot be loaded: l"),
        new Machine(
            "old cuDNN", true, old, "own kernels only: cuDNN 90700 is older than 91000 (9.10)"));
  }

  @ParameterizedTest
  @MethodSource("withoutVendorKernels")
  void saysThatOwnKernelsRunAlone(Machine machine, @TempDir Path folder) throws Exception {
    assumeTrue(StandIns.compiler().isPresent(), "no C compiler to build stand-ins with");
    Path libraries = StandIns.build(machine.libraries(), folder);
    String cache = "-Duser.home=" + folder;
    StandIns.Ended doctor = run(machine, folder, libraries, List.of("doctor"), cache);
    List<String> lines = doctor.out().lines().filter(l -> l.startsWith("cuda ")).toList();
    assertEquals(1, lines.size(), doctor.out());
    assertTrue(lines.get(0).contains(machine.line()), lines.get(0));

    Path data = Launcher.smallMnist(folder);
    for (String device : List.of("auto", "cuda")) {
      List<String> train =
          Launcher.train(folder.resolve(device), data, "training.steps=2", "device=" + device);
      StandIns.Ended trained = run(machine, folder, libraries, train, cache);
      assertEquals(0, trained.status(), trained.err());
      assertFalse(trained.err().contains("STANDIN"), trained.err());
      assertFalse(trained.err().contains("CALLED"), trained.err());
      assertEquals(device.equals("auto"), trained.err().contains("LAUNCHED: 0\n"), trained.err());
    }
  }

  @ParameterizedTest
  @MethodSource("machines")
  void saysItInOneLineAndRunsOnTheProcessor(Machine machine, @TempDir Path folder)
      throws Exception {
    assumeTrue(StandIns.compiler().isPresent(), "no C compiler to build stand-ins with");
    Path libraries = StandIns.build(machine.libraries(), folder);
    StandIns.Ended doctor = run(machine, folder, libraries, List.of("doctor"));
    assertEquals(0, doctor.status(), doctor.err());
    List<String> lines = doctor.out().lines().filter(l -> l.startsWith("cuda ")).toList();
    assertEquals(1, lines.size(), doctor.out());
    assertTrue(lines.get(0).contains("not used: "), doctor.out());
    assertTrue(lines.get(0).contains(machine.line()), lines.get(0));

    Path data = Launcher.smallMnist(folder);
    List<String> train =
        Launcher.train(folder.resolve("auto"), data, "training.steps=2", "device=auto");
    StandIns.Ended trained = run(machine, folder, libraries, train);
    assertEquals(0, trained.status(), trained.err());

    train = Launcher.train(folder.resolve("cuda"), data, "training.steps=2", "device=cuda");
    StandIns.Ended refused = run(machine, folder, libraries, train);
    assertEquals(ExitStatus.DEVICE.code(), refused.status(), refused.err());
    assertEquals(1, refused.err().strip().lines().count(), refused.err());
    assertTrue(refused.err().contains(machine.line()), refused.err());
  }

  @Test
  void trainingOnTheProcessorLoadsNoClassOfCuda(@TempDir Path folder) throws Exception {
    Machine machine = machines().findFirst().orElseThrow();
    List<String> train =
        Launcher.train(
            folder.resolve("run"), Launcher.smallMnist(folder), "training.steps=2", "device=auto");
    StandIns.Ended ended =
        run(machine, folder, folder, train, "-Xlog:class+load:file=" + folder.resolve("classes"));
    assertEquals(0, ended.status(), ended.err());
    String classes = Files.readString(folder.resolve("classes"));
    assertTrue(classes.contains("org.randwire.backend.cpu."), "nothing was recorded");
    assertFalse(classes.contains("org.bytedeco.cuda"), "the preset was touched");
  }

  private static StandIns.Ended run(
      Machine machine, Path folder, Path libraries, List<String> arguments, String... options)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(options));
    Path node = machine.deviceNode() ? folder : folder.resolve("absent");
    command.add("-Drandwire.cuda.device-node=" + node);
    command.add(Main.class.getName());
    command.addAll(arguments);
    return StandIns.run(List.of(libraries), folder, command);
  }
}
