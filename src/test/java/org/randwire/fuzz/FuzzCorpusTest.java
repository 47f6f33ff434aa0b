// SPDX-License-Identifier: Apache-2.0
package org.randwire.fuzz;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The fuzz targets on the inputs that are kept, each as it is and with some bytes changed. A
 * reader's target stands in its list here, its inputs under {@code fuzz/NAME} of the test
 * resources.
 */
class FuzzCorpusTest {

  /** A reader's target. */
  private interface Target {
    void run(byte[] data) throws Exception;
  }

  private record Reader(String name, Target target) {
    @Override
    public String toString() {
      return name;
    }
  }

  static Stream<Reader> readers() {
    return Stream.of(
        new Reader("edge-list", EdgeListFuzz::fuzzerTestOneInput),
        new Reader("image-header", ImageHeaderFuzz::fuzzerTestOneInput),
        new Reader("safetensors", SafetensorsFuzz::fuzzerTestOneInput),
        new Reader("tar", TarReaderFuzz::fuzzerTestOneInput));
  }

  @ParameterizedTest
  @MethodSource("readers")
  void everyKeptInputIsReadOrRefused(Reader reader) throws Exception {
    Path folder = Path.of(FuzzCorpusTest.class.getResource("/fuzz/" + reader.name()).toURI());
    List<Path> inputs;
    try (Stream<Path> files = Files.list(folder)) {
      inputs = files.sorted().toList();
    }
    assertFalse(inputs.isEmpty(), folder.toString());
    Random random = new Random(1);
    for (Path input : inputs) {
      byte[] data = Files.readAllBytes(input);
      assertDoesNotThrow(() -> reader.target().run(data), input.toString());
      for (int round = 0; round < 20 && data.length > 0; round++) {
        byte[] changed = data.clone();
        changed[random.nextInt(changed.length)] ^= (byte) (1 << random.nextInt(8));
        assertDoesNotThrow(
            () -> reader.target().run(changed), input + ", changed in round " + round);
      }
    }
  }
}
