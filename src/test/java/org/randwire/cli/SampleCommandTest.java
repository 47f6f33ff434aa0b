// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.randwire.space.Spaces;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Design spaces from the command line: sample, describe, and train what was drawn. */
class SampleCommandTest {

  @TempDir Path folder;

  static Stream<String> names() {
    return Spaces.names().stream();
  }

  private static List<String> lines(String... arguments) {
    List<String> all = new ArrayList<>(List.of("sample"));
    all.addAll(List.of(arguments));
    CommandRun run = CommandRun.of(all.toArray(String[]::new));
    assertEquals(0, run.status(), run.err());
    return run.out().lines().toList();
  }

  private static JsonNode json(String line) {
    return JsonMapper.shared().readTree(line);
  }

  private String yaml(String text) throws IOException {
    return Files.writeString(folder.resolve("mine.yaml"), text).toString();
  }

  private String refusal(ExitStatus status, String... arguments) {
    String text = CommandRun.of(arguments).refusal(status);
    return text.replace(folder + "/", "");
  }

  /** What a line says of its network is what a configuration read from it gives. */
  @ParameterizedTest
  @MethodSource("names")
  void aLineIsTheConfigurationOfItsNetwork(String name) throws IOException {
    Path file = folder.resolve("population.jsonl");
    Files.write(file, lines(name, "--count", "3", "--seed", "8", "--params", "..2M"));
    List<String> lines = Files.readAllLines(file);
    for (int i = 0; i < lines.size(); i++) {
      JsonNode line = json(lines.get(i));
      RunAssembly assembly =
          new RunAssembly(org.randwire.cli.config.ConfigLoader.load(List.of(file + ":" + (i + 1))));
      var graph = assembly.network(assembly.stageGraphs());
      assertEquals(line.get("params").longValue(), graph.parameterCount(), lines.get(i));
      assertEquals(line.get("multiplyAdds").longValue(), graph.multiplyAdds(), lines.get(i));
      assertEquals(line.get("activations").longValue(), graph.activations(), lines.get(i));
      assertEquals(i, line.get("index").intValue());
      assertEquals(name, line.get("space").stringValue());
    }
  }

  @ParameterizedTest
  @CsvSource({"enas, width=[4], depth=[3]", "regnet, depth=[4], initialWidth=[8]"})
  void aSampledNetworkTrains(String space, String first, String second) throws IOException {
    Path file = folder.resolve("population.jsonl");
    Files.write(file, lines(space, first, second, "--count", "2"));
    JsonNode result =
        CommandRun.of(
                "train",
                file + ":2",
                "--json",
                "--output",
                folder.resolve("run").toString(),
                "device=cpu",
                "threads=2",
                "data={name: synthetic, size: 8, classes: 4, examples: 64, batch: 16}",
                "training={epochs: 1, augment: none, cutout: 3, statistics: running}")
            .json();
    assertEquals(4, result.get("steps").intValue(), result.toString());
    assertTrue(
        Files.readString(folder.resolve("run/config.yaml")).contains("cutout: 3"), "the config");
  }

  @Test
  void theSameBytesComeFromAnyNumberOfThreadsOnScreenAndInAFile() throws IOException {
    List<String> expected =
        lines("resnext-b", "--count", "200", "--threads", "1", "--within", "resnet-56");
    Path file = folder.resolve("lines.jsonl");
    CommandRun run =
        CommandRun.of(
            "sample",
            "resnext-b",
            "--count=200",
            "--threads=3",
            "--within=resnet-56",
            "--output=" + file);
    assertEquals("", run.out());
    assertEquals(expected, Files.readAllLines(file));
    assertTrue(run.err().startsWith("200 networks of resnext-b in "), run.err());
  }

  @Test
  void aSpaceFromAFileHasItsOwnSetsImageAndConstraint() throws IOException {
    String file =
        yaml(
            """
            base: resnext-a
            depth: [1, 2]
            width: {from: 16, to: 64, count: 3}
            ratio: [2]
            groups: {from: 2, to: 8, step: 2}
            image: [1, 28, 28]
            classes: 26
            constraint: {params: [0, 40000], activations: [0, 200000]}
            """
                .replace("step: 2", "step: 6"));
    List<String> lines = lines(file, "--count", "20");
    for (String text : lines) {
      JsonNode line = json(text);
      assertEquals("mine", line.get("space").stringValue());
      assertEquals("[1,28,28]", line.get("input").toString());
      assertEquals(26, line.get("classes").intValue());
      assertTrue(line.get("params").longValue() <= 40_000, text);
      assertTrue(line.get("activations").longValue() <= 200_000, text);
      JsonNode network = line.get("config").get("network");
      network.get("widths").forEach(w -> assertTrue(List.of(16, 32, 64).contains(w.intValue())));
      network.get("groups").forEach(g -> assertTrue(List.of(2, 8).contains(g.intValue()), text));
      assertEquals("[2,2,2]", network.get("bottleneckRatios").toString());
    }
    assertEquals(
        String.valueOf((2 * 3 * 1 * 2) * (2 * 3 * 1 * 2) * (2 * 3 * 1 * 2)),
        CommandRun.of("describe", file, "--json").json().get("size").toString());
  }

