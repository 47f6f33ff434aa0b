// SPDX-License-Identifier: Apache-2.0
package org.randwire.statistics;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.randwire.data.TestData;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Distribution functions, weights and what follows from them, against stats/edf.json. */
class EdfOracleTest {

  private static final double[] SCALES = {1e-6, 1e-9};

  private static JsonNode oracle() {
    return Oracle.read("edf.json");
  }

  private static double[] column(String population, String column) {
    double[] values = Oracle.doubles(oracle().get("populations").get(population).get(column));
    double scale =
        switch (column) {
          case "params" -> SCALES[0];
          case "flops" -> SCALES[1];
          default -> 1;
        };
    return Arrays.stream(values).map(v -> scale == 1 ? v : v * scale).toArray();
  }

  private static ComplexityWeights weights(JsonNode entry, String population) {
    double[] range = Oracle.doubles(entry.get("range"));
    return ComplexityWeights.of(
        column(population, entry.get("complexity").asString()),
        range[0],
        range[1],
        entry.get("bins").asInt());
  }

  static Stream<String> populations() {
    return oracle().get("populations").propertyNames().stream();
  }

  @ParameterizedTest
  @MethodSource("populations")
  void unweightedFunctionsAgree(String name) {
    check(oracle().get("unweighted").get(name), Sample.of(column(name, "error")), name);
  }

  static Stream<JsonNode> normalised() {
    return oracle().get("normalised").valueStream();
  }

  @ParameterizedTest
  @MethodSource("normalised")
  void normalisedFunctionsAgree(JsonNode entry) {
    String population = entry.get("population").asString();
    String what = population + " by " + entry.get("complexity").asString();
    if (entry.has("error")) {
      EmptyBinException empty =
          assertThrows(EmptyBinException.class, () -> weights(entry, population), what);
      assertTrue(empty.low() < empty.high(), empty.getMessage());
      return;
    }
    ComplexityWeights weights = weights(entry, population);
    assertArrayEquals(Oracle.doubles(entry.get("edges")), weights.edges(), Oracle.EXACT, what);
    assertArrayEquals(
        Oracle.doubles(entry.get("hist")),
        Arrays.stream(weights.histogram()).asDoubleStream().toArray(),
        what);
    for (int bin = 0; bin < weights.bins(); bin++) {
      Oracle.nearRelative(
          entry.get("weight_of_bin").get(bin).asDouble(),
          weights.weightOfBin(bin),
          Oracle.EXACT,
          what);
    }
    first50(entry.get("index_of_first_50_kept"), weights.kept(), what);
    first50(entry.get("bin_of_first_50_kept"), weights.binOfKept(), what);
    check(entry.get("result"), Sample.normalised(column(population, "error"), weights), what);
  }

  private static void first50(JsonNode expected, int[] actual, String what) {
    assertArrayEquals(
        Oracle.doubles(expected), Arrays.stream(actual).limit(50).asDoubleStream().toArray(), what);
  }

  private static void check(JsonNode expected, Sample sample, String what) {
    Edf edf = sample.edf();
    double[] grid = Oracle.doubles(oracle().get("grid"));
    assertEquals(expected.get("n").asInt(), sample.size(), what);
    for (int i = 0; i < grid.length; i++) {
      String at = what + " at " + grid[i];
      Oracle.near(
          expected.get("edf_strict").get(i).asDouble(), edf.strict(grid[i]), Oracle.EXACT, at);
      Oracle.near(
          expected.get("edf_inclusive").get(i).asDouble(),
          edf.inclusive(grid[i]),
          Oracle.EXACT,
          at);
    }
    Oracle.near(expected.get("weighted_mean").asDouble(), sample.mean(), Oracle.EXACT, what);
    assertEquals(expected.get("min").asDouble(), sample.min(), what);
    assertEquals(expected.get("max").asDouble(), sample.max(), what);
    expected
        .get("weighted_quantile_inverse_edf")
        .properties()
        .forEach(
            q ->
                assertEquals(
                    q.getValue().asDouble(),
                    edf.quantile(Double.parseDouble(q.getKey())),
                    what + ", quantile " + q.getKey()));
    expected
        .get("area_up_to")
        .properties()
        .forEach(
            a ->
                Oracle.near(
                    a.getValue().asDouble(),
                    edf.areaUpTo(Double.parseDouble(a.getKey())),
                    Oracle.EXACT,
                    what + ", area up to " + a.getKey()));
    expected
        .get("random_search_expected_min")
        .properties()
        .forEach(
            m -> {
              RandomSearch.Best best = RandomSearch.expected(sample, Integer.parseInt(m.getKey()));
              String which = what + ", best of " + m.getKey();
              Oracle.near(m.getValue().get(0).asDouble(), best.mean(), Oracle.EXACT, which);
              // A standard deviation is the root of a difference, half of the digits.
              Oracle.near(m.getValue().get(1).asDouble(), best.deviation(), 1e-10, which);
            });
  }

