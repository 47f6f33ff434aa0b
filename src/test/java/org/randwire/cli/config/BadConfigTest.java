// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Configurations that must be refused, each with its place and what would be right. */
class BadConfigTest {

  @TempDir Path folder;

  private static ConfigException refusal(Path file, String... overrides) {
    return assertThrows(
        ConfigException.class, () -> ConfigLoader.load(file, Arrays.asList(overrides)));
  }

  private List<String> problemsOf(byte[] content) throws IOException {
    Path file = Files.write(folder.resolve("run.yaml"), content);
    return refusal(file).problems().stream()
        .map(p -> p.replace(file.toString(), "run.yaml"))
        .toList();
  }

  private List<String> problemsOf(String yaml) throws IOException {
    return problemsOf(yaml.getBytes(StandardCharsets.UTF_8));
  }

  private static Arguments bad(String yaml, String... problems) {
    return Arguments.of(yaml, List.of(problems));
  }

  static List<Arguments> files() {
    return List.of(
        bad("seed: 1.7\n", "run.yaml:1:7: seed: expected a 64-bit integer, found number 1.7"),
        bad("seed: 1.0\n", "run.yaml:1:7: seed: expected a 64-bit integer, found number 1.0"),
        bad(
            "seed: 9223372036854775808\n",
            "run.yaml:1:7: seed: expected an integer of at most 9223372036854775807,"
                + " found 9223372036854775808"),
        bad("seed: ~\n", "run.yaml:1:7: seed: expected a 64-bit integer, found nothing"),
        bad("seed: [1]\n", "run.yaml:1:7: seed: expected a 64-bit integer, found a list"),
        bad("seed: {a: 1}\n", "run.yaml:1:7: seed: expected a 64-bit integer, found a mapping"),
        bad("seed: true\n", "run.yaml:1:7: seed: expected a 64-bit integer, found true"),
        bad(
            "threads: 1025\n",
            "run.yaml:1:10: threads: expected an integer of at most 1024, found 1025"),
        bad(
            "threads: -1\n",
            "run.yaml:1:10: threads: expected an integer from 0 to 1024, found -1"),
        bad(
            "threads: '8'\n",
            "run.yaml:1:10: threads: expected an integer from 0 to 1024, found text '8';"
                + " remove the quotes"),
        bad(
            "fusion: yes\n",
            "run.yaml:1:9: fusion: expected true or false, found text 'yes'; write true"),
        bad(
            "fusion: off\n",
            "run.yaml:1:9: fusion: expected true or false, found text 'off'; write false"),
        bad(
            "fusion: 1\n",
            "run.yaml:1:9: fusion: expected true or false, found number 1; write true"),
        bad("fusion: maybe\n", "run.yaml:1:9: fusion: expected true or false, found text 'maybe'"),
        bad(
            "device: gpu\n",
            "run.yaml:1:9: device: expected one of auto, cpu, cuda, reference, found 'gpu';"
                + " did you mean 'cpu'?"),
        bad(
            "device: CPU\n",
            "run.yaml:1:9: device: expected one of auto, cpu, cuda, reference, found 'CPU';"
                + " did you mean 'cpu'?"),
        bad(
            "precision: 16\n",
            "run.yaml:1:12: precision: expected one of auto, fp32, bf16, found number 16"),
        bad(
            "data: {name: imagefolder, limit: 100}\n",
            "run.yaml:1:34: data.limit: the pictures of an imagefolder stand class by class, so the"
                + " first 100 would be of few classes"),
        bad(
            "data: {name: coco}\n",
            "run.yaml:1:14: data.name: expected one of mnist, cifar10, synthetic, imagefolder,"
                + " found 'coco'"),
        bad(
            "data:\n  name: cifar-10x\n",
            "run.yaml:2:9: data.name: expected one of mnist, cifar10, synthetic, imagefolder,"
                + " found 'cifar-10x'; did you mean 'cifar10'?"),
        bad(
            "data: {path: 7}\n",
            "run.yaml:1:14: data.path: expected text, found number 7; put it in quotes"),
        bad(
            "data: {batch: 0}\n",
            "run.yaml:1:15: data.batch: expected an integer of at least 1, found 0"),
        bad(
            "data: {batch: 2147483648}\n",
            "run.yaml:1:15: data.batch: expected an integer of at most 2147483647, found"
                + " 2147483648"),
        bad("data: [cifar10]\n", "run.yaml:1:7: data: expected keys such as 'name:', found a list"),
        bad(
            "data: cifar10\n",
            "run.yaml:1:7: data: expected keys such as 'name:', found text 'cifar10'"),
        bad(
            "network: {name: randwire-cifra}\n",
            "run.yaml:1:17: network.name: expected one of randwire-mnist, randwire-cifar,"
                + " randwire-small, randwire-regular-109, randwire-regular-154, vanilla, vanilla-56,"
                + " resnet, resnet-56, resnet-110, resnext, anynet, cell,"
                + " darts-v1, darts-v2, found 'randwire-cifra'; did you mean 'randwire-cifar'?"),
        bad(
            "network: {name: resnet-56, channels: 64}\n",
            "run.yaml:1:38: network.channels: only for randwire; network.name is resnet-56"),
        bad(
            "network: {name: randwire-cifar, depths: [3]}\n",
            "run.yaml:1:41: network.depths: only for vanilla, resnet, resnext, anynet;"
                + " network.name is randwire-cifar"),
        bad(
            "network: {name: resnet, groups: [1, 1, 1]}\n",
            "run.yaml:1:33: network.groups: only for resnext, anynet; network.name is resnet"),
        bad(
            "network: {name: resnet, depths: []}\n",
            "run.yaml:1:33: network.depths: needs at least one stage, such as [3, 3, 3]"),
        bad(
            "network: {name: resnet, depths: [3, 0, 3]}\n",
            "run.yaml:1:37: network.depths: expected an integer from 1 to 1024, found 0"),
        bad(
            "network: {name: resnet, widths: 16}\n",
            "run.yaml:1:33: network.widths: expected a list [..], each element an integer from 1"
                + " to 65536, found number 16"),
        bad(
            "network: {name: resnet, widths: [16, 32]}\n",
            "run.yaml:1:33: network.widths: needs a value for each of the 3 stages in"
                + " network.depths, found 2"),
        bad(
            "network: {name: resnext, groups: [1]}\n",
            "run.yaml:1:34: network.groups: needs a value for each of the 3 stages in"
                + " network.depths, found 1"),
        bad(
            "network: {name: resnext, groups: [8, 5, 8]}\n",
            "run.yaml:1:34: network.groups: stage 2: 5 groups do not divide the inner width 64;"
                + " the nearest that do are 4 and 8"),
        bad(
            "network: {name: resnext, bottleneckRatios: [2, 2, 300]}\n",
            "run.yaml:1:44: network.bottleneckRatios: stage 3: ratio 300 does not divide the"
                + " width 256; the nearest that does is 256"),
        bad(
            "network: {name: vanila56}\n",
            "run.yaml:1:17: network.name: expected one of randwire-mnist, randwire-cifar,"
                + " randwire-small, randwire-regular-109, randwire-regular-154, vanilla, vanilla-56,"
                + " resnet, resnet-56, resnet-110, resnext, anynet, cell, darts-v1,"
                + " darts-v2, found 'vanila56'; did you mean 'vanilla-56'?"),
        bad(
            "network: {dropout: 1}\n",
            "run.yaml:1:20: network.dropout: expected a number in [0, 1), found 1"),
        bad(
            "network: {edgeWeightInit: .nan}\n",
            "run.yaml:1:27: network.edgeWeightInit: expected a finite number, found .nan"),
        bad(
            "network: {edgeWeightInit: -.inf}\n",
            "run.yaml:1:27: network.edgeWeightInit: expected a finite number, found -.inf"),
        bad(
            "network: {edgeWeightInit: 1e999}\n",
            "run.yaml:1:27: network.edgeWeightInit: expected a finite number, found 1e999"),
        bad(
            "network: {graph: {p: 1.5}}\n",
            "run.yaml:1:22: network.graph.p: expected a number in [0, 1], found 1.5"),
        bad(
            "network:\n  graph: {k: 5}\n",
            "run.yaml:2:14: network.graph.k: generator ws needs an even k, found 5"),
        bad(
            "network:\n  graph: {k: 8}\n",
            "run.yaml:2:14: network.graph.k: generator ws needs k below network.graph.nodes,"
                + " found k 8 and nodes 8"),
        bad(
            "network:\n  graph: {nodes: 4}\n",
            "run.yaml:2:18: network.graph.k: generator ws needs k below network.graph.nodes,"
                + " found k 4 and nodes 4"),
        bad(
            "network:\n  graph: {generator: ba, m: 9, nodes: 9}\n",
            "run.yaml:2:29: network.graph.m: generator ba needs m below network.graph.nodes,"
                + " found m 9 and nodes 9"),
        bad(
            "network: {graph: {files: a.txt}}\n",
            "run.yaml:1:26: network.graph.files: expected a list [..], each element text,"
                + " found text 'a.txt'"),
        bad(
            "network: {graph: {files: [a.txt, 3]}}\n",
            "run.yaml:1:34: network.graph.files: expected text, found number 3; put it in quotes"),
        bad(
            "training: {labelSmoothing: 1.0}\n",
            "run.yaml:1:28: training.labelSmoothing: expected a number in [0, 1), found 1.0"),
        bad(
            "training: {weightDecay: -1e-5}\n",
            "run.yaml:1:25: training.weightDecay: expected a finite number of at least 0,"
                + " found -1e-5"),
        bad(
            "training: {weightDecay: 5e-5x}\n",
            "run.yaml:1:25: training.weightDecay: expected a finite number of at least 0,"
                + " found text '5e-5x'"),
        bad(
            "training: {schedule: {milestones: [60, 30]}}\n",
            "run.yaml:1:35: training.schedule.milestones: must ascend, found 60 before 30"),
        bad(
            "training: {schedule: {name: step}}\n",
            "run.yaml:1:29: training.schedule.name: step needs training.schedule.milestones,"
                + " such as [30, 60, 90]"),
        bad(
            "training: {epochs: 50, schedule: {name: step, milestones: [30, 60]}}\n",
            "run.yaml:1:59: training.schedule.milestones: 60 is never reached in"
                + " training.epochs 50"),
        bad(
            "training: {schedule: {warmupEpochs: 3}}\n",
            "run.yaml:1:37: training.schedule.warmupEpochs: must be below training.epochs,"
                + " found 3 of 3"),
        bad(
            "training: {schedule: {base: 0}}\n",
            "run.yaml:1:29: training.schedule.base: must be above 0"),
        bad(
            "training: {nesterov: true, momentum: 0}\n",
            "run.yaml:1:22: training.nesterov: needs training.momentum above 0"),
        bad(
            "training:\n  wieghtDecay: 1\n",
            "run.yaml:2:3: unknown key 'training.wieghtDecay'; did you mean"
                + " 'training.weightDecay'?"),
        bad(
            "training: {weight_decay: 1}\n",
            "run.yaml:1:12: unknown key 'training.weight_decay';"
                + " did you mean 'training.weightDecay'?"),
        bad(
            "training: {lr: 0.1}\n",
            "run.yaml:1:12: unknown key 'training.lr'; did you mean 'training.schedule.base'?"),
        bad(
            "network: {nodes: 3}\n",
            "run.yaml:1:11: unknown key 'network.nodes';"
                + " it belongs under network.graph: 'network.graph.nodes'"),
        bad(
            "epochs: 3\n",
            "run.yaml:1:1: unknown key 'epochs'; it belongs under training: 'training.epochs'"),
        bad(
            "data: {device: cpu}\n",
            "run.yaml:1:8: unknown key 'data.device'; it belongs at the top: 'device'"),
        bad(
            "trianing: {epochs: 3}\n",
            "run.yaml:1:1: unknown key 'trianing'; did you mean 'training'?"),
        bad(
            "network: {edgeDrop: {qqqqqq: 3}}\n",
            "run.yaml:1:22: unknown key 'network.edgeDrop.qqqqqq';"
                + " valid in network.edgeDrop: probability, scope"),
        bad(
            "training.epochs: 3\n",
            "run.yaml:1:1: unknown key 'training.epochs'; write it as training: {epochs: ..}"),
        bad("? [a]\n: 1\n", "run.yaml:1:3: expected a key, found a list"),
        bad(
            "seed: 1\nfusion: true\nseed: 2\n",
            "run.yaml:3:1: duplicate key 'seed', first given at run.yaml:1:1"),
        bad(
            "data: {batch: 1}\ndata: {limit: 1}\n",
            "run.yaml:2:1: duplicate key 'data', first given at run.yaml:1:1"),
        bad("- seed: 1\n", "run.yaml:1:1: expected keys such as 'seed:', found a list"),
        bad("seed\n", "run.yaml:1:1: expected keys such as 'seed:', found text 'seed'"),
        bad("seed: !!str 1\n", "run.yaml:1:7: seed: expected a 64-bit integer, found text '1'"),
        bad(
            "data: {path: !java.io.File /etc}\n",
            "run.yaml:1:14: data.path: expected text, found '/etc' with the tag !java.io.File;"
                + " put it in quotes"),
        bad("data:\n\tbatch: 1\n", "run.yaml:2:1: a tab in the indentation; use spaces"),
        bad("data: {path: \"a\0\"}\n", "run.yaml:1:16: character U+0000 is not allowed in YAML"));
  }

