// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

class SummaryCommandTest {

  @TempDir Path folder;

  private String run(String name, String preset, double top1, double top5) throws IOException {
    Path run = Files.createDirectories(folder.resolve(name));
    Files.writeString(run.resolve("config.yaml"), "seed: 1\n");
    Files.writeString(
        run.resolve("result.json"),
        """
        {"state": "done", "network": "%s#0123", "data": "imagefolder", "size": 224,
         "classes": 1000, "lastTestError": %s, "lastTestTop5Error": %s, "params": 5600000,
         "multiplyAdds": 583000000}
        """
            .formatted(preset, top1, top5));
    return run.toString();
  }

  @Test
  void runsOfANetworkStandBesideThePapersRow() throws IOException {
    String first = run("a", "randwire-small", 0.25, 0.08);
    String second = run("b", "randwire-small", 0.26, 0.07);
    String third = run("c", "randwire-small", 0.27, 0.09);

    JsonNode rows = CommandRun.of("summary", "--json", first, second, third).json().get("networks");
    assertEquals(1, rows.size());
    assertEquals(3, rows.get(0).get("runs").intValue());
    assertEquals(0.26, rows.get(0).get("top1Error").doubleValue(), 1e-12);
    assertEquals(0.01, rows.get(0).get("top1ErrorDeviation").doubleValue(), 1e-12);
    assertEquals(0.08, rows.get(0).get("top5Error").doubleValue(), 1e-12);
    JsonNode paper = rows.get(0).get("paper");
    assertEquals("Xie et al. 2019, Table 2", paper.get("source").stringValue());
    assertEquals(0.253, paper.get("top1Error").doubleValue(), 1e-12);
    assertEquals(0.0025, paper.get("top1ErrorDeviation").doubleValue(), 1e-12);
    assertEquals(0.078, paper.get("top5Error").doubleValue(), 1e-12);

    String text = CommandRun.of("summary", first, second, third).out();
    assertTrue(text.contains("3 runs "), text);
    assertTrue(text.contains("26.00 ± 1.00"), text);
    assertTrue(text.contains("25.30 ± 0.25"), text);
  }

  @Test
  void differentNetworksAreDifferentRowsAndOneRunHasNoSpread() throws IOException {
    String small = run("a", "randwire-small", 0.25, 0.08);
    String large = run("b", "randwire-regular-154", 0.2, 0.05);
    JsonNode rows = CommandRun.of("summary", "--json", small, large).json().get("networks");
    assertEquals(2, rows.size());
    assertEquals("randwire-regular-154", rows.get(0).get("network").stringValue());
    assertFalse(rows.get(0).has("top1ErrorDeviation"));
    assertEquals(0.199, rows.get(0).get("paper").get("top1Error").doubleValue(), 1e-12);
  }

  @Test
  void theLargeTestIsARowOfItsOwn() throws IOException {
    Path tested =
        Files.writeString(
            folder.resolve("large.json"),
            """
            {"network": "randwire-regular-154#01", "data": "imagefolder", "size": 320,
             "classes": 1000, "testError": 0.18, "testTop5Error": 0.04}
            """);
    JsonNode rows = CommandRun.of("summary", "--json", tested.toString()).json().get("networks");
    assertEquals("Xie et al. 2019, Table 4", rows.get(0).get("paper").get("source").stringValue());
  }

  @Test
  void aRunOfOtherDataHasNoRowOfThePaper() {
    Path run = folder.resolve("run");
    CommandRun.train("reference", run);
    JsonNode row = CommandRun.of("summary", "--json", run.toString()).json().get("networks").get(0);
    assertEquals("synthetic", row.get("data").stringValue());
    assertFalse(row.has("paper"));
  }

  @Test
  void whatIsNoResultIsRefused() throws IOException {
    Path absent = folder.resolve("absent");
    assertEquals(
        absent + ": no such file or folder",
        CommandRun.of("summary", absent.toString()).refusal(ExitStatus.DATA));
    Path text = Files.writeString(folder.resolve("x.json"), "[1, 2");
    String expected =
        ": expected result.json of a run or what evaluate --json printed, found neither";
    assertEquals(
        text + expected, CommandRun.of("summary", text.toString()).refusal(ExitStatus.DATA));
    Files.writeString(text, "{\"network\": \"a\"}");
    assertEquals(
        text + expected, CommandRun.of("summary", text.toString()).refusal(ExitStatus.DATA));
    Path run = Files.createDirectories(folder.resolve("run"));
    Files.writeString(run.resolve("config.yaml"), "seed: 1\n");
    assertEquals(
        run + ": no result yet; go on with: randwire train --resume " + run,
        CommandRun.of("summary", run.toString()).refusal(ExitStatus.DATA));
  }
}
