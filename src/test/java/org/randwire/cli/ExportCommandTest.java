// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.randwire.backend.Backend;
import org.randwire.export.Safetensors;
import org.randwire.tensor.NamedTensor;
import org.randwire.training.Checkpoint;
import org.randwire.training.Trainer;

class ExportCommandTest {

  @TempDir Path folder;
  private Path run;
  private Path file;

  @BeforeEach
  void namePaths() {
    run = folder.resolve("run");
    file = folder.resolve("weights.safetensors");
  }

  private CommandRun export(Path from, String... options) {
    String[] arguments =
        Arrays.copyOf(
            new String[] {"export", from.toString(), "--safetensors", file.toString()},
            4 + options.length);
    System.arraycopy(options, 0, arguments, 4, options.length);
    return CommandRun.of(arguments);
  }

  private static void assertSameTensors(
      Map<String, NamedTensor> expected, Map<String, NamedTensor> actual) {
    assertEquals(List.copyOf(expected.keySet()), List.copyOf(actual.keySet()));
    expected.forEach(
        (name, tensor) -> {
          assertEquals(tensor.shape(), actual.get(name).shape(), name);
          assertArrayEquals(tensor.values(), actual.get(name).values(), name);
        });
  }

  private static Map<String, NamedTensor> weightsOfTrainer(Path run) {
    RunAssembly assembly = new RunAssembly(new RunFolder(run).load(List.of()));
    try (Backend backend = assembly.backend();
        Trainer trainer =
            assembly.trainer(assembly.network(assembly.stageGraphs()), backend, assembly.data())) {
      trainer.restore(RunFolder.checkpoint(run).checkpoint());
      return trainer.weights().tensors();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"reference", "cpu"})
  void writesWhatTheTrainerHolds(String device) {
    CommandRun.train(device, run);
    assertEquals(0, export(run).status());
    assertSameTensors(weightsOfTrainer(run), Safetensors.read(file).tensors());
  }

  @Test
  void metadataSaysWhereTheWeightsComeFrom() {
    CommandRun.train("reference", run, "seed=7");
    export(run);
    Checkpoint checkpoint = RunFolder.checkpoint(run).checkpoint();
    Map<String, String> metadata = Safetensors.read(file).metadata();
    assertEquals(checkpoint.network(), metadata.get("network"));
    assertEquals("8", metadata.get("step"));
    assertEquals("7", metadata.get("seed"));
    assertEquals("randwire " + Version.release(), metadata.get("version"));
  }

  @Test
  void trainingStartsFromTheExportedWeights() {
    CommandRun.train("reference", run, "precision=fp32");
    export(run);
    Map<String, NamedTensor> exported = Safetensors.read(file).tensors();
    Path second = folder.resolve("second");
    // At such a learning rate the parameters stay where they start; the statistics move on.
    CommandRun.train(
        "reference",
        second,
        "precision=fp32",
        "seed=99",
        "training.init=" + file,
        "training.schedule.base=1e-30");

    Checkpoint after = RunFolder.checkpoint(second).checkpoint();
    int compared = 0;
    for (NamedTensor tensor : exported.values()) {
      String key = "parameters/" + tensor.name();
      if (after.sections().containsKey(key)) {
        assertArrayEquals(tensor.values(), after.floats(key), 1e-20f, tensor.name());
        compared++;
      }
    }
    assertTrue(compared > 20, "compared only " + compared);
  }

  @Test
  void aFileThatExistsIsReplacedByForceOnly() throws IOException {
    CommandRun.train("reference", run);
    Files.writeString(file, "precious");
    assertEquals(
        file + " exists already; --force replaces it", export(run).refusal(ExitStatus.USAGE));
    assertEquals("precious", Files.readString(file));
    assertEquals(0, export(run, "--force").status());
    assertFalse(Safetensors.read(file).tensors().isEmpty());
  }

  @Test
  void averageIsTheMovingAverageOfTheWeights() {
    CommandRun.train("reference", run, "training.ema=0.9", "precision=fp32");
    export(run, "--average");
    Checkpoint checkpoint = RunFolder.checkpoint(run).checkpoint();
    float[] written = Safetensors.read(file).tensors().get("fc.weight").values();
    assertArrayEquals(checkpoint.floats("average/fc.weight"), written);
    assertFalse(Arrays.equals(checkpoint.floats("parameters/fc.weight"), written));
  }

  @Test
  void averageOfARunWithoutOneIsRefused() {
    CommandRun.train("reference", run);
    String line = export(run, "--average").refusal(ExitStatus.DATA);
    assertTrue(line.endsWith("has no averaged weights"), line);
    assertFalse(Files.exists(file));
  }

  @Test
  void aCheckpointNeedsNoRunAroundIt() throws IOException {
    CommandRun.train("reference", run);
    Path alone = Files.copy(run.resolve("checkpoints/best.rwck"), folder.resolve("alone.rwck"));
    assertEquals(0, export(alone).status());
    assertFalse(Safetensors.read(file).tensors().isEmpty());
  }

  @Test
  void whatIsNoCheckpointIsRefused() throws IOException {
    String line = export(folder.resolve("absent")).refusal(ExitStatus.DATA);
    assertTrue(line.endsWith("no such file or folder"), line);
    line = export(folder).refusal(ExitStatus.USAGE);
    assertTrue(line.contains("holds no run"), line);
    Path text = Files.writeString(folder.resolve("notes.txt"), "no checkpoint\n");
    line = export(text).refusal(ExitStatus.DATA);
    assertTrue(line.startsWith(text.toString()), line);
  }

  @Test
  void aFolderThatDoesNotExistIsNamed() {
    CommandRun.train("reference", run);
    file = folder.resolve("absent/weights.safetensors");
    String line = export(run).refusal(ExitStatus.DATA);
    assertTrue(line.contains("no such file or folder"), line);
  }

  @Test
  void aFormatMustBeNamed() {
    CommandRun.of("export", folder.toString()).refusal(ExitStatus.USAGE);
  }
}
