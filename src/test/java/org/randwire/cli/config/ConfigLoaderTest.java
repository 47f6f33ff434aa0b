// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.randwire.cli.config.Place.Layer;
import org.randwire.cli.config.RunConfig.DataName;
import org.randwire.cli.config.RunConfig.Generator;
import org.randwire.cli.config.RunConfig.ScheduleName;

class ConfigLoaderTest {

  @TempDir Path folder;

  private Path file(String yaml) throws IOException {
    return Files.writeString(folder.resolve("run.yaml"), yaml);
  }

  static List<String> presets() {
    return Presets.NAMES;
  }

  @ParameterizedTest
  @MethodSource("presets")
  void everyPresetLoadsAndKeepsItsName(String name) {
    LoadedConfig loaded = ConfigLoader.load(null, List.of("network.name=" + name));
    assertEquals(name, loaded.config().network().name());
    assertEquals(Layer.COMMAND_LINE, loaded.placeOf("network.name").layer());
    assertEquals(List.of(), ConfigSchema.violations(loaded.config()));
  }

  @Test
  void builtInDefaultsAreValid() {
    assertEquals(List.of(), ConfigSchema.violations(new ConfigValues().toConfig()));
  }

  @Test
  void regularPresetsCarryThePapersRegularization() {
    RunConfig regular = ConfigLoader.load(List.of("network.name=randwire-regular-154")).config();
    assertEquals(154, regular.network().channels());
    assertEquals(0.2, regular.network().dropout());
    assertEquals(0.1, regular.network().edgeDrop().probability());
    assertEquals(1e-5, regular.training().weightDecay());
  }

  @Test
  void commandLineOverridesFileOverridesPresetOverridesDefault() throws IOException {
    Path file =
        file(
            """
            network: {name: randwire-cifar, channels: 40}
            training:
              epochs: 7
              schedule: {base: 0.2}
            """);
    LoadedConfig loaded =
        ConfigLoader.load(List.of(file.toString(), "training.epochs=9", "network.graph.seed=-3"));
    RunConfig config = loaded.config();

    assertEquals(9, config.training().epochs());
    assertEquals(-3, config.network().graph().seed());
    assertEquals(40, config.network().channels());
    assertEquals(0.2, config.training().schedule().base());
    assertEquals(DataName.CIFAR10, config.data().name());
    assertEquals(256, config.data().evaluationBatch());

    assertEquals("command line", loaded.placeOf("training.epochs").toString());
    assertEquals(file + ":1:43", loaded.placeOf("network.channels").toString());
    assertEquals("preset randwire-cifar:3:14", loaded.placeOf("data.name").toString());
    assertEquals("default", loaded.placeOf("data.evaluationBatch").toString());
  }

