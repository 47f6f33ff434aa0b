// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.randwire.cli.config.ConfigLoader;
import org.randwire.graph.Dag;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class CompareWiringTest {

  private static final Pattern FIGURE =
      Pattern.compile("<figure>\n<div class=\"scroll\">(.*?)</figcaption>", Pattern.DOTALL);

  private static final Pattern EDGE = Pattern.compile("<title>([0-9]+ to [0-9]+)</title>");

  @TempDir private Path folder;

  /** What the sampler draws of a space, an error added to every line; an empty one is a failure. */
  private Path sampled(String name, String space, String... errors) throws IOException {
    Path file = folder.resolve(name);
    CommandRun run =
        CommandRun.of(
            "sample", space, "--count", String.valueOf(errors.length), "--output", file.toString());
    assertEquals(0, run.status(), run.err());
    List<String> lines = new ArrayList<>();
    for (String line : Files.readAllLines(file)) {
      lines.add(line.replaceFirst("\\{", "{\"error\":\"" + errors[lines.size()] + "\","));
    }
    Files.write(file, lines);
    return file;
  }

  private CommandRun compare(Path a, Path b) {
    return CommandRun.of(
        "compare",
        a.toString(),
        b.toString(),
        "--html",
        folder.resolve("page.html").toString(),
        "--draws",
        "100",
        "--normalise",
        "none");
  }

  private String page(Path a, Path b) throws IOException {
    CommandRun run = compare(a, b);
    assertEquals(0, run.status(), run.err());
    return Files.readString(folder.resolve("page.html"));
  }

  private static List<String> figures(String page) {
    List<String> figures = new ArrayList<>();
    Matcher matcher = FIGURE.matcher(page);
    while (matcher.find()) {
      figures.add(matcher.group(1));
    }
    return figures;
  }

  /** The picture is that of the graph of this line, and the caption says what the line says. */
  private static void assertShows(String figure, String rank, Path file, int line, String error)
      throws IOException {
    String place = file + ":" + line;
    List<Dag> graphs = new RunAssembly(ConfigLoader.load(List.of(place))).stageGraphs();
    Dag largest = graphs.get(0);
    for (Dag graph : graphs) {
      largest = graph.nodes() > largest.nodes() ? graph : largest;
    }
    List<String> expected =
        largest.edges().stream().map(edge -> edge.from() + " to " + edge.to()).sorted().toList();
    List<String> drawn = new ArrayList<>();
    Matcher matcher = EDGE.matcher(figure);
    while (matcher.find()) {
      drawn.add(matcher.group(1));
    }
    assertEquals(expected, drawn.stream().sorted().toList(), place);
    JsonNode row = JsonMapper.shared().readTree(Files.readAllLines(file).get(line - 1));
    String params = String.format(Locale.ROOT, "%,d parameters", row.get("params").asLong());
    String seed = "seed " + row.at("/config/network/graph/seed").asLong();
    String size = largest.nodes() + " nodes, " + largest.edgeCount() + " edges";
    for (String part : List.of(rank, error + " %", params, "#" + line, seed, size)) {
      assertTrue(figure.contains(part), part + " in " + figure);
    }
    assertTrue(figure.endsWith(place), figure);
  }

  @Test
  void showsTheWiringOfTheBestAndTheWorstThatDidNotFail() throws IOException {
    Path a = sampled("a.jsonl", "randwire", "7.5", "", "6.25", "9.75", "8");
    Path b = sampled("b.jsonl", "resnet", "7", "8", "9");
    String page = page(a, b);
    List<String> figures = figures(page);
    assertEquals(2, figures.size(), "none of the ResNets");
    assertShows(figures.get(0), "Best of a", a, 3, "6.25");
    assertShows(figures.get(1), "Worst of a", a, 4, "9.75");
    assertFalse(page.contains("url(http"), "nothing is loaded");
    assertFalse(page.matches("(?s).*\n(text|\\.name|\\.edge) \\{.*"), "no rule for all pictures");
  }

  @Test
  void looksAtRandomlyWiredModelsAlone() throws IOException {
    Path mixed = sampled("mixed.jsonl", "randwire", "7", "8", "9");
    List<String> lines = new ArrayList<>(Files.readAllLines(mixed));
    lines.add(
        "{\"error\":2,\"params\":1,\"multiplyAdds\":1,\"config\":{\"network\":{\"name\":\"resnet-56\"}}}");
    lines.add(
        "{\"error\":99,\"params\":1,\"multiplyAdds\":1,\"config\":{\"network\":{\"name\":\"of another program\"}}}");
    Files.write(mixed, lines);
    Path single = sampled("single.jsonl", "randwire", "5", "", "");
    Files.write(
        single,
        List.of("{\"error\":4,\"params\":1,\"multiplyAdds\":1}"),
        StandardOpenOption.APPEND);
    List<String> figures = figures(page(mixed, single));
    assertEquals(3, figures.size());
    assertShows(figures.get(0), "Best of mixed", mixed, 1, "7.00");
    assertShows(figures.get(1), "Worst of mixed", mixed, 3, "9.00");
    assertShows(figures.get(2), "Only of single", single, 1, "5.00");
  }

  @Test
  void populationsWithoutWiringsShowNothing() throws IOException {
    Path a = Files.writeString(folder.resolve("a.csv"), "error\n7\n8\n9\n");
    Path b = sampled("b.jsonl", "resnet", "7", "8", "9");
    String page = page(a, b);
    assertFalse(page.contains("wiring"), "neither pictures nor their style");
  }

  @Test
  void saysWhichRowHasABadConfiguration() throws IOException {
    Path good = sampled("good.jsonl", "randwire", "7", "8", "9");
    Path bad = sampled("bad.jsonl", "randwire", "7", "8", "9");
    String text = Files.readString(bad);
    Files.writeString(bad, text.replaceAll("\"generator\":\"[a-z]+\"", "\"generator\":\"wx\""));
    String message = refusal(good, bad);
    assertTrue(message.startsWith("bad.jsonl:1:"), message);
    assertTrue(message.contains("network.graph.generator"), message);

    Files.writeString(bad, text.replaceAll("\"nodes\":[0-9]+", "\"nodes\":-3,\"nods\":1"));
    message = refusal(good, bad);
    assertTrue(message.startsWith("bad.jsonl:1:"), message);
    assertTrue(message.contains("'network.graph.nods'"), message);
    assertTrue(message.endsWith("; and 1 more"), message);

    Files.writeString(bad, text.replace("\"randwire-cifar\"", "\"randwire-cifr\""));
    message = refusal(good, bad);
    assertTrue(message.startsWith("bad.jsonl:1:"), message);
    assertTrue(message.contains("network.name"), message);

    String graph = "\"graph\":{\"files\":[\"" + folder.resolve("absent.json") + "\"]}";
    List<String> lines = Arrays.asList(text.split("\n"));
    lines.set(2, lines.get(2).replaceFirst("\"graph\":\\{[^}]*\\}", graph));
    Files.write(bad, lines);
    message = refusal(good, bad);
    assertTrue(message.startsWith("bad.jsonl:3:"), message);
    assertTrue(message.contains("network.graph.files"), message);
  }

  private String refusal(Path good, Path bad) {
    String message = compare(good, bad).refusal(ExitStatus.DATA).replace(folder + "/", "");
    assertFalse(Files.exists(folder.resolve("page.html")), "no page is written");
    return message;
  }
}
