// SPDX-License-Identifier: Apache-2.0
package org.randwire.population;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.randwire.data.TestData;

class PopulationFilesTest {

  @TempDir private Path folder;

  private Path file(String name, String text) throws IOException {
    return Files.writeString(folder.resolve(name), text);
  }

  private Population read(String name, String text) throws IOException {
    return PopulationFiles.read(file(name, text), ReadSettings.AUTOMATIC);
  }

  /** The message of a refusal, without the folder. */
  private String refusal(String name, String text) throws IOException {
    Path file = file(name, text);
    return assertThrows(
            PopulationException.class, () -> PopulationFiles.read(file, ReadSettings.AUTOMATIC))
        .getMessage()
        .replace(folder + "/", "");
  }

  @Test
  void readsTables() throws IOException {
    Population population =
        read(
            "nets.csv",
            "\uFEFFname,error,params,note\r\n\"a, \"\"b\"\"\",0.25,1e6,\"two\r\nlines\"\r\n\r\nc,0.5,2000,\r\n");
    assertEquals("nets", population.name());
    assertEquals(ErrorUnit.FRACTION, population.unit());
    assertArrayEquals(new double[] {0.25, 0.5}, population.errors());
    assertArrayEquals(new double[] {1e6, 2000}, population.complexities(Complexity.PARAMS));
    assertEquals("a, \"b\"", population.runs().get(0).name());
    assertEquals("two\r\nlines", population.runs().get(0).cells().get("note").orElseThrow());
    assertTrue(population.runs().get(1).cells().get("note").isEmpty());
    assertEquals(folder + "/nets.csv:5", population.place(population.runs().get(1)));
    assertFalse(population.has(Complexity.FLOPS));
  }

  @Test
  void readsTabsAndPercent() throws IOException {
    Population population = read("nets.tsv", "test_error\tmacs\n7.5\t3\n6\t4\n");
    assertEquals(ErrorUnit.PERCENT, population.unit());
    assertArrayEquals(new double[] {0.075, 0.06}, population.errors());
    assertArrayEquals(new double[] {3, 4}, population.complexities(Complexity.FLOPS));
    assertEquals("#1", population.runs().get(0).name());
  }

  @Test
  void readsJsonLines() throws IOException {
    Population population =
        read(
            "nets.jsonl",
            """
            {"id": 7, "error": 0.1, "net": {"depth": 3, "ws": [16, 32]}}

            {"id": 8, "error": null, "seed": 4}
            """);
    assertEquals(List.of("id", "error", "net.depth", "net.ws", "seed"), population.columns());
    assertEquals("[16,32]", population.runs().get(0).cells().get("net.ws").orElseThrow());
    assertTrue(population.runs().get(1).failed());
    assertEquals("8", population.runs().get(1).name());
    assertEquals(3, population.runs().get(1).row());
  }

  private static String job(int id, double best, String last) {
    return """
        {"job_id": %d, "rng_seed": 1, "params": 855770, "flops": 125747840, "min_test_top1": %s,
         "train_ep_loss": [2.3, NaN], "test_ep_top1": [90.0, %s], "prec_time": {"fwd": 0.1},
         "optim": {"base_lr": 0.1, "max_ep": 2}, "net": {"block_type": "res_basic_block",
         "ds": [9, 9, 9], "ws": [16, 32, 64], "bot_muls": []}}"""
        .formatted(id, best, last);
  }

  @Test
  void readsJobsOfTheDesignSpacesPaper() throws IOException {
    Population population =
        read("ResNet.json", "[" + job(1, 6.22, "6.5") + ",\n" + job(2, 0.91, "NaN") + "]");
    assertEquals(ErrorUnit.PERCENT, population.unit());
    assertArrayEquals(new double[] {0.0622, 0.0091}, population.errors(), 1e-15);
    RunRecord first = population.runs().get(0);
    assertEquals(0.065, first.lastError(), 1e-15);
    assertEquals("[9,9,9]", first.cells().get("net.ds").orElseThrow());
    assertEquals("0.1", first.cells().get("optim.base_lr").orElseThrow());
    assertFalse(population.columns().contains("train_ep_loss"));
    assertEquals(folder + "/ResNet.json: job 2", population.place(population.runs().get(1)));
  }

  @Test
  void readsRepeatedSweepsAsGroups() throws IOException {
    Population population =
        read(
            "Vanilla_reruns.json",
            "{\"top\": [%s], \"mid\": [%s, %s]}"
                .formatted(job(1, 6.2, "6.3"), job(2, 8, "8.1"), job(3, 8.2, "8.4")));
    List<Population> groups = population.by("group");
    assertEquals(List.of("top", "mid"), groups.stream().map(Population::name).toList());
    assertEquals(2, groups.get(1).runs().size());
    assertTrue(population.hasLastErrors());
    assertEquals(0.081, groups.get(1).atLastEpoch().errors()[0], 1e-15);
  }

