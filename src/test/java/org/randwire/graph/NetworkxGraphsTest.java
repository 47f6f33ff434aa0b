// SPDX-License-Identifier: Apache-2.0
package org.randwire.graph;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.randwire.graph.OracleGraphs.OracleGraph;

class NetworkxGraphsTest {
  static Stream<OracleGraph> oracleGraphs() {
    return OracleGraphs.graphs();
  }

  @ParameterizedTest
  @MethodSource("oracleGraphs")
  void rebuildsEveryOracleGraphFromItsSeed(OracleGraph oracle) {
    assertEquals(RandomGraph.of(oracle.nodes(), oracle.edges()), rebuilt(oracle));
  }

  private static RandomGraph rebuilt(OracleGraph oracle) {
    int nodes = oracle.nodes();
    long seed = oracle.seed();
    int second = (int) oracle.argument(1);
    return switch (oracle.generator()) {
      case "er" -> NetworkxGraphs.erdosRenyi(nodes, oracle.argument(1), seed);
      case "ws" -> NetworkxGraphs.wattsStrogatz(nodes, second, oracle.argument(2), seed);
      case "ba" -> NetworkxGraphs.barabasiAlbert(nodes, second, seed);
      case "ba_paper" -> NetworkxGraphs.barabasiAlbert(nodes, second, seed, starAround(second));
      default -> throw new AssertionError("no rule for " + oracle.generator());
    };
  }

  /** What the paper's construction looks like after its first added node, index m. */
  private static RandomGraph starAround(int m) {
    List<Edge> edges = new ArrayList<>();
    for (int v = 0; v < m; v++) {
      edges.add(new Edge(v, m));
    }
    return RandomGraph.of(m + 1, edges);
  }

  /** networkx 3.6.1, connected_watts_strogatz_graph(10, 2, 0.75), connected at try 2, 3. */
  @ParameterizedTest
  @CsvSource({
    "9, 0-6 0-9 1-2 2-3 3-4 4-6 5-6 5-8 6-7 7-8",
    "37, 0-1 0-5 2-4 2-6 3-8 4-5 4-9 7-8 7-9 8-9"
  })
  void redrawsFromOneStreamUntilConnected(long seed, String edges) {
    assertEquals(edges, text(NetworkxGraphs.connectedWattsStrogatz(10, 2, 0.75, 100, seed)));
  }

  /** networkx 3.6.1, gnp_random_graph(7, 0.5). */
  @ParameterizedTest
  @CsvSource({
    "4294967295, 0-2 0-4 0-5 0-6 1-4 1-6 2-3 2-5 3-5 4-6 5-6",
    "4294967296, 0-1 0-2 0-3 0-6 1-3 1-4 2-4 2-5 3-4 3-6",
    "9223372036854775807, 0-1 0-4 0-5 1-3 1-6 2-5 2-6 3-6 5-6",
    "-9223372036854775808, 0-3 0-5 1-3 1-5 1-6 2-3 2-4 3-5 4-5 4-6",
    "-4294967301, 0-1 0-2 0-4 1-4 1-5 2-4 3-5 4-5"
  })
  void seedsOfMoreThan32BitsAreKeyedAsInPython(long seed, String edges) {
    assertEquals(edges, text(NetworkxGraphs.erdosRenyi(7, 0.5, seed)));
  }

  /** networkx 3.6.1, watts_strogatz_graph: nodes run out of free targets. */
  @ParameterizedTest
  @CsvSource({
    "5, 4, 1, 3, 0-1 0-2 0-3 0-4 1-2 1-3 1-4 2-3 2-4 3-4",
    "6, 4, 0.9, 1, 0-1 0-3 0-5 1-2 1-3 1-4 2-3 2-4 2-5 3-4 3-5 4-5",
    "6, 4, 1, 2, 0-1 0-3 0-5 1-2 1-3 1-4 2-3 2-4 2-5 3-4 3-5 4-5"
  })
  void leavesEdgesOfSaturatedNodes(int nodes, int k, double p, long seed, String edges) {
    assertEquals(edges, text(NetworkxGraphs.wattsStrogatz(nodes, k, p, seed)));
  }

  /** networkx 3.6.1, barabasi_albert_graph: sets that grow their table several times. */
  @ParameterizedTest
  @CsvSource({
    "600, 40, 3, 5a1573a047d6a791",
    "100, 7, 12345678901, 6cab7db0401bcf30",
    "64, 20, 0, 0f26bc65c9ef2f91"
  })
  void followsPythonSetOrderInLargeGraphs(int nodes, int m, long seed, String sha256) {
    String text = text(NetworkxGraphs.barabasiAlbert(nodes, m, seed));
    assertEquals(sha256, Sha256.hex(text).substring(0, 16));
  }

  private static String text(RandomGraph graph) {
    return graph.edges().stream()
        .map(edge -> edge.from() + "-" + edge.to())
        .collect(Collectors.joining(" "));
  }

  @Test
  void oddNeighborCountsRoundDownAndAllNodesMeanComplete() {
    assertEquals(
        NetworkxGraphs.wattsStrogatz(9, 4, 0.5, 7), NetworkxGraphs.wattsStrogatz(9, 5, 0.5, 7));
    assertEquals(15, NetworkxGraphs.wattsStrogatz(6, 6, 0.5, 7).edgeCount());
  }

  @Test
  void aSeedAndItsNegativeAreOneStreamAsInPython() {
    assertEquals(NetworkxGraphs.erdosRenyi(20, 0.5, 11), NetworkxGraphs.erdosRenyi(20, 0.5, -11));
  }

  @Test
  void givesUpWhenNoTryIsConnected() {
    var error =
        assertThrows(
            IllegalStateException.class,
            () -> NetworkxGraphs.connectedWattsStrogatz(8, 0, 0.5, 3, 1));
    assertEquals(
        "no connected graph in 3 tries for nodes 8, k 0, p 0.5, seed 1", error.getMessage());
  }

  @Test
  void refusesParametersThatNetworkxRefuses() {
    assertThrows(IllegalArgumentException.class, () -> NetworkxGraphs.wattsStrogatz(5, 6, 0.5, 1));
    assertThrows(IllegalArgumentException.class, () -> NetworkxGraphs.barabasiAlbert(5, 5, 1));
    assertThrows(IllegalArgumentException.class, () -> NetworkxGraphs.erdosRenyi(0, 0.5, 1));
  }

  @Test
  void refusesAnInitialGraphThatCannotFeedTheDraws() {
    RandomGraph oneEdge = RandomGraph.of(5, List.of(new Edge(0, 1)));
    var error =
        assertThrows(
            IllegalArgumentException.class, () -> NetworkxGraphs.barabasiAlbert(9, 3, 1, oneEdge));
    assertEquals(
        "the initial graph needs between 3 nodes with an edge and 9 nodes, got 2 and 5",
        error.getMessage());
  }
}
