// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.randwire.data.TestData;
import org.randwire.random.PhiloxStream;
import org.randwire.random.Purpose;
import org.randwire.random.RandomStreams;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class CompareCommandTest {

  @TempDir private Path folder;

  private String file(String name, String text) throws IOException {
    return Files.writeString(folder.resolve(name), text).toString();
  }

  /** Networks whose error falls with size; the shift is in points. */
  private String networks(String name, int count, int seed, double shift, int failed)
      throws IOException {
    PhiloxStream random = new RandomStreams(seed).stream(Purpose.GENERATED_POPULATION, 0, 0);
    StringBuilder csv = new StringBuilder("name,params,flops,depth,error,last_error,state\n");
    for (int i = 0; i < count; i++) {
      double size = random.nextDouble();
      double error = 9 + shift - 3 * size + 0.5 * random.nextGaussian();
      boolean fails = i < failed;
      csv.append(
          String.format(
              Locale.ROOT,
              "net %d,%d,%d,%d,%s,%s,%s%n",
              i,
              (long) (1e5 + 9e5 * size),
              (long) (1e7 + 9e7 * size),
              1 + i % 20,
              fails ? "" : String.format(Locale.ROOT, "%.2f", error),
              fails ? "" : String.format(Locale.ROOT, "%.2f", error + 0.1),
              fails ? "diverged" : "done"));
    }
    return file(name, csv.toString());
  }

  private CommandRun compare(String... arguments) {
    return CommandRun.of(
        Stream.concat(Stream.of("compare"), Stream.of(arguments)).toArray(String[]::new));
  }

  private String refusal(ExitStatus status, String... arguments) {
    return compare(arguments).refusal(status).replace(folder + "/", "");
  }

  // Results

  @Test
  void familiesOfRealNetworksComeOutAsInScipy() {
    String data = TestData.require("populations/random_graph_networks_cifar10.csv").toString();
    JsonNode oracle =
        JsonMapper.shared()
            .readTree(TestData.require("stats/real_population_ks.json").toFile())
            .get("pairs");
    JsonNode result = compare(data, "--by", "family", "--json", "--draws", "200").json();
    assertEquals(21, result.get("comparisons").size());
    assertFalse(result.has("ks"), "a pair at the top level stands for one pair only");
    int checked = 0;
    for (JsonNode pair : result.get("comparisons")) {
      for (JsonNode expected : oracle) {
        if (expected.get("x").equals(pair.get("a")) && expected.get("y").equals(pair.get("b"))) {
          assertEquals(expected.get("D").asDouble(), pair.get("ks").get("d").asDouble(), 1e-12);
          assertEquals(
              expected.get("p_exact").asDouble(), pair.get("ks").get("p").asDouble(), 1e-9);
          assertEquals("exact", pair.get("ks").get("method").asString());
          assertEquals("exact given ties", pair.get("ks").get("methodGivenTies").asString());
          checked++;
        }
      }
    }
    assertEquals(21, checked);
  }

  @Test
  void twoFilesGiveTheirPairAtTheTop() throws IOException {
    String a = networks("a.csv", 200, 1, 0, 0);
    String b = networks("b.csv", 150, 2, -0.6, 0);
    JsonNode result = compare(a, b, "--json", "--draws", "200").json();
    assertEquals("a", result.get("a").asString());
    assertEquals("b", result.get("b").asString());
    assertTrue(result.get("ks").get("d").asDouble() > 0.15);
    assertTrue(result.get("ks").get("differ").asBoolean());
    assertTrue(result.get("mannWhitney").get("cliffsDelta").asDouble() > 0);
    assertEquals("params", result.get("settings").get("normalisation").get("measure").asString());
    assertTrue(result.get("normalised").get("p").asDouble() <= 1.0 / 201 + 1e-12);
    assertTrue(result.get("lastEpoch").has("d"));
    double median = result.get("populations").get(0).get("quantiles").get("0.5").asDouble();
    assertTrue(median > 0.05 && median < 0.1, "errors are fractions: " + median);
    double last = result.get("populations").get(0).get("lastEpoch").get("median").asDouble();
    assertEquals(median + 0.001, last, 2e-4);
  }

  @Test
  void equalPopulationsShowNoDifference() throws IOException {
    String a = networks("a.csv", 120, 1, 0, 0);
    String b = networks("b.csv", 120, 2, 0, 0);
    CommandRun run = compare(a, b, "--draws", "200", "--normalise", "none");
    assertEquals(0, run.status(), run.err());
    assertTrue(run.out().contains("a and b: no evidence of a difference"), run.out());
    assertFalse(run.out().contains("At equal"), run.out());
  }

  @Test
  void failuresAreShownAndCounted() throws IOException {
    String a = networks("a.csv", 150, 1, 0, 0);
    String b = networks("b.csv", 150, 1, 0, 45);
    JsonNode result = compare(a, b, "--json", "--draws", "200").json();
    assertEquals(105, result.get("populations").get(1).get("finished").asInt());
    assertEquals(45, result.get("populations").get(1).get("failures").get("diverged").asInt());
    assertFalse(result.get("ks").get("differ").asBoolean());
    assertTrue(result.get("withFailures").get("differ").asBoolean());
    assertEquals(0.3, result.get("withFailures").get("d").asDouble(), 0.02);
    String text = compare(a, b, "--draws", "200").out();
    assertTrue(text.contains("45 failed runs are left out above"), text);
    assertTrue(text.contains("a and b differ only with them"), text);
  }

  @Test
  void lastEpochCanBeTakenInPlaceOfTheLeast() throws IOException {
    String a = networks("a.csv", 60, 1, 0, 0);
    String b = networks("b.csv", 60, 2, 0, 0);
    double least = min(compare(a, b, "--json", "--draws", "100").json());
    double last = min(compare(a, b, "--json", "--draws", "100", "--last").json());
    assertEquals(least + 0.001, last, 1e-9);
  }

  private static double min(JsonNode result) {
    return result.get("populations").get(0).get("min").asDouble();
  }

  @Test
  void normalisesAsTold() throws IOException {
    String a = networks("a.csv", 200, 1, 0, 0);
    String b = networks("b.csv", 200, 2, 0, 0);
    JsonNode by =
        compare(
                a,
                b,
                "--json",
                "--draws",
                "100",
                "--normalise",
                "flops",
                "--bins",
                "4",
                "--range",
                "0.01G:0.1G")
            .json()
            .get("settings")
            .get("normalisation");
    assertEquals("flops", by.get("measure").asString());
    assertEquals(1e7, by.get("low").asDouble());
    assertEquals(1e8, by.get("high").asDouble());
    assertEquals(4, by.get("bins").asInt());
  }

  @Test
  void sameSeedSameBytes() throws IOException {
    String a = networks("a.csv", 80, 1, 0, 2);
    String b = networks("b.csv", 90, 2, -0.3, 0);
    String once = page(a, b, "once.html");
    assertEquals(once.replace("once.html", "again.html"), page(a, b, "again.html"));
    CommandRun other = compare(a, b, "--json", "--seed", "2", "--draws", "100");
    assertFalse(other.out().equals(compare(a, b, "--json", "--draws", "100").out()));
  }

  private String page(String a, String b, String name) throws IOException {
    Path page = folder.resolve(name);
    CommandRun run = compare(a, b, "--html", page.toString(), "--draws", "100");
    assertEquals(0, run.status(), run.err());
    return Files.readString(page);
  }

  @Test
  void pageNeedsNothingFromOutsideAndNamesItsRows() throws IOException {
    String a = networks("a.csv", 80, 1, 0, 3);
    String b = networks("b & co.csv", 90, 2, -0.3, 0);
    String page = page(a, b, "page.html");
    assertFalse(page.contains("<script"), "a page without scripts");
    assertFalse(page.matches("(?s).*(src|href)=\"(?!data:).*"), "nothing is loaded");
    assertFalse(page.contains("url(http"), "nothing is loaded by its style");
    assertTrue(page.contains("prefers-color-scheme: dark"), "light and dark");
    assertTrue(page.contains("@media print"), "print");
    assertTrue(page.contains("b &amp; co"), "names are escaped");
    assertFalse(page.contains("b & co"), "names are escaped");
    // The best model of a is in the table with its line.
    List<String> rows = Files.readAllLines(folder.resolve("a.csv"));
    int best = 0;
    double least = Double.MAX_VALUE;
    for (int i = 1; i < rows.size(); i++) {
      String cell = rows.get(i).split(",", -1)[4];
      if (!cell.isEmpty() && Double.parseDouble(cell) < least) {
        least = Double.parseDouble(cell);
        best = i;
      }
    }
    assertTrue(page.contains(a + ":" + (best + 1)), "line " + (best + 1) + " is named");
  }

  @Test
  void chartsAreWrittenAsPicturesAndData() throws IOException {
    String a = networks("a.csv", 80, 1, 0, 0);
    String b = networks("b.csv", 90, 2, 0, 0);
    Path charts = folder.resolve("charts");
    CommandRun run = compare(a, b, "--charts", charts.toString(), "--draws", "100");
    assertEquals(0, run.status(), run.err());
    List<String> expected = new ArrayList<>();
    for (String chart :
        List.of(
            "buckets-flops",
            "buckets-params",
            "edf",
            "edf-normalised",
            "error-flops",
            "error-params",
            "histogram-flops",
            "histogram-params",
            "random-search",
            "sample-size")) {
      expected.addAll(List.of(chart + ".csv", chart + ".svg", chart + ".vl.json"));
    }
    try (Stream<Path> files = Files.list(charts)) {
      assertEquals(
          expected.stream().sorted().toList(),
          files.map(f -> f.getFileName().toString()).sorted().toList());
    }
  }

  // Bad input

  @Test
  void saysWhatIsWrongWithAFile() throws IOException {
    String good = networks("good.csv", 40, 1, 0, 0);
    String empty = file("empty.csv", "");
    assertEquals("empty.csv: the file is empty", refusal(ExitStatus.DATA, empty, good));
    String nan = file("nan.csv", "name,error\na,7.1\nb,NaN\n");
    assertEquals(
        "nan.csv:3:3: 'error' is NaN; leave it empty if the run failed",
        refusal(ExitStatus.DATA, good, nan));
    String negative = file("negative.csv", "error\n7.1\n-1\n");
    assertEquals(
        "negative.csv:3:1: 'error' must not be negative, found -1",
        refusal(ExitStatus.DATA, good, negative));
    String misspelt = file("misspelt.csv", "name,eror\na,7.1\n");
    assertEquals(
        "misspelt.csv: there is no column 'error'; did you mean 'eror'?",
        refusal(ExitStatus.DATA, good, misspelt));
    String none = file("none.csv", "name,loss\na,7.1\n");
    assertEquals(
        "none.csv: there is no column 'error'; there are name, loss",
        refusal(ExitStatus.DATA, good, none));
    String alone = file("alone.csv", "error\n7.1\n");
    assertEquals(
        "alone (alone.csv): only 1 model with an error; a comparison needs at least 2",
        refusal(ExitStatus.DATA, good, alone));
    String failed = file("failed.csv", "error,state\n,diverged\n,diverged\n");
    assertEquals(
        "failed (failed.csv): no model with an error and 2 failed; a comparison needs at least 2",
        refusal(ExitStatus.DATA, good, failed));
    String mixed = file("mixed.csv", "error\n7.1\n0.071\n");
    assertEquals(
        "mixed.csv:3:1: fractions and percent seem mixed: 0.071 here, 7.1 in row 2;"
            + " set the unit to percent or fraction",
        refusal(ExitStatus.DATA, good, mixed));
    String fractions = file("fractions.csv", "error\n0.071\n0.073\n");
    assertEquals(
        "fractions.csv: its errors look like fractions, those of good.csv like percent;"
            + " set the unit to percent or fraction",
        refusal(ExitStatus.DATA, good, fractions));
    assertEquals(
        "absent.csv: no such file or folder",
        refusal(ExitStatus.DATA, good, folder.resolve("absent.csv").toString()));
  }

  @Test
  void saysWhichBinIsEmptyAndWhatToDo() throws IOException {
    String a = file("a.csv", "error,params\n7,100\n8,200\n9,300\n6,1000\n");
    String b = file("b.csv", "error,params\n7,100\n8,500\n9,300\n6,900\n");
    assertEquals(
        "a, by params: bin 2 of 3, complexity 366.667 to 683.333, holds none of the 3 models in"
            + " the range; use fewer bins or a narrower range",
        refusal(
            ExitStatus.DATA, a, b, "--normalise", "params", "--bins", "3", "--range", "50:1000"));
    String plain = file("plain.csv", "error,flop\n7,100\n8,500\n");
    assertEquals(
        "plain.csv: there is no column 'flops'; did you mean 'flop'?",
        refusal(ExitStatus.DATA, plain, plain, "--normalise", "flops"));
  }

  @Test
  void saysWhatIsWrongWithAnOption() throws IOException {
    String a = networks("a.csv", 40, 1, 0, 0);
    assertEquals(
        "a.csv: one population alone; name a second file or split it with --by COLUMN",
        refusal(ExitStatus.USAGE, a));
    assertEquals(
        "--by: a.csv: there is no column 'stat'; did you mean 'state'?",
        refusal(ExitStatus.USAGE, a, "--by", "stat"));
    assertEquals(
        "--error: a.csv: there is no column 'lasterror2'; did you mean 'last_error'?",
        refusal(ExitStatus.USAGE, a, a, "--error", "lasterror2"));
    assertEquals(
        "--normalise: expected params, flops or none, found 'size'",
        refusal(ExitStatus.USAGE, a, a, "--normalise", "size"));
    assertEquals(
        "--range: expected LOW:HIGH such as 0.02M:0.856M, found '5'",
        refusal(ExitStatus.USAGE, a, a, "--normalise", "params", "--range", "5"));
    assertEquals(
        "--bins and --range need --normalise params or flops, to say of which they are",
        refusal(ExitStatus.USAGE, a, a, "--bins", "5"));
    assertEquals(
        "--alpha: expected a number between 0 and 1, found NaN",
        refusal(ExitStatus.USAGE, a, a, "--alpha", "NaN"));
    assertEquals(
        "--draws: expected 100 to 1000000, found 3",
        refusal(ExitStatus.USAGE, a, a, "--draws", "3"));
    assertTrue(refusal(ExitStatus.USAGE, a, a, "--corection", "bh").contains("'--correction'"));
  }

  @Test
  void theSameFileTwiceIsTwoPopulations() throws IOException {
    String a = networks("a.csv", 40, 1, 0, 0);
    JsonNode result = compare(a, a, "--json", "--draws", "100").json();
    assertEquals(0, result.get("ks").get("d").asDouble());
    assertEquals(1, result.get("ks").get("p").asDouble());
    assertFalse(result.get("a").equals(result.get("b")));
  }
}