  @ParameterizedTest
  @MethodSource("files")
  void fileIsRefusedWithExactlyTheseLines(String yaml, List<String> problems) throws IOException {
    assertEquals(problems, problemsOf(yaml));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "seed: [1, 2|run.yaml:2:1: not valid YAML",
        "data: {batch: 1|run.yaml:2:1: not valid YAML",
        "a: b: c|run.yaml:1:5: not valid YAML",
        "data: *nobody|run.yaml:1:7: not valid YAML",
        "seed: 'open|run.yaml:2:1: not valid YAML",
        "--- 1~--- 2|run.yaml:2:1: not valid YAML",
        "seed: 1~  fusion: true|run.yaml:2:9: not valid YAML",
        "@seed: 1|run.yaml:1:1: not valid YAML",
      })
  void brokenYamlIsOneLineWithItsPlace(String yaml, String start) throws IOException {
    List<String> problems = problemsOf(yaml.replace('~', '\n') + "\n");
    assertEquals(1, problems.size());
    assertTrue(problems.get(0).startsWith(start), problems.get(0));
    assertFalse(problems.get(0).contains("\n"), problems.get(0));
  }

  @Test
  void bytesThatAreNotUtf8AreLocated() throws IOException {
    byte[] latin1 = "seed: 1\ndata: {path: é}\n".getBytes(StandardCharsets.ISO_8859_1);
    assertEquals(
        List.of("run.yaml:2:14: not UTF-8 text (byte 0xE9); save the file as UTF-8"),
        problemsOf(latin1));
    assertEquals(
        List.of("run.yaml:1:1: UTF-16 text; save the file as UTF-8"),
        problemsOf("seed: 1\n".getBytes(StandardCharsets.UTF_16)));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "seed|'seed' is not of the form key=value",
        "=3|unknown key ''; valid at the top: seed, device, threads, precision, fusion, network,"
            + " data, training",
        "trianing.epochs=3|unknown key 'trianing.epochs'; did you mean 'training.epochs'?",
        "training.epoch=3|unknown key 'training.epoch'; did you mean 'training.epochs'?",
        "lr=0.1|unknown key 'lr'; did you mean 'training.schedule.base'?",
        "batch_size=3|unknown key 'batch_size'; did you mean 'data.batch'?",
        "seed.x=3|unknown key 'seed.x'; did you mean 'seed'?",
        "network.seed=1|unknown key 'network.seed'; it belongs under network.graph:"
            + " 'network.graph.seed'",
        "data={bach: 1}|unknown key 'data.bach'; did you mean 'data.batch'?",
        "data=3|data: expected keys such as 'name:', found number 3",
        "training.epochs=|training.epochs: expected an integer of at least 1, found nothing",
        "training.epochs=ten|training.epochs: expected an integer of at least 1, found text 'ten'",
        "training.schedule.milestones=30|training.schedule.milestones: expected a list [..], each"
            + " element an integer of at least 1, found number 30",
        "training.schedule.milestones=[30, 0]|training.schedule.milestones: expected an integer of"
            + " at least 1, found 0",
        "network.graph.nodes=3|network.graph.k: generator ws needs k below network.graph.nodes,"
            + " found k 4 and nodes 3",
        "network.graph.p=nan|network.graph.p: expected a number in [0, 1], found text 'nan'",
      })
  void overrideIsRefusedNamingTheCommandLine(String override, String problem) {
    assertEquals("command line: " + problem, refusal(null, override).getMessage());
  }

  @Test
  void overrideGivenTwiceIsRefused() {
    assertEquals(
        "command line: 'seed' is given twice, 1 and 2",
        refusal(null, "seed=1", "seed=2").getMessage());
  }

  /** Every key of the schema, with a value of a type it does not accept. */
  static Stream<Arguments> wrongTypes() {
    return ConfigSchema.KEYS.stream()
        .map(
            key -> {
              boolean list = key.type() instanceof ValueType.ListType;
              return Arguments.of(key.path(), list ? "{a: 1}" : "[[1]]");
            });
  }

  @ParameterizedTest
  @MethodSource("wrongTypes")
  void wrongTypeIsRefusedForEveryKey(String path, String value) throws IOException {
    List<String> parts = List.of(path.split("\\."));
    String opening = String.join(": {", parts) + ": ";
    String yaml = opening + value + "}".repeat(parts.size() - 1) + "\n";
    List<String> problems = problemsOf(yaml);
    assertEquals(1, problems.size(), problems.toString());
    String start = "run.yaml:1:" + (opening.length() + 1) + ": " + path + ": expected ";
    assertTrue(problems.get(0).startsWith(start), problems.get(0));
  }

  @Test
  void everyKeyWithTwoLettersSwappedIsRecognised() {
    for (String path : ConfigSchema.paths()) {
      int nameStart = path.lastIndexOf('.') + 1;
      if (path.length() - nameStart >= 4) {
        String slip =
            path.substring(0, nameStart + 1)
                + path.charAt(nameStart + 2)
                + path.charAt(nameStart + 1)
                + path.substring(nameStart + 3);
        if (slip.equals(path)) {
          continue; // a double letter
        }
        assertEquals(
            "command line: unknown key '" + slip + "'; did you mean '" + path + "'?",
            refusal(null, slip + "=1").getMessage());
      }
    }
  }

  @Test
  void allProblemsAreReportedUnknownKeysFirstThenInReadingOrder() throws IOException {
    String yaml = "seed: x\ntraining: {epochs: 0, schedul: {}}\nfoo: 1\n";
    List<String> places = new ArrayList<>();
    problemsOf(yaml).forEach(problem -> places.add(problem.substring(0, problem.indexOf(": "))));
    assertEquals(List.of("run.yaml:2:23", "run.yaml:3:1", "run.yaml:1:7", "run.yaml:2:20"), places);
  }

  @Test
  void messageStopsAfterTenLinesAndCountsTheRest() throws IOException {
    StringBuilder yaml = new StringBuilder();
    for (int i = 0; i < 13; i++) {
      yaml.append("zzzzzzzz").append(i).append(": 1\n");
    }
    Path file = Files.writeString(folder.resolve("run.yaml"), yaml);
    List<String> lines = refusal(file).getMessage().lines().toList();
    assertEquals(11, lines.size());
    assertEquals("... and 3 more", lines.get(10));
    assertEquals(13, refusal(file).problems().size());
  }

  @Test
  void contradictionIsNotReportedOnTopOfABadValue() throws IOException {
    assertEquals(1, problemsOf("network: {graph: {k: 5, nodes: x}}\n".replace("5", "400")).size());
  }

  @Test
  void missingFileNamesItsNeighbour() throws IOException {
    Files.writeString(folder.resolve("train.yaml"), "");
    Path missing = folder.resolve("trian.yaml");
    assertEquals(
        missing + ": no such file; did you mean '" + folder.resolve("train.yaml") + "'?",
        refusal(missing).getMessage());
    assertEquals(folder + ": is a folder; expected a YAML file", refusal(folder).getMessage());
    assertEquals(
        "randwire-small: no such file; for the preset write network.name=randwire-small",
        refusal(Path.of("randwire-small")).getMessage());
  }

  @Test
  void aliasBombIsRefusedQuietly() throws IOException {
    StringBuilder yaml = new StringBuilder("a0: &a0 [x]\n");
    for (int i = 1; i < 40; i++) {
      String alias = "*a" + (i - 1);
      yaml.append("a%d: &a%d [%s, %s, %s]\n".formatted(i, i, alias, alias, alias));
    }
    List<String> problems = problemsOf(yaml.toString());
    assertEquals(1, problems.size());
    assertTrue(problems.get(0).contains("Number of aliases"), problems.get(0));
  }

  @Test
  void aliasOfItselfIsRefusedNotFollowedForever() throws IOException {
    assertEquals(
        List.of(
            "run.yaml:1:14: unknown key 'network.graph.graph'; valid in network.graph: generator,"
                + " nodes, k, p, m, seed, networkxSeed, files"),
        problemsOf("network: &x {graph: *x}\n"));
  }

  @Test
  void deepNestingIsRefusedNotOverflowing() throws IOException {
    assertEquals(
        List.of("run.yaml:1:38: nested more than 32 levels deep"),
        problemsOf("seed: " + "[".repeat(100_000) + "\n"));
  }
}
