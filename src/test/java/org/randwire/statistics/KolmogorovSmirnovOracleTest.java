// SPDX-License-Identifier: Apache-2.0
package org.randwire.statistics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.randwire.data.TestData;
import tools.jackson.databind.JsonNode;

/** The two-sample test against SciPy's, on made and on real samples. */
class KolmogorovSmirnovOracleTest {

  static Stream<JsonNode> cases() {
    return Oracle.read("ks_2samp.json").get("cases").valueStream();
  }

  @ParameterizedTest
  @MethodSource("cases")
  void agreesWithScipy(JsonNode one) {
    double[] x = Oracle.doubles(one.get("x"));
    double[] y = Oracle.doubles(one.get("y"));
    for (Alternative alternative : Alternative.values()) {
      String key = alternative.name().toLowerCase(java.util.Locale.ROOT).replace("_", "-");
      String what = one.get("name").asString() + ", " + key;
      JsonNode expected = one.get(key).get("exact");
      KolmogorovSmirnov.Result actual =
          KolmogorovSmirnov.withDefaults().with(alternative).test(x, y);
      Oracle.near(Math.abs(expected.get("statistic").asDouble()), actual.d(), Oracle.EXACT, what);
      double p = expected.get("pvalue").asDouble();
      Oracle.near(p, actual.p(), Oracle.P_VALUE, what);
      assertEquals(p, actual.p(), 1e-6 * p, what + ", relative");
      assertEquals(one.get("ties").asBoolean(), actual.ties() > 0, what);
      assertTrue(
          actual.pGivenTies() <= actual.p() * (1 + 1e-9),
          () -> what + ": ties can only make it smaller, " + actual);
      if (actual.ties() == 0) {
        assertEquals(actual.p(), actual.pGivenTies(), what);
      }
    }
  }

  @Test
  void agreesWithScipyOnRealPopulations() throws IOException {
    Map<String, double[]> groups = groups();
    JsonNode pairs = Oracle.read("real_population_ks.json").get("pairs");
    assertEquals(171, pairs.size());
    for (JsonNode pair : pairs) {
      String x = pair.get("x").asString();
      String y = pair.get("y").asString();
      KolmogorovSmirnov.Result actual =
          KolmogorovSmirnov.withDefaults().test(groups.get(x), groups.get(y));
      String what = x + " and " + y;
      Oracle.near(pair.get("D").asDouble(), actual.d(), Oracle.EXACT, what);
      Oracle.near(pair.get("p_exact").asDouble(), actual.p(), Oracle.P_VALUE, what);
    }
  }

  /** Errors by family, and by family and number of nodes, which is the last but one of a name. */
  private static Map<String, double[]> groups() throws IOException {
    List<String[]> rows =
        Files.readAllLines(TestData.require("populations/random_graph_networks_cifar10.csv"))
            .stream()
            .map(line -> line.split(",", -1))
            .toList();
    int nodes = List.of(rows.get(0)).indexOf("num_nodes");
    Map<String, double[]> groups = new HashMap<>();
    JsonNode wanted = Oracle.read("real_population_ks.json").get("groups");
    for (String name : wanted.propertyNames()) {
      String family = name.replaceAll("_[0-9]+$", "");
      String count = name.equals(family) ? "" : name.substring(family.length() + 1);
      double[] errors =
          rows.stream()
              .skip(1)
              .filter(row -> row[1].equals(family))
              .filter(row -> count.isEmpty() || row[nodes].equals(count))
              .mapToDouble(row -> Double.parseDouble(row[3]))
              .toArray();
      assertEquals(wanted.get(name).get("n").asInt(), errors.length, name);
      groups.put(name, errors);
    }
    return groups;
  }

  @Test
  void largeSamplesFollowKolmogorovsLimit() {
    // With 20,000 against 20,000 the limit's argument is 100 D: 0.05 is ten steps.
    int n = 20_000;
    double[] x = IntStream.range(0, n).asDoubleStream().toArray();
    for (JsonNode point : Oracle.read("special_functions.json").get("kolmogorov_sf")) {
      double argument = point.get(0).asDouble();
      double steps = Math.rint(argument * 200);
      double[] y = Arrays.stream(x).map(v -> v + steps - 0.5).toArray();
      KolmogorovSmirnov.Result actual = KolmogorovSmirnov.withDefaults().test(x, y);
      assertEquals(steps / n, actual.d(), Oracle.EXACT);
      assertEquals(KolmogorovSmirnov.Method.ASYMPTOTIC, actual.method());
      // Commons' limit is the exact law of one sample of n m / (n + m), beside the plain limit.
      assertEquals(point.get(1).asDouble(), actual.p(), 0.01, "at " + argument);
    }
  }
}
