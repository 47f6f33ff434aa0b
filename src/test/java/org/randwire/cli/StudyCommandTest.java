// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

class StudyCommandTest {

  @TempDir private Path folder;

  @Test
  void minimaMisleadWhereDistributionsDoNot() {
    JsonNode numbers =
        CommandRun.of("study", "figure-2", "--json", "--count", "8000")
            .json()
            .get("figure-2")
            .get("numbers");
    // The least of 1,100 is among the 1,000 in 10 of 11 draws.
    assertEquals(10.0 / 11, numbers.get("largeWins").asDouble(), 0.02);
    assertTrue(numbers.get("p").asDouble() > 0.01, () -> numbers.toString());
  }

  @Test
  void populationsCanBeRead() throws IOException {
    StringBuilder csv = new StringBuilder("error\n");
    for (int i = 0; i < 2000; i++) {
      csv.append(5 + i % 500 / 100.0).append('\n');
    }
    Path file = Files.writeString(folder.resolve("mine.csv"), csv);
    JsonNode result =
        CommandRun.of("study", "figure-7", "--json", "--population", "ResNet=" + file).json();
    JsonNode numbers = result.get("figure-7").get("numbers");
    assertTrue(result.get("populations").asString().contains("mine.csv"));
    assertTrue(numbers.has("d1024"));
    assertTrue(!numbers.has("d2048"), "there are 2,000 models");
  }

  @Test
  void chartsAndPageAreWritten() throws IOException {
    Path page = folder.resolve("study.html");
    Path charts = folder.resolve("charts");
    CommandRun run =
        CommandRun.of(
            "study",
            "figure-5",
            "figure-15",
            "--count",
            "3000",
            "--html",
            page.toString(),
            "--charts",
            charts.toString());
    assertEquals(0, run.status(), run.err());
    String html = Files.readString(page);
    assertTrue(html.contains("Figure 5") && html.contains("Figure 15"));
    for (String chart : List.of("figure-5-histogram-params", "figure-15-buckets-flops")) {
      assertTrue(Files.exists(charts.resolve(chart + ".svg")), chart);
      assertTrue(html.contains("id=\"" + chart + "\""), chart);
    }
  }

  @Test
  void saysWhereModelsAreTooFew() throws IOException {
    StringBuilder csv = new StringBuilder("error,params,flops\n");
    for (int i = 0; i < 50; i++) {
      csv.append("7,").append(30_000 + 1000 * i).append(",9000000\n");
    }
    Path file = Files.writeString(folder.resolve("few.csv"), csv);
    String refused =
        CommandRun.of("study", "figure-3", "--population", "ResNeXt-A=" + file)
            .refusal(ExitStatus.DATA);
    assertTrue(
        refused.startsWith("ResNeXt-A, by params: bin 4 of 40, complexity 82700 to 103600"),
        refused);
  }

  @Test
  void namesTheNearestStudyAndSpace() {
    assertEquals(
        "unknown study 'figur-7'; did you mean 'figure-7'?",
        CommandRun.of("study", "figur-7").refusal(ExitStatus.USAGE));
    assertEquals(
        "unknown space 'ResNext-A'; did you mean 'ResNeXt-A'?",
        CommandRun.of("study", "--population", "ResNext-A=x.csv").refusal(ExitStatus.USAGE));
    assertEquals(
        "--count: expected 2000 to 1000000, found 5",
        CommandRun.of("study", "--count", "5").refusal(ExitStatus.USAGE));
  }

  @Test
  @Tag("slow")
  void allFiguresOf25000ModelsComeNearTheTruth() {
    JsonNode all = CommandRun.of("study", "--json").json();
    assertEquals(
        10,
        Stream.of(all)
            .flatMap(a -> a.propertyNames().stream())
            .filter(n -> n.startsWith("figure"))
            .count());
    assertEquals(0.91, all.get("figure-2").get("numbers").get("largeWins").asDouble(), 0.02);
    for (String figure : List.of("figure-3", "figure-6", "figure-9", "figure-11")) {
      for (JsonNode numbers : all.get(figure).get("numbers")) {
        if (numbers.has("distanceFromTruth")) {
          assertTrue(numbers.get("distanceFromTruth").asDouble() < 0.02, () -> figure + numbers);
        }
      }
    }
    JsonNode figure3 = all.get("figure-3").get("numbers");
    double plain = figure3.get("plainD").asDouble();
    double equal = figure3.get("params").get("d").asDouble();
    assertTrue(equal > 0.02 && equal < plain / 2, "a small gap is left: " + figure3);
  }
}