  static Stream<JsonNode> comparisons() {
    return oracle().get("comparisons").valueStream();
  }

  @ParameterizedTest
  @MethodSource("comparisons")
  void distancesAgree(JsonNode entry) {
    String pair = entry.get("pair").asString();
    boolean normalised = entry.get("kind").asString().equals("normalised");
    Edf[] both = new Edf[2];
    for (int i = 0; i < 2; i++) {
      String name = pair.substring(i, i + 1);
      double[] errors = column(name, "error");
      both[i] =
          normalised
              ? Sample.normalised(errors, weights(range(entry), name)).edf()
              : Edf.of(errors);
    }
    Edf.Gap gap = both[0].gap(both[1]);
    Oracle.near(entry.get("D").asDouble(), gap.d(), Oracle.EXACT, pair);
    if (entry.has("sign")) {
      assertEquals(entry.get("sign").asInt(), gap.sign(), pair);
    }
    double location = entry.get("location").asDouble();
    Oracle.near(
        gap.d(),
        Math.abs(both[0].inclusive(location) - both[1].inclusive(location)),
        Oracle.EXACT,
        pair + " at " + location);
    if (normalised) {
      Oracle.near(entry.get("D_plus").asDouble(), gap.above(), Oracle.EXACT, pair);
      Oracle.near(entry.get("D_minus").asDouble(), gap.below(), Oracle.EXACT, pair);
    }
  }

  /** A comparison has the range of the normalisation with its complexity and bins. */
  private static JsonNode range(JsonNode comparison) {
    return normalised()
        .filter(n -> n.get("complexity").equals(comparison.get("complexity")))
        .filter(n -> n.get("bins").equals(comparison.get("bins")))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void digitisedFunctionsOfThePaperHaveItsMediansAndGap() {
    JsonNode teaser =
        JsonMapper.shared()
            .readTree(TestData.require("nds/published_summary.json").toFile())
            .get("digitised_teaser");
    Edf resNet = digitised(teaser, "ResNet-B");
    Edf resNext = digitised(teaser, "ResNeXt-B");
    assertEquals(7.37, resNet.quantile(0.5), 0.005);
    assertEquals(6.87, resNext.quantile(0.5), 0.005);
    Edf.Gap gap = resNext.gap(resNet);
    assertEquals(0.19, gap.d(), 0.01);
    assertEquals(6.9, gap.location(), 0.15);
    assertEquals(1, gap.sign());
  }

  /** The published points as steps so small that the curve between them is a straight line. */
  private static Edf digitised(JsonNode teaser, String space) {
    var points = new TreeMap<Double, Double>();
    teaser
        .get("cumulative_probability_at_error")
        .get(space)
        .properties()
        .forEach(p -> points.put(Double.parseDouble(p.getKey()), p.getValue().asDouble()));
    teaser
        .get("error_at_cumulative_probability")
        .get(space)
        .properties()
        .forEach(p -> points.put(p.getValue().asDouble(), Double.parseDouble(p.getKey())));
    double[] errors = points.keySet().stream().mapToDouble(d -> d).toArray();
    double[] chances = points.values().stream().mapToDouble(d -> d).toArray();
    int steps = 400;
    double[] values = new double[(errors.length - 1) * steps + 2];
    double[] weights = new double[values.length];
    values[0] = errors[0];
    weights[0] = chances[0];
    for (int i = 0; i + 1 < errors.length; i++) {
      for (int s = 1; s <= steps; s++) {
        int at = i * steps + s;
        values[at] = errors[i] + (errors[i + 1] - errors[i]) * s / steps;
        weights[at] = Math.max(0, chances[i + 1] - chances[i]) / steps;
      }
    }
    values[values.length - 1] = errors[errors.length - 1] + 1;
    weights[values.length - 1] = 1 - Arrays.stream(weights).sum();
    return Edf.weighted(values, weights);
  }
}
