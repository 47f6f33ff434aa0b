// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.randwire.training.CheckpointStore;
import tools.jackson.databind.JsonNode;

class EvaluateCommandTest {

  @TempDir Path folder;

  private Path run() {
    return folder.resolve("run");
  }

  private List<Path> checkpoints() throws IOException {
    try (Stream<Path> files = Files.list(run().resolve("checkpoints"))) {
      return files
          .filter(f -> f.getFileName().toString().startsWith("checkpoint-"))
          .sorted()
          .toList();
    }
  }

  private static void assertSame(JsonNode trained, JsonNode evaluated) {
    assertEquals(
        trained.get("lastTestLoss").doubleValue(), evaluated.get("testLoss").doubleValue());
    assertEquals(
        trained.get("lastTestError").doubleValue(), evaluated.get("testError").doubleValue());
    assertEquals(
        trained.get("lastTestTop5Error").doubleValue(),
        evaluated.get("testTop5Error").doubleValue());
  }

  @ParameterizedTest
  @ValueSource(strings = {"reference", "cpu"})
  void givesTheBitsOfTheLastEvaluationOfTheRun(String device) throws IOException {
    JsonNode trained = CommandRun.train(device, run());

    JsonNode evaluated = CommandRun.of("evaluate", "--json", run().toString()).json();

    assertSame(trained, evaluated);
    assertEquals(6, evaluated.get("examples").intValue());
    assertEquals(8, evaluated.get("step").intValue());
    assertEquals(2, evaluated.get("epoch").intValue());
    assertEquals(checkpoints().get(1).toString(), evaluated.get("checkpoint").stringValue());
  }

  @Test
  void evaluatesAveragedWeightsWithPreciseStatisticsAsTrainingDid() {
    JsonNode trained =
        CommandRun.train("reference", run(), "training.ema=0.5", "training.statistics=precise");
    assertSame(trained, CommandRun.of("evaluate", "--json", run().toString()).json());
  }

  @Test
  void anotherDeviceGivesTheSameUpToRounding() {
    JsonNode trained = CommandRun.train("reference", run());
    JsonNode evaluated =
        CommandRun.of("evaluate", "--json", run().toString(), "device=cpu", "precision=fp32")
            .json();
    assertEquals(
        trained.get("lastTestLoss").doubleValue(), evaluated.get("testLoss").doubleValue(), 1e-4);
  }

  @Test
  void aFileIsEvaluatedItself() throws IOException {
    CommandRun.train("reference", run());
    Path first = checkpoints().get(0);
    JsonNode evaluated = CommandRun.of("evaluate", "--json", first.toString()).json();
    assertEquals(4, evaluated.get("step").intValue());
    assertEquals(first.toString(), evaluated.get("checkpoint").stringValue());
  }

  @Test
  void bestIsTheCheckpointWithTheSmallestError() {
    JsonNode trained = CommandRun.train("reference", run());
    JsonNode best = CommandRun.of("evaluate", "--json", "--best", run().toString()).json();
    assertEquals(
        run().resolve("checkpoints").resolve(CheckpointStore.BEST_FILE).toString(),
        best.get("checkpoint").stringValue());
    assertEquals(trained.get("minTestError").doubleValue(), best.get("testError").doubleValue());
    assertEquals(trained.get("minTestErrorEpoch").intValue(), best.get("epoch").intValue());
  }

  @Test
  void aDamagedCheckpointIsSkippedAndSaid() throws IOException {
    CommandRun.train("reference", run());
    Path newest = checkpoints().get(1);
    byte[] bytes = Files.readAllBytes(newest);
    bytes[bytes.length / 2] ^= 1;
    Files.write(newest, bytes);

    CommandRun evaluated = CommandRun.of("evaluate", "--json", run().toString());

    assertEquals(4, evaluated.json().get("step").intValue());
    assertTrue(evaluated.err().startsWith("skipped " + newest), evaluated.err());
    assertEquals(1, evaluated.err().lines().count());
  }

  @Test
  void textNamesTheCheckpoint() throws IOException {
    CommandRun.train("reference", run());
    CommandRun evaluated = CommandRun.of("evaluate", run().toString());
    assertEquals(0, evaluated.status());
    assertTrue(evaluated.out().startsWith("test error "), evaluated.out());
    assertTrue(evaluated.out().contains(checkpoints().get(1).toString()), evaluated.out());
  }

  @Test
  void whatIsNoRunIsRefused() throws IOException {
    Path absent = folder.resolve("absent");
    assertEquals(
        absent + ": no such file or folder",
        CommandRun.of("evaluate", absent.toString()).refusal(ExitStatus.DATA));
    String line = CommandRun.of("evaluate", folder.toString()).refusal(ExitStatus.USAGE);
    assertTrue(line.contains("holds no run"), line);
    Path text = Files.writeString(folder.resolve("notes.txt"), "no checkpoint\n");
    line = CommandRun.of("evaluate", text.toString()).refusal(ExitStatus.DATA);
    assertTrue(line.startsWith(text.toString()), line);
  }

  @Test
  void bestOfAFileIsRefused() throws IOException {
    CommandRun.train("reference", run());
    String file = checkpoints().get(0).toString();
    assertEquals(
        "--best needs a run; " + file + " is a file",
        CommandRun.of("evaluate", "--best", file).refusal(ExitStatus.USAGE));
  }

  @Test
  void aRunWithoutCheckpointIsRefused() throws IOException {
    CommandRun.train("reference", run());
    for (Path checkpoint : checkpoints()) {
      Files.delete(checkpoint);
    }
    assertEquals(
        run().resolve("checkpoints") + " has no checkpoint",
        CommandRun.of("evaluate", run().toString()).refusal(ExitStatus.DATA));
  }

  @ParameterizedTest
  @ValueSource(strings = {"network.channels=8", "data.name=mnist", "seed=2", "data.limit=5"})
  void aSettingThatMakesAnotherRunOfItIsRefused(String setting) {
    CommandRun.train("reference", run());
    String line = CommandRun.of("evaluate", run().toString(), setting).refusal(ExitStatus.USAGE);
    assertTrue(line.startsWith("'" + setting + "'"), line);
  }
}
