// SPDX-License-Identifier: Apache-2.0
package org.randwire.network.randwire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Locale;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.randwire.graph.WattsStrogatz;
import org.randwire.op.OpGraph;

/**
 * Complexity of the paper's networks. Published (Xie et al. 2019, Tables 2 to 5): 583 +- 6.2 M
 * multiply-adds and 5.6 +- 0.1 M parameters for C = 78, 4.0 B and 31.9 M for C = 109, 7.9 B and
 * 61.5 M for C = 154; the expected means here are those of an independent count over 400 instances.
 */
class ComplexityTest {

  private static OpGraph network(Regime regime, int channels, long seed) {
    var graphs = StageGraphs.draw(regime, 32, nodes -> new WattsStrogatz(nodes, 4, 0.75), seed);
    return new RandWireSpec(
            "n", regime, regime.defaultInput(), 1000, channels, graphs, NodeOp.SEPARABLE, 0, 0)
        .build();
  }

  @ParameterizedTest
  @CsvSource({
    "SMALL, 78, 579e6, 6e6, 5.62e6, 0.08e6",
    "REGULAR, 109, 3.98e9, 0.06e9, 32.1e6, 0.65e6",
    "REGULAR, 154, 7.83e9, 0.12e9, 61.8e6, 1.30e6"
  })
  void meansOverAHundredGraphsAreThePapers(
      Regime regime,
      int channels,
      double multiplyAdds,
      double multiplyAddsDeviation,
      double parameters,
      double parametersDeviation) {
    int count = 100;
    double[] cost = new double[count];
    double[] size = new double[count];
    for (int seed = 0; seed < count; seed++) {
      OpGraph graph = network(regime, channels, seed);
      cost[seed] = graph.multiplyAdds();
      size[seed] = graph.parameterCount();
    }
    assertEquals(multiplyAdds, mean(cost), 0.01 * multiplyAdds);
    assertEquals(parameters, mean(size), 0.01 * parameters);
    // A standard deviation of 100 values is within 30 % of the true one in all but 1 of 10,000.
    assertEquals(multiplyAddsDeviation, deviation(cost), 0.3 * multiplyAddsDeviation);
    assertEquals(parametersDeviation, deviation(size), 0.3 * parametersDeviation);
  }

  private static double mean(double[] values) {
    double sum = 0;
    for (double value : values) {
      sum += value;
    }
    return sum / values.length;
  }

  private static double deviation(double[] values) {
    double mean = mean(values);
    double sum = 0;
    for (double value : values) {
      sum += (value - mean) * (value - mean);
    }
    return Math.sqrt(sum / (values.length - 1));
  }

  @ParameterizedTest
  @CsvSource({"108, 109", "109, 110"})
  void halfOfAnOddWidthIsRoundedDown(int smaller, int larger) {
    int expected = smaller % 2 == 0 ? smaller / 2 : (smaller - 1) / 2;
    OpGraph graph = network(Regime.REGULAR, smaller, 1);
    assertEquals(expected, graph.node(1).shape().channels());
    assertTrue(network(Regime.REGULAR, larger, 1).multiplyAdds() > graph.multiplyAdds());
  }

  @ParameterizedTest
  @CsvSource({"SMALL, 78, 224, 320", "REGULAR, 154, 224, 320"})
  void costGrowsWithTheAreaOfTheImage(Regime regime, int channels, int side, int larger) {
    var graphs = StageGraphs.draw(regime, 32, nodes -> new WattsStrogatz(nodes, 4, 0.75), 1);
    double[] costs = new double[2];
    for (int i = 0; i < 2; i++) {
      int size = i == 0 ? side : larger;
      var input = org.randwire.tensor.TensorShape.example(3, size, size);
      costs[i] =
          new RandWireSpec("n", regime, input, 1000, channels, graphs, NodeOp.SEPARABLE, 0, 0)
              .build()
              .multiplyAdds();
    }
    double ratio = (double) (larger * larger) / (side * side);
    assertEquals(
        ratio,
        costs[1] / costs[0],
        0.01,
        String.format(Locale.ROOT, "%.3g of %.3g", costs[1], costs[0]));
  }
}