  @Test
  void descriptionHasSizeValueSetsRateAndRanges() {
    JsonNode darts = CommandRun.of("describe", "DARTS", "--json").json();
    assertEquals("241591910400", darts.get("cells").toString());
    assertEquals("[16,24,32]", darts.get("parameters").get("width").toString());
    assertEquals(0.62, darts.get("acceptanceRate").doubleValue(), 0.06);
    JsonNode params = darts.get("params");
    assertTrue(
        0 < params.get("min").longValue()
            && params.get("min").longValue() < params.get("median").longValue()
            && params.get("median").longValue() < params.get("max").longValue(),
        params.toString());
    CommandRun text = CommandRun.of("describe", "resnext-b", "depth=[1, 3]", "--params", "..1M");
    assertEquals(0, text.status(), text.err());
    assertTrue(text.out().contains("3 x depth          1, 3\n"), text.out());
    assertTrue(text.out().contains("params of at most 1000000"), text.out());
  }

  @Test
  void distinctNetworksAndDuplicates() {
    String[] tiny = {"vanilla", "stages=1", "depth=[1, 2]", "width=[4, 8]", "--count"};
    List<String> some = lines(tiny[0], tiny[1], tiny[2], tiny[3], tiny[4], "40");
    assertEquals(36, some.stream().filter(line -> json(line).has("duplicateOf")).count());
    List<String> all = lines(tiny[0], tiny[1], tiny[2], tiny[3], tiny[4], "4", "--distinct");
    assertEquals(
        4, all.stream().map(line -> json(line).get("config").toString()).distinct().count());
    assertEquals(
        "vanilla has 4 networks, not 5 different ones",
        refusal(
            ExitStatus.USAGE,
            "sample",
            tiny[0],
            tiny[1],
            tiny[2],
            tiny[3],
            "--count",
            "5",
            "--distinct"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "sample nasnt | command line: unknown space 'nasnt'; did you mean 'nasnet'?",
        "sample a/b.yaml | command line: no such file: 'a/b.yaml'; known: vanilla, resnet,"
            + " resnext-a, resnext-b, nasnet, amoeba, pnas, enas, darts, randwire, anynet-a,"
            + " anynet-b, anynet-c, regnet, or a YAML file with a base",
        "sample vanilla widht=[1] | command line: unknown key 'widht' for a space like vanilla;"
            + " did you mean 'width'?",
        "sample vanilla depth | command line: 'depth' is not of the form key=value",
        "sample darts groups=[1] | command line: unknown key 'groups' for a space like darts;"
            + " valid: classes, constraint, depth, image, nodes, ops, output, width",
        "sample vanilla --count -1 | --count and --threads: expected at least 0, found -1, 0",
        "sample vanilla --tries 0 | --tries: expected at least 1, found 0",
        "sample vanilla --params 5 | --params: expected MIN..MAX, such as 0.1M..0.856M, found '5'",
        "sample vanilla --params 5..4 | --params: params: no number lies between 5 and 4",
        "sample vanilla --params x..4 | --params: expected a number with k, M or G behind it or"
            + " nothing, found 'x'",
        "sample vanilla --within resnet56 | --within: no preset is called 'resnet56'; did you mean"
            + " 'resnet-56'?",
        "sample vanilla --within resnet-56 --params ..4 | --within: is a constraint of its own;"
            + " leave out the ranges",
        "describe network.name=cell --params ..1M | --params: only for a design space, such as"
            + " describe darts --params ..",
        "describe darts --svg x.svg | --svg: a design space has no wiring to draw; a network of it"
            + " may have",
        "train nasnet | nasnet: no such file; it is a design space: sample nasnet draws networks"
            + " from it",
      })
  void aCommandThatMeansNothingIsRefused(String command, String message) {
    assertEquals(message, refusal(ExitStatus.USAGE, command.split(" ")));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "depth: [1] | mine.yaml: base: is missing; name the space to start from, such as"
            + " 'base: resnext-a'",
        "base: resnet~depth: [] | mine.yaml:2:8: depth: the value set is empty",
        "base: resnet~depth: [1, 2, 1] | mine.yaml:2:8: depth: 1 is in the value set twice",
        "base: resnet~depth: [0] | mine.yaml:2:9: depth: expected an integer from 1 to"
            + " 1024, found 0",
        "base: resnet~width: {from: 64, to: 16, count: 3} | mine.yaml:2:8: width: no 3 values lie"
            + " between 64 and 16 in log space",
        "base: resnet~width: {from: 64, to: 16, step: 3} | mine.yaml:2:8: width: the value set is"
            + " empty",
        "base: resnet~depth: {from: 1, to: 24, count: 9} | mine.yaml:2:8: depth: 9 values from 1"
            + " to 24 are too many: 1 comes twice",
        "base: resnet~width: {from: 64} | mine.yaml:2:8: width: expected a list, {from: a, to: b,"
            + " step: s} or {from: a, to: b, count: n}",
        "base: resnext-a~ratio: [3] | mine.yaml:2:8: ratio: contradicts width 16, ratio 3: ratio 3"
            + " does not divide the width 16; the nearest that do are 2 and 4",
        "base: resnext-a~groups: [32] | mine.yaml:2:9: groups: contradicts width 16, ratio 1: 32"
            + " groups do not divide the inner width 16; the nearest that does is 16",
        "base: resnext-a~width: [6] | mine.yaml:2:8: groups: contradicts width 6, ratio 1: 4 groups"
            + " do not divide the inner width 6; the nearest that do are 3 and 6",
        "base: darts~ops: [sep3, sepp5] | mine.yaml:2:13: ops: expected one of none, skip, avg3,"
            + " max3, max5, max7, conv1, conv3, conv3x1, conv7x1, sep3, sep5, sep7, dil3, dil5,"
            + " dilsep3, found 'sepp5'; did you mean 'sep5'?",
        "base: darts~nodes: 65 | mine.yaml:2:8: nodes: a cell has 1 to 64, got 65",
        "base: darts~ops: [] | mine.yaml:2:6: ops: the value set is empty",
        "base: randwire~generator: [ws(4)] | mine.yaml:2:12: generator: a generator is written as"
            + " ws(4, 0.75), er(0.2) or ba(5), got 'ws(4)'",
        "base: randwire~nodes: [8] | mine.yaml:2:8: generator: ws(8, 0.0) contradicts nodes 8: k"
            + " must be even and in [2, 6] for 8 nodes, got 8; the nearest valid value is 6",
        "base: resnt | mine.yaml:1:7: base: unknown space 'resnt'; did you mean 'resnet'?",
        "base: resnet~constraint: {params: [5, 4]} | mine.yaml:2:22: constraint.params: no number"
            + " lies between 5 and 4",
        "base: resnet~constraint: {parms: [4, 5]} | mine.yaml:2:21: constraint.parms: unknown;"
            + " valid: params, multiplyAdds, activations, any",
        "base: resnet~image: [3, 32] | mine.yaml:2:8: image: expected [channels, height, width],"
            + " found [3, 32]",
        "base: resnet~dept: [1] | mine.yaml:2:1: unknown key 'dept' for a space like resnet; did"
            + " you mean 'depth'?",
        "base: resnet~depth: [1]~depth: [2] | mine.yaml:3:1: duplicate key 'depth', first given at"
            + " mine.yaml:2:1",
        "- resnet | mine.yaml:1:1: expected keys such as 'base:', found a list",
      })
  void aSpaceThatCannotBeIsRefusedAtItsPlace(String yaml, String message) throws IOException {
    String file = yaml(yaml.strip().replace('~', '\n') + "\n");
    assertEquals(message, refusal(ExitStatus.USAGE, "sample", file));
  }

