// SPDX-License-Identifier: Apache-2.0
package org.randwire.statistics;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.apache.commons.math3.distribution.BinomialDistribution;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** Correlations, quantiles and the distributions behind them, against SciPy and NumPy. */
class StatisticsOracleTest {

  @Test
  void correlationsAgree() {
    for (JsonNode one : Oracle.read("rank_and_quantile.json").get("correlation")) {
      double[] x = Oracle.doubles(one.get("x"));
      double[] y = Oracle.doubles(one.get("y"));
      check(one.get("pearson"), Correlation.pearson(x, y));
      check(one.get("spearman"), Correlation.spearman(x, y));
    }
  }

  private static void check(JsonNode expected, Correlation actual) {
    Oracle.near(expected.get(0).asDouble(), actual.coefficient(), Oracle.EXACT, "coefficient");
    Oracle.near(expected.get(1).asDouble(), actual.p(), Oracle.P_VALUE, "p");
  }

  @Test
  void quantilesAgree() {
    for (JsonNode one : Oracle.read("rank_and_quantile.json").get("quantiles")) {
      Quantiles quantiles = Quantiles.of(Oracle.doubles(one.get("x")));
      one.get("quantile_linear")
          .properties()
          .forEach(
              q ->
                  Oracle.near(
                      q.getValue().asDouble(),
                      quantiles.at(Double.parseDouble(q.getKey())),
                      Oracle.EXACT,
                      q.getKey()));
    }
  }

  @Test
  void binomialLawOfThePowerPlanAgrees() {
    for (JsonNode one : Oracle.read("special_functions.json").get("binom_cdf")) {
      BinomialDistribution law =
          new BinomialDistribution(null, one.get(1).asInt(), one.get(2).asDouble());
      assertEquals(
          one.get(3).asDouble(), law.cumulativeProbability(one.get(0).asInt()), Oracle.P_VALUE);
    }
  }
}
