// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.randwire.cli.config.ConfigSchema;
import tools.jackson.databind.JsonNode;

class DescribeCommandTest {

  @TempDir Path folder;

  @Test
  void stagesAreThoseOfTheGraphs() throws IOException {
    Path first = Files.writeString(folder.resolve("first.txt"), "4\n0 1\n1 2\n0 2\n");
    Path second = Files.writeString(folder.resolve("second.txt"), "3\n0 1\n0 2\n");
    JsonNode stages =
        CommandRun.tiny(
                "reference",
                "describe",
                "--json",
                "network.graph.files=[" + first + ", " + second + "]")
            .json()
            .get("stages");
    assertEquals(
        "{\"name\":\"stage1\",\"nodes\":4,\"edges\":3,\"sources\":2,\"sinks\":2,"
            + "\"longestPath\":3,\"output\":[4,4,4]}",
        stages.get(0).toString());
    assertEquals(
        "{\"name\":\"stage2\",\"nodes\":3,\"edges\":2,\"sources\":1,\"sinks\":2,"
            + "\"longestPath\":2,\"output\":[8,2,2]}",
        stages.get(1).toString());
  }

  /** Counted by hand from the paper's node: sum, ReLU, separable 3x3 convolution, BN. */
  @Test
  void complexityIsThatOfTheNetwork() throws IOException {
    Path graph = Files.writeString(folder.resolve("two.txt"), "2\n0 1\n");
    JsonNode description =
        CommandRun.tiny(
                "reference",
                "describe",
                "--json",
                "network.graph.files=[" + graph + ", " + graph + "]")
            .json();
    int stem = 3 * 9 * 4 + 2 * 4;
    int stage1 = (1 + 4 * 9 + 4 * 4 + 2 * 4) + (1 + 4 * 9 + 4 * 4 + 2 * 4);
    int stage2 = (1 + 4 * 9 + 4 * 8 + 2 * 8) + (1 + 8 * 9 + 8 * 8 + 2 * 8);
    int head = 8 * 16 + 2 * 16 + 16 * 4 + 4;
    assertEquals(stem + stage1 + stage2 + head, description.get("params").intValue());
    int convolutions =
        64 * (3 * 9 * 4)
            + 16 * 2 * (4 * 9 + 4 * 4)
            + 4 * (4 * 9 + 4 * 8 + 8 * 9 + 8 * 8)
            + 4 * 8 * 16
            + 16 * 4;
    assertEquals(convolutions, description.get("multiplyAdds").intValue());
  }

  @Test
  void stagesOfAResNetAreItsBlocks() {
    CommandRun described =
        CommandRun.of(
            "describe",
            "--json",
            "device=reference",
            "data.batch=2",
            "data.evaluationBatch=2",
            "network={name: resnet, depths: [1, 2], widths: [16, 20]}");
    assertEquals(
        "[{\"name\":\"stage1\",\"blocks\":1,\"output\":[16,32,32]},"
            + "{\"name\":\"stage2\",\"blocks\":2,\"output\":[20,16,16]}]",
        described.json().get("stages").toString());
  }

  @Test
  void aResNetHasNoWiringToDraw() {
    String line =
        CommandRun.of(
                "describe",
                "device=reference",
                "network.name=resnet",
                "--svg",
                folder.resolve("x.svg").toString())
            .refusal(ExitStatus.USAGE);
    assertEquals("--svg: resnet has no random wiring to draw; the randwire networks have", line);
  }

  @ParameterizedTest
  @ValueSource(strings = {"reference", "cpu"})
  void planIsCounted(String device) {
    JsonNode description = CommandRun.tiny(device, "describe", "--json").json();
    int instructions = 0;
    for (JsonNode count : description.get("kernels").values()) {
      instructions += count.intValue();
    }
    assertEquals(description.get("instructions").intValue(), instructions);
    assertTrue(description.get("regions").intValue() <= description.get("calls").intValue());
    long arena = description.get("arenaBytes").longValue();
    assertTrue(arena > 0 && arena <= description.get("sessionArenaBytes").longValue());
    assertTrue(arena < description.get("arenaBytesWithoutReuse").longValue());
    assertEquals(device, description.get("device").stringValue());
    assertTrue(description.get("activations").longValue() > 0);
  }

  /**
   * Counted by hand, in elements: a node of one input on 4 x 4 x 4 outputs, batch 16, not fused, on
   * a device that stores no padding. Every op reads and writes whole tensors of T = 1024 elements.
   */
  @Test
  void trafficIsThatOfEveryOperand() throws IOException {
    Path graph = Files.writeString(folder.resolve("two.txt"), "2\n0 1\n");
    JsonNode description =
        CommandRun.tiny(
                "reference",
                "describe",
                "--json",
                "precision=fp32",
                "fusion=false",
                "network.graph.files=[" + graph + ", " + graph + "]")
            .json();
    JsonNode node = description.get("traffic").get("stage1.node1");
    int tensor = 16 * 4 * 4 * 4;
    int forward = (2 * tensor + 2) + 2 * tensor + (2 * tensor + 36) + (2 * tensor + 16);
    int normalization = 2 * tensor + 4 * 4 + 2 * 4;
    int normalizationGradient = 3 * tensor + 3 * 4 + 2 * 4;
    int pointwiseGradients = (2 * tensor + 16) + (2 * tensor + 16);
    int depthwiseGradients = (2 * tensor + 36) + (2 * tensor + 36);
    int reluGradient = 3 * tensor;
    int sumGradients = (2 * tensor + 2) + (2 * tensor + 1 + 1 + 1);
    int elements =
        forward
            + normalization
            + normalizationGradient
            + pointwiseGradients
            + depthwiseGradients
            + reluGradient
            + sumGradients;
    assertEquals(4 * elements, node.get("bytes").intValue());
    assertEquals(4 * tensor, node.get("outputBytes").intValue());
    assertEquals(elements / (double) tensor, node.get("tensors").doubleValue(), 1e-12);
  }

