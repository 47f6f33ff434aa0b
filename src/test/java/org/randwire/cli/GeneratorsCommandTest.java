// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
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
import org.randwire.cli.config.SweepConfig;
import org.randwire.cli.config.SweepLoader;
import org.randwire.space.Sampler;
import tools.jackson.databind.JsonNode;

class GeneratorsCommandTest {

  @TempDir Path folder;

  private Path csv(String name, String... rows) throws IOException {
    return Files.writeString(
        folder.resolve(name), "label,error\n" + String.join("\n", rows) + "\n");
  }

  @Test
  void meansAndDeviationsStandBesideThePaper() throws IOException {
    Path file =
        csv(
            "one.csv",
            "er-0.2,0.30",
            "er-0.2,0.32",
            "ba-1,0.40",
            "ba-1,",
            "ws-4-0.75,0.25",
            "ws-4-0.75,0.27");
    JsonNode study = CommandRun.of("study", "generators", "--json", file.toString()).json();
    JsonNode er = study.get("numbers").get("ER(0.2)").get("accuracy");
    assertEquals(0.69, er.get("mean").asDouble(), 1e-12);
    assertEquals(Math.sqrt(2) * 0.01, er.get("deviation").asDouble(), 1e-12);
    JsonNode paper = study.get("numbers").get("accuracy with the paper");
    assertEquals(1, paper.get("spearman").get("coefficient").asDouble(), 1e-12);
    assertEquals(1, paper.get("kendall").get("coefficient").asDouble(), 1e-12);
    // of (0.69, 0.60, 0.74) and (73.4, 70.7, 73.8)
    assertEquals(0.97104598, paper.get("pearson").get("coefficient").asDouble(), 1e-5);
    String text = CommandRun.of("study", "generators", file.toString()).out();
    assertTrue(text.contains("accuracy: 1 failed"), text);
    assertTrue(text.contains("73.8"), text);
    assertTrue(text.contains("69.00 ± 1.41"), text);
  }

  @Test
  void seriesOfOneFileAndOfSeveralAreTheSame() throws IOException {
    String[] separable = {
      "er-0.2_separable,0.30", "ba-5_separable,0.31", "ws-4-0.75_separable,0.28"
    };
    String[] dense = {"er-0.2_dense,0.35", "ba-5_dense,0.37", "ws-4-0.75_dense,0.34"};
    Path both =
        csv("both.csv", Stream.of(separable, dense).flatMap(Stream::of).toArray(String[]::new));
    JsonNode one = CommandRun.of("study", "generators", "--json", both.toString()).json();
    JsonNode pair = one.get("numbers").get("separable with dense");
    assertEquals(1, pair.get("spearman").get("coefficient").asDouble(), 1e-12);
    JsonNode difference = one.get("numbers").get("separable less dense");
    assertEquals(0.17 / 3, difference.get("difference").asDouble(), 1e-12);
    assertEquals(0.1, difference.get("p").asDouble(), 1e-12); // 2 in 20

    for (String[] series : List.of(separable, dense)) {
      for (int i = 0; i < series.length; i++) {
        series[i] = series[i].replaceFirst("_[a-z]+", "");
      }
    }
    JsonNode two =
        CommandRun.of(
                "study",
                "generators",
                "--json",
                csv("separable.csv", separable).toString(),
                csv("dense.csv", dense).toString())
            .json();
    assertEquals(one.get("numbers"), two.get("numbers"));
  }

  @Test
  void chartHasABarPerSettingAndOwnLabelsStay() throws IOException {
    Path file = csv("mine.csv", "er,0.3", "ba,0.32", "resnet,0.4");
    CommandRun run =
        CommandRun.of(
            "study", "generators", file.toString(), "--charts", folder.resolve("c").toString());
    assertEquals(0, run.status(), run.err());
    String svg = Files.readString(folder.resolve("c").resolve("generators-accuracy.svg"));
    assertTrue(svg.contains(">resnet</text>") && svg.contains(">er</text>"), svg);
    assertFalse(run.out().contains("the paper "), "no setting of the paper: " + run.out());
  }

  @Test
  void whatHasNoLabelsIsRefused() throws IOException {
    Path file = Files.writeString(folder.resolve("a.csv"), "labels,error\nx,0.1\n");
    String line = CommandRun.of("study", "generators", file.toString()).refusal(ExitStatus.DATA);
    assertTrue(line.contains("label") && line.contains("did you mean 'labels'?"), line);
    Path failed = csv("failed.csv", "er-0.2,");
    CommandRun.of("study", "generators", failed.toString()).refusal(ExitStatus.DATA);
  }

  @ParameterizedTest
  @ValueSource(strings = {"study-generators", "study-node-ops"})
  void exampleSweepsAreRead(String name) {
    SweepConfig sweep = SweepLoader.load(Path.of("examples", name + ".yaml"), List.of());
    assertEquals(name.equals("study-generators") ? 29 : 12, sweep.spaces().size());
  }

  @Test
  void operationsOfTheExampleCostTheSameOnTheSameGraphs() {
    SweepConfig sweep = SweepLoader.load(Path.of("examples/study-node-ops.yaml"), List.of());
    for (int generator = 0; generator < 3; generator++) {
      for (int index = 0; index < 3; index++) {
        double least = Double.MAX_VALUE;
        double most = 0;
        for (int op = 0; op < 4; op++) {
          var space = sweep.spaces().get(3 * op + generator).space();
          var drawn =
              new Sampler(space.space(), 1, space.input(), space.classes(), space.constraint(), 1)
                  .draw(index);
          least = Math.min(least, drawn.complexity().multiplyAdds());
          most = Math.max(most, drawn.complexity().multiplyAdds());
        }
        assertTrue(most / least < 1.07, least + " to " + most);
      }
    }
  }
}
