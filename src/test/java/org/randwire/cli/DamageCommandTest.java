// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class DamageCommandTest {

  @TempDir Path folder;

  private Path run(String device, String... settings) {
    Path run = folder.resolve("run");
    CommandRun.train(device, run, settings);
    return run;
  }

  private static Path file(Path run) {
    return run.resolve("damage.jsonl");
  }

  private static List<JsonNode> lines(Path run) throws IOException {
    return Files.readAllLines(file(run)).stream().map(JsonMapper.shared()::readTree).toList();
  }

  @ParameterizedTest
  @ValueSource(strings = {"reference", "cpu"})
  void everyNodeAndEdgeIsALineAndTheStudyCountsThem(String device) throws IOException {
    Path run = run(device);
    JsonNode evaluated = CommandRun.of("evaluate", "--json", run.toString()).json();
    JsonNode stages = CommandRun.tiny(device, "describe", "--json").json().get("stages");

    JsonNode study = CommandRun.of("study", "damage", "--json", run.toString()).json();

    List<JsonNode> lines = lines(run);
    int edges = stages.get(0).get("edges").asInt() + stages.get(1).get("edges").asInt();
    assertEquals(1 + 12 + edges, lines.size());
    assertEquals("WS(4, 0.75)", lines.get(0).get("family").asString());
    assertEquals(evaluated.get("testLoss").doubleValue(), lines.get(0).get("loss").doubleValue());
    JsonNode family = study.get("numbers").get("WS(4, 0.75)");
    assertEquals(12, family.get("nodeRemovals").asInt());
    assertEquals(edges, family.get("edgeRemovals").asInt());
    assertEquals(1 - evaluated.get("testError").doubleValue(), family.get("accuracy").asDouble());
    double whole = lines.get(0).get("error").asDouble();
    double mean =
        lines.stream()
            .skip(1)
            .filter(line -> line.get("removed").asString().equals("edge"))
            .mapToDouble(line -> line.get("error").asDouble() - whole)
            .average()
            .orElseThrow();
    assertEquals(mean, family.get("edgeLoss").asDouble(), 1e-12);
    assertTrue(study.get("evaluated").asString().contains("the first 6 test images"));
  }

  @Test
  void aStudyCutShortGoesOn() throws IOException {
    Path run = run("reference");
    String printed = CommandRun.of("study", "damage", "--json", run.toString()).out();
    byte[] whole = Files.readAllBytes(file(run));

    byte[] torn = java.util.Arrays.copyOf(whole, whole.length * 2 / 3);
    Files.write(file(run), torn);
    CommandRun again = CommandRun.of("study", "damage", "--json", run.toString());

    assertEquals(printed, again.out());
    assertEquals(
        Files.readString(file(run)), new String(whole, java.nio.charset.StandardCharsets.UTF_8));
    assertTrue(again.err().matches("(?s).*run: [0-9]+ removals in [0-9]+ s\\R"), again.err());
    CommandRun done = CommandRun.of("study", "damage", "--json", run.toString());
    assertEquals("", done.err(), "nothing is left to compute");
    JsonNode alone = CommandRun.of("study", "damage", "--json", file(run).toString()).json();
    assertEquals(JsonMapper.shared().readTree(printed).get("numbers"), alone.get("numbers"));
  }

  @Test
  void fewerImagesAreSaidAndKeptApart() throws IOException {
    Path run = run("reference");
    CommandRun few = CommandRun.of("study", "damage", run.toString(), "--limit", "4", "threads=1");
    assertEquals(0, few.status(), few.err());
    assertTrue(few.out().contains("the first 4 test images"), few.out());
    assertEquals(4, lines(run).get(0).get("images").asInt());
    String refused = CommandRun.of("study", "damage", run.toString()).refusal(ExitStatus.USAGE);
    assertEquals(
        file(run)
            + " holds removals with limit 4, asked for 0; ask for the same or move the file away",
        refused);
  }

  @Test
  void pageAndChartsAreWritten() throws IOException {
    Path run = run("reference");
    Path page = folder.resolve("damage.html");
    CommandRun done =
        CommandRun.of(
            "study",
            "damage",
            run.toString(),
            "--html",
            page.toString(),
            "--charts",
            folder.toString());
    assertEquals(0, done.status(), done.err());
    String html = Files.readString(page);
    assertTrue(html.contains("id=\"damage-nodes\"") && html.contains("randwire study damage"));
    assertTrue(Files.exists(folder.resolve("damage-edges.svg")));
  }

  @Test
  void whatCannotBeDamagedIsRefusedBeforeAnythingIsComputed() throws IOException {
    Path run = run("reference");
    Path absent = folder.resolve("absent");
    assertEquals(
        absent + ": no such file or folder",
        CommandRun.of("study", "damage", run.toString(), absent.toString())
            .refusal(ExitStatus.DATA));
    assertTrue(Files.notExists(file(run)));
    assertTrue(
        CommandRun.of("study", "damage", folder.toString())
            .refusal(ExitStatus.USAGE)
            .contains("holds no run"));
    assertEquals(
        run + ": its run is named twice",
        CommandRun.of("study", "damage", run.toString(), run.toString()).refusal(ExitStatus.USAGE));
    assertEquals(
        "--limit: expected a number of images, found -1",
        CommandRun.of("study", "damage", run.toString(), "--limit", "-1")
            .refusal(ExitStatus.USAGE));
    assertTrue(
        CommandRun.of("study", "damage", run.toString(), "network.channels=8")
            .refusal(ExitStatus.USAGE)
            .startsWith("'network.channels=8' would evaluate something else"));
  }

  @Test
  void aNetworkWithoutAGraphIsRefused() {
    Path run = folder.resolve("resnet");
    CommandRun.of(
            "train",
            "--output",
            run.toString(),
            "network={name: resnet, depths: [1], widths: [4]}",
            "device=reference",
            "data.name=synthetic",
            "data.size=8",
            "data.examples=32",
            "data.batch=16",
            "training.epochs=1")
        .status();
    assertEquals(
        run + ": resnet has no random graph to damage; the randwire networks have",
        CommandRun.of("study", "damage", run.toString()).refusal(ExitStatus.USAGE));
  }

  @Test
  void aFileOfSomethingElseIsRefusedByLine() throws IOException {
    Path metrics = run("reference").resolve("metrics.jsonl");
    String line = CommandRun.of("study", "damage", metrics.toString()).refusal(ExitStatus.DATA);
    assertTrue(
        line.startsWith(metrics + ":1: expected a line that study damage wrote, found '{"), line);
    Path text = Files.writeString(folder.resolve("a.jsonl"), "no json\n");
    assertEquals(
        text + ":1: expected a JSON object, found 'no json'",
        CommandRun.of("study", "damage", text.toString()).refusal(ExitStatus.DATA));
    Path empty = Files.writeString(folder.resolve("b.jsonl"), "");
    assertEquals(
        empty + " holds no removed node or no removed edge; name its run to go on",
        CommandRun.of("study", "damage", empty.toString()).refusal(ExitStatus.DATA));
  }

  @Test
  void aMisspeltStudyIsNamed() {
    assertEquals(
        "unknown study 'damag'; did you mean 'damage'?",
        CommandRun.of("study", "damag").refusal(ExitStatus.USAGE));
  }
}
