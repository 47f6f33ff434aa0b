// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SweepLoaderTest {

  private static final String GOOD =
      """
      name: small
      seed: 7
      spaces:
        - {space: randwire, label: er, count: 3, generator: ["er(0.2)"], nodes: [8]}
        - {space: resnet, count: 4, depth: [1, 2], constraint: {params: [0, 100000]}}
      recipe:
        data: {name: synthetic, batch: 16, size: 8}
        training: {epochs: 3, schedule: {base: 0.1}}
      workers: {processes: 2, pack: 2}
      budget: {runs: 5}
      stopping: {rule: median, pilot: 2, afterEpoch: 1}
      proxy: {epochs: 100}
      """;

  @TempDir Path folder;

  private Path write(String text) throws IOException {
    return Files.writeString(folder.resolve("sweep.yaml"), text);
  }

  @Test
  void readsAllOfIt() throws IOException {
    SweepConfig config = SweepLoader.load(write(GOOD), List.of("workers.processes=1"));
    assertEquals("small", config.name());
    assertEquals(7, config.seed());
    assertEquals(List.of("er", "resnet"), config.spaces().stream().map(s -> s.label()).toList());
    assertEquals("er", config.spaces().get(0).space().space().name());
    assertEquals(1, config.workers().processes());
    assertEquals(2, config.workers().pack());
    assertEquals(5, config.budget().runs());
    assertEquals(2, config.stopping().pilot());
    assertEquals(100, config.proxyEpochs());
  }

  @Test
  void theMergedTextReadsBackToTheSame() throws IOException {
    List<String> overrides =
        List.of("workers.processes=3", "recipe.training.epochs=9", "recipe.data.path=/some where");
    SweepConfig config = SweepLoader.load(write(GOOD), overrides);
    SweepConfig again = SweepLoader.load(write(config.text()), List.of());
    assertEquals(config.text(), again.text());
    assertEquals(config.populationText(), again.populationText());
    RunConfig run = again.recipe().of(java.util.Map.of("name", "resnet-56"), List.of()).config();
    assertEquals(9, run.training().epochs());
    assertEquals("/some where", run.data().path());
    assertEquals(0.1, run.training().schedule().base());
  }

  @Test
  void workersAndBudgetAreNoPartOfWhatResultsDependOn() throws IOException {
    SweepConfig config = SweepLoader.load(write(GOOD), List.of());
    SweepConfig other =
        SweepLoader.load(write(GOOD), List.of("workers.processes=9", "budget.hours=2"));
    assertEquals(config.populationText(), other.populationText());
    SweepConfig longer = SweepLoader.load(write(GOOD), List.of("recipe.training.epochs=4"));
    assertTrue(!config.populationText().equals(longer.populationText()));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "seed: 7 | sead: 7 | sweep.yaml:2:1: unknown key 'sead'; did you mean 'seed'?",
        "pack: 2} | pakc: 2} | sweep.yaml:9:25: unknown key 'workers.pakc'; did you mean"
            + " 'workers.pack'?",
        "processes: 2 | processes: two | sweep.yaml:9:22: workers.processes: expected",
        "space: randwire | space: randwier | sweep.yaml:4:13: unknown space 'randwier'; did you"
            + " mean 'randwire'?",
        "count: 3 | coutn: 3 | sweep.yaml:4:5: count: is missing; did you mean it by 'coutn'?",
        "nodes: [8] | nods: [8] | sweep.yaml:4:68: unknown key 'nods' for a space like randwire;"
            + " did you mean 'nodes'?",
        "count: 4 | count: 0 | sweep.yaml:5:28: count: expected an integer from 1 to"
            + " 10000000, found 0",
        "label: er | label: ../er | sweep.yaml:4:30: label: is part of file names",
        "label: er | label: resnet | label: 'resnet' is given twice",
        "rule: median, pilot: 2, | rule: median, | stopping.pilot: is missing; rule median needs"
            + " it",
        "rule: median, | rule: none, | stopping.pilot: only with stopping.rule median",
        "training: {epochs: 3, | network: {name: resnet}, training: {epochs: 3, | not valid YAML",
        "data: {name: | seed: 3, data: {name: | not valid YAML",
        "name: small | name: a/b | sweep.yaml:1:7: name: is a folder's name",
      })
  void refusesWithThePlace(String good, String bad, String message) throws IOException {
    Path file = write(GOOD.replace(good, bad));
    ConfigException refused =
        assertThrows(ConfigException.class, () -> SweepLoader.load(file, List.of()));
    assertTrue(refused.getMessage().contains(message), refused.getMessage());
  }

  @Test
  void theRecipeLeavesNetworkSeedAndThreadsToOthers() throws IOException {
    Path file = write(GOOD.replace("  data:", "  seed: 4\n  threads: 2\n  network: {}\n  data:"));
    ConfigException refused =
        assertThrows(ConfigException.class, () -> SweepLoader.load(file, List.of()));
    assertTrue(refused.getMessage().contains("sweep.yaml:7:3: recipe.seed: is the sweep's"));
    assertTrue(refused.getMessage().contains("sweep.yaml:8:3: recipe.threads: belongs under"));
    assertTrue(refused.getMessage().contains("sweep.yaml:9:3: recipe.network: comes from"));
  }

  @Test
  void aWrongKeyOfTheRecipeIsFoundWithItsPlace() throws IOException {
    Path file = write(GOOD.replace("epochs: 3,", "epocs: 3,"));
    SweepConfig config = SweepLoader.load(file, List.of());
    ConfigException refused =
        assertThrows(
            ConfigException.class,
            () -> config.recipe().of(java.util.Map.of("name", "resnet-56"), List.of()));
    assertTrue(
        refused.getMessage().contains("sweep.yaml:8:14: unknown key 'training.epocs'"),
        refused.getMessage());
  }

  @Test
  void anOverrideGivenTwiceOrNotAllowedIsRefused() throws Exception {
    ConfigException refused =
        assertThrows(
            ConfigException.class,
            () ->
                SweepLoader.load(
                    write(GOOD),
                    List.of(
                        "recipe.training.epochs=4",
                        "recipe.training.epochs=5",
                        "recipe.seed=2",
                        "workers")));
    assertEquals(
        List.of(
            "command line: 'recipe.training.epochs' is given twice, 4 and 5",
            "command line: 'workers' is not of the form key=value",
            "command line: recipe.seed: is the sweep's; every run has one of its own drawn from"
                + " it"),
        refused.problems().stream().sorted().toList());
  }
}