  @ParameterizedTest
  @ValueSource(strings = {"reference", "cpu"})
  void trafficOfTheNodesAddsUp(String device) {
    JsonNode description = CommandRun.tiny(device, "describe", "--json").json();
    long sum = 0;
    double tensors = 0;
    int nodes = 0;
    for (var node : description.get("traffic").properties()) {
      sum += node.getValue().get("bytes").longValue();
      if (node.getKey().startsWith("stage") && node.getKey().contains(".")) {
        tensors += node.getValue().get("tensors").doubleValue();
        nodes++;
      }
    }
    assertEquals(description.get("trafficBytes").longValue(), sum);
    assertEquals(12, nodes);
    assertEquals(tensors / nodes, description.get("trafficPerNode").doubleValue(), 1e-9);
    assertTrue(description.get("planSeconds").doubleValue() > 0);
  }

  @Test
  void fusionMovesFewerBytes() {
    long fused =
        CommandRun.tiny("cpu", "describe", "--json").json().get("trafficBytes").longValue();
    long plain =
        CommandRun.tiny("cpu", "describe", "--json", "fusion=false")
            .json()
            .get("trafficBytes")
            .longValue();
    assertTrue(fused < plain, fused + " of " + plain);
  }

  @Test
  void readsNoData() {
    CommandRun described =
        CommandRun.of("describe", "device=reference", "data.path=" + folder.resolve("absent"));
    assertEquals(0, described.status(), described.err());
    assertTrue(described.out().contains("multiply-adds"), described.out());
    assertTrue(described.out().contains("\nstage2 "), described.out());
  }

  @Test
  void pictureDependsOnTheGraphsAlone() throws IOException {
    Path narrow = folder.resolve("narrow.svg");
    Path wide = folder.resolve("wide.svg");
    CommandRun.tiny("reference", "describe", "--json", "--svg", narrow.toString()).json();
    CommandRun.tiny("reference", "describe", "--json", "--svg", wide.toString(), "training.ema=0.5")
        .json();
    String svg = Files.readString(narrow);
    assertEquals(svg, Files.readString(wide));
    assertEquals(12, svg.split("<circle ", -1).length - 1);
  }

  @Test
  void aPictureThatNobodyCouldReadIsRefused() {
    String line =
        CommandRun.of(
                "describe",
                "device=reference",
                "network.graph.nodes=400",
                "network.graph.generator=er",
                "network.graph.p=0.5",
                "--svg",
                folder.resolve("x.svg").toString())
            .refusal(ExitStatus.USAGE);
    assertTrue(line.startsWith("--svg: "), line);
  }

  @Test
  void everyKeyIsListed() {
    CommandRun help = CommandRun.of("describe", "--help-config");
    assertEquals(0, help.status());
    assertEquals(ConfigSchema.paths(), help.out().lines().map(line -> line.split(" ")[0]).toList());
  }

  @Test
  void aDeviceThatIsNotHereIsSaid() {
    String line = CommandRun.of("describe", "device=cuda").refusal(ExitStatus.DEVICE);
    assertTrue(line.startsWith("command line: device: cuda: "), line);
  }

  @Test
  void aMissingConfigurationIsNamed() {
    Path absent = folder.resolve("absent.yaml");
    String line = CommandRun.of("describe", absent.toString()).refusal(ExitStatus.USAGE);
    assertTrue(line.startsWith(absent.toString()), line);
  }

  @Test
  void matchFindsTheChannelsOfANumberOfMultiplyAdds() {
    CommandRun run =
        CommandRun.of(
            "describe",
            "--json",
            "--match",
            "60M",
            "network.name=randwire-cifar",
            "network.nodeOp=dense",
            "device=reference");
    assertEquals(60e6, run.json().get("multiplyAdds").asDouble(), 0.05 * 60e6);
    assertEquals("network.channels=" + run.json().get("channels"), run.err().strip());
  }

  @Test
  void whatCannotBeMatchedIsRefused() {
    assertEquals(
        "--match: expected multiply-adds such as 583M, found 'many'",
        CommandRun.tiny("reference", "describe", "--match", "many").refusal(ExitStatus.USAGE));
    assertEquals(
        "--match: resnet-56 has no channel base to change; the randwire networks have",
        CommandRun.of("describe", "--match", "1M", "network.name=resnet-56")
            .refusal(ExitStatus.USAGE));
  }
}
