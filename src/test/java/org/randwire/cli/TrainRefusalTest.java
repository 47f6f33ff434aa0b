// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.randwire.data.TestData;
import org.randwire.training.CheckpointStore;
import tools.jackson.databind.json.JsonMapper;

/**
 * What a user gets who asks for what cannot be: a status, and one line that says what and where.
 */
class TrainRefusalTest {

  @TempDir Path folder;
  private Path data;

  @BeforeEach
  void writeData() throws IOException {
    data = Launcher.smallMnist(folder);
  }

  private Launcher.Ended train(String... settings) throws Exception {
    return Launcher.start(folder, Launcher.train(folder.resolve("run"), data, settings)).await();
  }

  private static void assertRefused(int status, Launcher.Ended ended, String... parts) {
    assertEquals(status, ended.status(), ended.err());
    assertEquals("", ended.out(), "standard output is for results");
    assertEquals(1, ended.err().lines().count(), ended.err());
    for (String part : parts) {
      assertTrue(ended.err().contains(part), "'" + part + "' in: " + ended.err());
    }
    assertFalse(ended.err().contains("Exception"), ended.err());
  }

  @ParameterizedTest
  @CsvSource({
    "training.epoch=3, training.epochs",
    "network.graph.k=3, network.graph.k",
    "training.epochs=0, training.epochs",
    "data.batch=641, data.batch",
    "'network.graph.files=[nowhere.txt, nowhere.txt]', nowhere.txt"
  })
  void badSettingsEndWithTwo(String setting, String part) throws Exception {
    assertRefused(2, train(setting), part);
    assertFalse(Files.exists(folder.resolve("run")), "nothing is left behind");
  }

  @ParameterizedTest
  @ValueSource(strings = {"0 1\n1 2\n2 0", "0 1\n1 1", "0 1\n0 1", "0 1\n0 4"})
  void badGraphFilesEndWithTwoAndNameTheLine(String edges) throws Exception {
    Path graph = folder.resolve("graph.txt");
    Files.writeString(graph, "# a graph\n4\n" + edges + "\n");
    int line = 2 + edges.split("\n").length;
    assertRefused(
        2, train("network.graph.files=[" + graph + ", " + graph + "]"), "graph.txt:" + line);
  }

  @Test
  void aMissingDataFolderEndsWithThree() throws Exception {
    assertRefused(
        3,
        Launcher.start(folder, Launcher.train(folder.resolve("run"), folder.resolve("nowhere")))
            .await(),
        "nowhere");
  }

  @Test
  void aTruncatedDataFileEndsWithThree() throws Exception {
    Path plain = data.resolve("train-images-idx3-ubyte");
    byte[] bytes = Files.readAllBytes(plain);
    Files.write(plain, Arrays.copyOf(bytes, bytes.length / 2));
    assertRefused(3, train(), "train-images-idx3-ubyte");
    byte[] compressed = TestData.gzip(bytes);
    Files.delete(plain);
    Files.write(
        data.resolve("train-images-idx3-ubyte.gz"),
        Arrays.copyOf(compressed, compressed.length / 2));
    assertRefused(3, train(), "train-images-idx3-ubyte.gz");
  }

  @Test
  void aLabelOutOfRangeEndsWithThree() throws Exception {
    Path file = data.resolve("train-labels-idx1-ubyte");
    byte[] labels = Files.readAllBytes(file);
    labels[8 + 17] = 10;
    Files.write(file, labels);
    assertRefused(3, train(), "label 17", "10");
  }

  @Test
  void aDeviceThatIsNotThereEndsWithFour() throws Exception {
    if (!Files.exists(Path.of("/dev/nvidiactl"))) {
      assertRefused(4, train("device=cuda"), "device: cuda");
    }
  }

  @Test
  void aBatchLargerThanMemoryEndsWithFourAndNamesOneThatFits() throws Exception {
    Launcher.Ended ended =
        train(
            "data.evaluationBatch=20000",
            "network.channels=100",
            "network.graph.nodes=60",
            "network.graph.k=4");
    assertRefused(4, ended, "evaluating with 20000", "would fit");
  }

  @Test
  void divergenceEndsWithFiveAndNamesStepAndTensor() throws Exception {
    Launcher.Ended ended = train("training.schedule.base=1e30");
    assertEquals(5, ended.status(), ended.err());
    String last = ended.err().lines().reduce("", (a, b) -> b);
    assertTrue(last.startsWith("diverged in step "), ended.err());
    assertFalse(ended.err().contains("Exception"), ended.err());
    var result = JsonMapper.shared().readTree(Files.readString(folder.resolve("run/result.json")));
    assertEquals("diverged", result.get("state").asString());
  }

  @Test
  void aFolderThatHoldsARunIsNotOverwritten() throws Exception {
    Path run = Files.createDirectories(folder.resolve("run"));
    Files.writeString(run.resolve("config.yaml"), "seed: 1\n");
    assertRefused(2, train("training.steps=1"), "--resume");
    assertEquals("seed: 1\n", Files.readString(run.resolve("config.yaml")));
  }

  private Path finished(String name, String... settings) throws Exception {
    Path run = folder.resolve(name);
    Launcher.Ended ended = Launcher.start(folder, Launcher.train(run, data, settings)).await();
    assertEquals(0, ended.status(), ended.err());
    return run;
  }

  private Launcher.Ended resume(Path run) throws Exception {
    return Launcher.start(folder, Launcher.resume(run)).await();
  }

  private static Path newest(Path run) {
    return CheckpointStore.newest(run.resolve("checkpoints")).orElseThrow().file();
  }

  private static String hash(Path run) throws IOException {
    return JsonMapper.shared()
        .readTree(Files.readString(run.resolve("result.json")))
        .get("weightsHash")
        .asString();
  }

  @Test
  void aDamagedCheckpointIsSkippedAndNamed() throws Exception {
    Path run = finished("run", "training.steps=20");
    String expected = hash(run);
    Path damaged = newest(run);
    byte[] bytes = Files.readAllBytes(damaged);
    bytes[bytes.length / 2] ^= 4;
    Files.write(damaged, bytes);
    Files.delete(run.resolve("result.json"));
    Launcher.Ended ended = resume(run);
    assertEquals(0, ended.status(), ended.err());
    assertTrue(ended.err().contains(damaged.getFileName().toString()), ended.err());
    assertEquals(expected, hash(run));
  }

  @Test
  void checkpointsOfAnotherNetworkAndOfANewerFormatEndWithThree() throws Exception {
    Path run = finished("run", "training.steps=8");
    Path other = finished("other", "training.steps=8", "network.channels=5");
    Path newer = newest(other);
    Files.copy(newer, newest(run), StandardCopyOption.REPLACE_EXISTING);
    assertRefused(3, resume(run), "belongs to network");
    try (Stream<Path> files = Files.list(newer.getParent())) {
      for (Path old : files.filter(file -> !file.equals(newer)).toList()) {
        Files.delete(old);
      }
    }
    byte[] bytes = Files.readAllBytes(newer);
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putInt(4, 2);
    Files.write(newer, bytes);
    assertRefused(3, resume(other), newer.getFileName().toString(), "version 2");
  }

  @Test
  void resumingWhatHoldsNoRunEndsWithTwo() throws Exception {
    assertRefused(2, resume(data), data.toString());
  }
}