  @Test
  void nothingInsideTheConstraintIsOneLineWithTheRate() {
    String message =
        refusal(ExitStatus.USAGE, "sample", "darts", "--multiply-adds", "1..2", "--tries", "20");
    assertTrue(
        message.startsWith(
            "none of 20 networks of darts has multiplyAdds from 1 to 2: the acceptance rate is 0,"),
        message);
  }

  @Test
  void aLineThatIsNoSampledNetworkIsRefusedAtItsPlace() throws IOException {
    Path file = folder.resolve("p.jsonl");
    Files.writeString(
        file, "{\"a\": 1}\n{\"config\": {\"network\": {\"name\": \"resnt\"}}}\n{\"config\": \n");
    assertEquals(
        "p.jsonl:1:1: no sampled network: the line has no 'config'",
        refusal(ExitStatus.USAGE, "train", file + ":1"));
    String typo = refusal(ExitStatus.USAGE, "train", file + ":2");
    assertTrue(typo.startsWith("p.jsonl:2:33: network.name: expected one of "), typo);
    String broken = refusal(ExitStatus.USAGE, "train", file + ":3");
    assertTrue(broken.startsWith("p.jsonl:3:"), broken);
    assertEquals("p.jsonl: has no line 4", refusal(ExitStatus.USAGE, "train", file + ":4"));
    assertEquals(
        "q.jsonl: no such file", refusal(ExitStatus.USAGE, "train", folder + "/q.jsonl:4"));
  }
}
