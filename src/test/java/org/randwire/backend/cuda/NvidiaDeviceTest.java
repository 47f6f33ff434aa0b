// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.randwire.compile.NoiseImages;
import org.randwire.compile.Session;
import org.randwire.tensor.DataType;
import org.randwire.tensor.TensorShape;

/**
 * Whole plans through the bindings to libraries that compute nothing and check all they are given:
 * descriptors against operands, operands against device memory, what may be called in a capture,
 * what is left behind.
 */
class NvidiaDeviceTest {

  /** Trains a network for three steps on a data set on the device, twice over. */
  public static final class Train {
    private static final Session.Data IMAGES =
        NoiseImages.data(TensorShape.example(3, 16, 16), 10, 100, 20);

    private Train() {}

    /** Takes the type of activations. */
    public static void main(String[] arguments) {
      for (int round = 0; round < 2; round++) {
        try (CudaBackend backend = Cuda.open(DataType.valueOf(arguments[0]));
            Session session =
                Session.open(
                    LibraryKernelsTest.network(), Session.Options.of(4, 0.1), backend, IMAGES)) {
          System.out.println(backend.description() + ", data there: " + session.holdsData());
          for (int step = 0; step < 3; step++) {
            session.training().setExamples(step, new int[] {step, 99 - step, 7, 50}, 4);
            session.step(0.1, 0.9, 0, 0, 0);
          }
          session.training().losses();
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = DataType.class,
      names = {"FLOAT32", "BFLOAT16"})
  void librariesAreCalledAsTheirDescriptorsSayAndNothingIsLeft(DataType type, @TempDir Path folder)
      throws Exception {
    assumeTrue(StandIns.compiler().isPresent(), "no C compiler to build stand-ins with");
    Path libraries = StandIns.build(StandIns.nvidia(), folder);
    StandIns.Ended ended =
        StandIns.run(
            List.of(libraries),
            folder,
            List.of(
                "-Drandwire.cuda.device-node=" + folder,
                "-Duser.home=" + folder,
                Train.class.getName(),
                type.name()));
    assertEquals(0, ended.status(), ended.err());
    assertTrue(ended.out().contains("Stand-in GPU, sm_90"), ended.out());
    assertTrue(ended.out().contains("cuDNN 91900, cuBLASLt 130000"), ended.out());
    assertTrue(ended.out().contains("data there: true"), ended.out());
    List<String> lines = ended.err().lines().toList();
    assertEquals(List.of(), lines.stream().filter(l -> l.startsWith("STANDIN")).toList());
    TreeSet<String> called = new TreeSet<>();
    lines.stream().filter(l -> l.startsWith("CALLED: ")).forEach(l -> called.add(l.substring(8)));
    for (String what :
        List.of(
            "forward",
            "input gradient",
            "filter gradient",
            "maximum",
            "average",
            "average gradient",
            "product forward",
            "product input gradient",
            "product filter gradient")) {
      assertTrue(called.contains(what) && called.contains(what + " captured"), what + called);
    }
    assertTrue(
        lines.stream().anyMatch(l -> l.startsWith("LEFT: 0 bytes, 0 graphs, 0 executables")),
        ended.err());
    assertTrue(lines.contains("MATRICES LEFT: 0"), ended.err());
    assertEquals(
        List.of(0),
        lines.stream()
            .filter(l -> l.startsWith("DESCRIPTORS LEFT"))
            .map(l -> Integer.valueOf(l.substring(l.lastIndexOf(' ') + 1)))
            .distinct()
            .toList());
    try (Stream<Path> kept = Files.list(folder.resolve(".cache/randwire/cuda"))) {
      assertTrue(kept.anyMatch(p -> p.getFileName().toString().startsWith("choice-")));
    }
  }
}
