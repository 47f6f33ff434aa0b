// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** The commands on networks whose stages are not randomly wired. */
class ResNetRunTest {

  private static final String VANILLA = "network={name: vanilla, depths: [1, 2], widths: [4, 6]}";
  private static final String RESNET = "network={name: resnet, depths: [1, 2], widths: [4, 6]}";
  private static final String RESNEXT =
      "network={name: resnext, depths: [1, 2], widths: [4, 6], bottleneckRatios: [1, 2],"
          + " groups: [2, 3]}";

  @TempDir Path folder;

  private static CommandRun run(List<String> command, String network) {
    List<String> arguments = new ArrayList<>(command);
    arguments.addAll(
        List.of(
            network,
            "device=cpu",
            "threads=2",
            "data={name: synthetic, size: 8, classes: 4, examples: 64, batch: 16}",
            "training={epochs: 2, augment: none}"));
    return CommandRun.of(arguments.toArray(String[]::new));
  }

  @ParameterizedTest
  @ValueSource(strings = {VANILLA, RESNET, RESNEXT})
  void aTrainedRunIsEvaluatedFromItsFolder(String network) throws Exception {
    String output = folder.resolve("run").toString();
    JsonNode trained = run(List.of("train", "--json", "--output", output), network).json();
    assertEquals(8, trained.get("steps").intValue(), trained.toString());
    JsonNode evaluated = CommandRun.of("evaluate", "--json", output).json();
    assertEquals(trained.get("lastTestLoss"), evaluated.get("testLoss"), evaluated.toString());
    assertTrue(Files.readString(folder.resolve("run/config.yaml")).contains("depths: [1, 2]\n"));
  }

  @ParameterizedTest
  @ValueSource(strings = {VANILLA, RESNET, RESNEXT})
  void theStepIsMeasured(String network) {
    JsonNode result =
        run(List.of("bench", "--json", "--steps", "2", "--warmup", "1"), network).json();
    assertTrue(result.get("imagesPerSecond").doubleValue() > 0, result.toString());
    assertTrue(result.get("kernels").size() > 5, result.toString());
  }
}