  @Test
  void keepsFailedRunsWithTheirCause() throws IOException {
    Population population =
        read("nets.csv", "error,state\n0.1,done\n,diverged\n0.9,out of memory\n,\n0.2,\n");
    assertArrayEquals(new double[] {0.1, 0.2}, population.errors());
    assertArrayEquals(new double[] {0.1, 1, 1, 1, 0.2}, population.errorsWithFailures());
    assertEquals(
        Map.of("diverged", 1, "out of memory", 1, "no error recorded", 1), population.failures());
  }

  @Test
  void groupsAFileByAColumn() throws IOException {
    Path file = TestData.require("populations/random_graph_networks_cifar10.csv");
    Population all = PopulationFiles.read(file, ReadSettings.AUTOMATIC);
    assertEquals(1030, all.runs().size());
    assertEquals(ErrorUnit.PERCENT, all.unit());
    assertEquals(
        Map.of(
            "bakx",
            50,
            "bottleneck",
            150,
            "composite",
            20,
            "er1kx",
            85,
            "fmri",
            70,
            "rdag",
            215,
            "wskx",
            440),
        all.by("family").stream()
            .collect(java.util.stream.Collectors.toMap(Population::name, p -> p.runs().size())));
  }

  @Test
  void takesTheColumnAndUnitItIsTold() throws IOException {
    Path file = file("nets.csv", "error,top1\n0.5,0.4\n0.6,1.2\n");
    Population population = PopulationFiles.read(file, new ReadSettings("top1", ErrorUnit.PERCENT));
    assertArrayEquals(new double[] {0.004, 0.012}, population.errors(), 1e-15);
  }

  @Test
  void refusesFilesOfDifferentUnits() throws IOException {
    List<Path> files = List.of(file("a.csv", "error\n0.05\n"), file("b.csv", "error\n7\n"));
    PopulationException refused =
        assertThrows(
            PopulationException.class, () -> PopulationFiles.read(files, ReadSettings.AUTOMATIC));
    assertEquals(
        "a.csv: its errors look like fractions, those of b.csv like percent;"
            + " set the unit to percent or fraction",
        refused.getMessage().replace(folder + "/", ""));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          a.csv| | a.csv: the file is empty
          a.csv| error | a.csv: there is no model in it
          a.csv| name,error~a,0.1~b,NaN | a.csv:3:3: 'error' is NaN; leave it empty if the run failed
          a.csv| name,error~a,0.1~b,-0.2 | a.csv:3:3: 'error' must not be negative, found -0.2
          a.csv| error~inf | a.csv:2:1: 'error' is inf; leave it empty if the run failed
          a.csv| error~7,5% | a.csv:2: expected 1 cells as in the header, found 2
          a.csv| error~0.1x | a.csv:2:1: 'error' must be a number, or empty if the run failed; found '0.1x'
          a.csv| error~7.5~0.08 | a.csv:3:1: fractions and percent seem mixed: 0.08 here, 7.5 in row 2; set the unit to percent or fraction
          a.csv| error~101 | a.csv:2:1: 'error' is in percent, so at most 100; found 101
          a.csv| error,error~1,1 | a.csv:1: two columns have one name: error
          a.csv| error~"0.1 | a.csv:2: a quote is never closed
          a.csv| loss,params~1,1 | a.csv: there is no column 'error'
          a.jsonl| {"error": 0.1~ | a.jsonl:1:14: no JSON: Unexpected end-of-input: expected close marker for Object
          a.jsonl| [1] | a.jsonl:1: expected a JSON object, found [1]
          a.json| {"top": 1} | a.json: 'top' must be a list of jobs; JSON lines have the ending .jsonl
          a.json| 5 | a.json: the file must be a list of jobs; JSON lines have the ending .jsonl
          a.json| [] | a.json: there is no model in it
          a.xlsx| x | a.xlsx: unknown ending; expected .csv, .tsv, .jsonl or .json (a list of jobs)
          """)
  void refusesWithOneLine(String name, String text, String message) throws IOException {
    String content = text == null ? "" : text.strip().replace("~", "\n");
    String refused = refusal(name, content);
    assertEquals(message, refused);
    assertEquals(1, refused.lines().count());
  }

  @Test
  void namesTheRowWhoseComplexityIsNone() throws IOException {
    Population population = read("a.csv", "error,params\n0.1,5\n0.2,0\n");
    PopulationException refused =
        assertThrows(PopulationException.class, () -> population.complexities(Complexity.PARAMS));
    assertEquals(
        folder + "/a.csv:3: params must be a number above 0, found 0.0", refused.getMessage());
    assertThrows(PopulationException.class, () -> population.complexities(Complexity.FLOPS));
  }
}