  @Test
  void presetNamedOnTheCommandLineReplacesThePresetOfTheFile() throws IOException {
    Path file = file("network: {name: randwire-cifar}\n");
    RunConfig config =
        ConfigLoader.load(file, List.of("network.name=randwire-regular-109")).config();
    assertEquals(109, config.network().channels());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "\n", "# nothing but a comment\n", "---\n", "network:\ntraining:\n", "\uFEFF"})
  void fileWithoutValuesGivesTheDefaults(String text) throws IOException {
    assertEquals(ConfigLoader.load(List.of()), ConfigLoader.load(file(text), List.of()));
  }

  @Test
  void anchorsAreFollowed() throws IOException {
    RunConfig config =
        ConfigLoader.load(file("data: {batch: &b 64, evaluationBatch: *b}\n"), List.of()).config();
    assertEquals(64, config.data().evaluationBatch());
  }

  @Test
  void mergeKeysAreFollowedAndGiveWay() throws IOException {
    String yaml = "network: {graph: {<<: {nodes: 9, k: 2}, k: 6}}\n";
    RunConfig config = ConfigLoader.load(file(yaml), List.of()).config();
    assertEquals(9, config.network().graph().nodes());
    assertEquals(6, config.network().graph().k());
  }

  @Test
  void wholeSectionCanBeOverridden() {
    RunConfig config =
        ConfigLoader.load(List.of("network.graph={generator: er, p: 0.2, nodes: 5}")).config();
    assertEquals(Generator.ER, config.network().graph().generator());
    assertEquals(0.2, config.network().graph().p());
    assertEquals(5, config.network().graph().nodes());
  }

  @Test
  void textOverrideIsTakenAsItStands() {
    for (String path : List.of("/a b/c: d", "null", "123", "[x]", "\"q\"", "a=b", " # x", "")) {
      assertEquals(path, ConfigLoader.load(List.of("data.path=" + path)).config().data().path());
    }
  }

  @Test
  void overrideOfEveryKeyWithAnotherValueArrives() {
    for (ConfigKey key : ConfigSchema.KEYS) {
      Object other = anotherValue(key);
      String written = other instanceof String text ? text : ConfigWriter.yaml(other);
      LoadedConfig loaded = ConfigLoader.load(withSupport(key.path(), written));
      Object read = ConfigWriter.plain(key.value().apply(loaded.config()));
      assertEquals(ConfigWriter.yaml(other), ConfigWriter.yaml(read), key.path());
      assertEquals(Layer.COMMAND_LINE, loaded.placeOf(key.path()).layer(), key.path());
    }
  }

  /** A valid value that is not the one its preset gives. */
  private static Object anotherValue(ConfigKey key) {
    return switch (key.path()) {
      case "network.graph.k" -> 6L;
      case "network.graph.files" -> List.of("stage 1.txt", "b/stage2.json");
      case "training.schedule.milestones" -> List.of(1L, 2L);
      case "network.depths" -> List.of(1L, 2L, 7L);
      case "network.widths", "network.groups" -> List.of(16L, 32L, 64L);
      case "network.bottleneckRatios" -> List.of(1L, 2L, 4L);
      case "network.strides" -> List.of(1L, 2L, 1L, 2L);
      case "network.stemStride" -> 2L;
      case "network.cell.normal", "network.cell.reduction" -> List.of("sep5 0", "conv1 1");
      default -> {
        if (key.type() instanceof ValueType.ChoiceType choice) {
          yield choice.names().get(choice.names().size() - 1);
        }
        if (key.type() instanceof ValueType.BooleanType) {
          yield !(Boolean) key.defaultValue();
        }
        if (key.type() instanceof ValueType.NumberType) {
          yield 0.625;
        }
        yield key.type() instanceof ValueType.IntegerType ? (Object) 77L : "some/where";
      }
    };
  }

  /** The override, with the value that another key needs beside it. */
  private static List<String> withSupport(String path, String value) {
    String override = path + "=" + value;
    return switch (path) {
      case "network.graph.generator" -> List.of(override, "network.graph.m=2");
      case "network.depths", "network.widths", "network.bottleneckRatios", "network.groups" ->
          List.of(override, "network.name=resnext");
      case "network.strides", "network.stemWidth", "network.stemStride" ->
          List.of(override, "network.name=anynet");
      default ->
          path.startsWith("network.cell.")
              ? List.of(override, "network.name=cell")
              : List.of(override);
    };
  }

  @Test
  void stagesOfAResNextFromOneLine() {
    RunConfig.Network network =
        ConfigLoader.load(
                List.of(
                    "network={name: resnext, depths: [1, 2], widths: [16, 32],"
                        + " bottleneckRatios: [1, 4], groups: [4, 2]}"))
            .config()
            .network();
    assertEquals(RunConfig.Family.RESNEXT, network.family());
    assertEquals(
        new RunConfig.Stages(
            List.of(1, 2), List.of(16, 32), List.of(1, 4), List.of(4, 2), List.of(), 32, 1),
        network.stages());
  }

  @Test
  void stepScheduleWithMilestonesFromTheCommandLine() {
    RunConfig config =
        ConfigLoader.load(
                List.of(
                    "training.epochs=90",
                    "training.schedule.name=step",
                    "training.schedule.milestones=[30, 60]"))
            .config();
    assertEquals(ScheduleName.STEP, config.training().schedule().name());
    assertEquals(List.of(30, 60), config.training().schedule().milestones());
  }

  @Test
  void turkishLocaleChangesNothing() throws IOException {
    Locale before = Locale.getDefault();
    try {
      Locale.setDefault(new Locale("tr", "TR"));
      RunConfig config =
          ConfigLoader.load(List.of("data.name=cifar10", "training.weightDecay=0.5")).config();
      assertEquals(DataName.CIFAR10, config.data().name());
      assertTrue(ConfigWriter.toYaml(config).contains("weightDecay: 0.5\n"));
    } finally {
      Locale.setDefault(before);
    }
  }

  @Test
  void laterErrorsNameThePlaceOfTheValue() throws IOException {
    Path file = file("network:\n  graph:\n    files: [a.txt]\n");
    LoadedConfig loaded = ConfigLoader.load(file, List.of());
    assertEquals(
        file + ":3:12: network.graph.files: no file 'a.txt'",
        loaded.refusal("network.graph.files", "no file 'a.txt'").getMessage());
  }

  @Test
  void nonAsciiTextSurvives() throws IOException {
    Path file =
        Files.write(
            folder.resolve("run.yaml"), "data: {path: Größe/数}\n".getBytes(StandardCharsets.UTF_8));
    assertEquals("Größe/数", ConfigLoader.load(file, List.of()).config().data().path());
  }

  @Test
  void nodeOperationsHaveOneWord() {
    for (RunConfig.NodeOperation operation : RunConfig.NodeOperation.values()) {
      assertEquals(operation.name().toLowerCase(java.util.Locale.ROOT), operation.op().label());
    }
  }
}
