// SPDX-License-Identifier: Apache-2.0
package org.randwire.graph;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.randwire.graph.OracleGraphs.OracleGraph;

class RandomGraphTest {
  private final RandomGraph graph =
      RandomGraph.of(6, List.of(new Edge(4, 1), new Edge(0, 1), new Edge(2, 5)));

  @Test
  void writesEdgesFromTheSmallerNodeSorted() {
    assertEquals(List.of(new Edge(0, 1), new Edge(1, 4), new Edge(2, 5)), graph.edges());
    assertEquals(3, graph.edgeCount());
  }

  @Test
  void answersForNeighborsFromBothSides() {
    assertArrayEquals(new int[] {0, 4}, graph.neighbors(1));
    assertArrayEquals(new int[] {1}, graph.neighbors(4));
    assertTrue(graph.hasEdge(5, 2) && graph.hasEdge(2, 5));
    assertFalse(graph.hasEdge(0, 4));
    assertEquals(2, graph.degree(1));
  }

  @Test
  void countsIsolatedNodesAsComponents() {
    assertArrayEquals(new int[] {3}, graph.isolatedNodes());
    assertEquals(3, graph.componentCount());
    assertFalse(graph.isConnected());
  }

  @Test
  void isNotChangedThroughAReturnedArray() {
    graph.neighbors(1)[0] = 5;
    assertArrayEquals(new int[] {0, 4}, graph.neighbors(1));
    assertThrows(UnsupportedOperationException.class, () -> graph.edges().remove(0));
  }

  @Test
  void equalsByNodeCountAndEdges() {
    RandomGraph same = RandomGraph.of(6, List.of(new Edge(5, 2), new Edge(1, 0), new Edge(1, 4)));
    assertEquals(graph, same);
    assertEquals(graph.hashCode(), same.hashCode());
    assertNotEquals(graph, RandomGraph.of(7, graph.edges()));
    assertNotEquals(graph, RandomGraph.of(6, graph.edges().subList(0, 2)));
  }

  static Stream<Arguments> badGraphs() {
    return Stream.of(
        Arguments.of(3, List.of(new Edge(1, 1)), "edge (1, 1) is a self-loop"),
        Arguments.of(3, List.of(new Edge(0, 1), new Edge(1, 0)), "edge (1, 0) is given twice"),
        Arguments.of(3, List.of(new Edge(0, 3)), "edge (0, 3) is out of range: nodes are 0..2"),
        Arguments.of(3, List.of(new Edge(-1, 2)), "edge (-1, 2) is out of range: nodes are 0..2"),
        Arguments.of(
            0, List.of(), "nodes must be in [1, 10000], got 0; the nearest valid value is 1"),
        Arguments.of(
            10001,
            List.of(),
            "nodes must be in [1, 10000], got 10001; the nearest valid value is 10000"));
  }

  @ParameterizedTest
  @MethodSource("badGraphs")
  void refusesABadGraphNamingTheEdge(int nodes, List<Edge> edges, String message) {
    var error = assertThrows(IllegalArgumentException.class, () -> RandomGraph.of(nodes, edges));
    assertEquals(message, error.getMessage());
  }

  static Stream<OracleGraph> oracleGraphs() {
    return OracleGraphs.graphs();
  }

  @ParameterizedTest
  @MethodSource("oracleGraphs")
  void agreesWithNetworkxOnUndirectedProperties(OracleGraph oracle) {
    RandomGraph read = RandomGraph.of(oracle.nodes(), oracle.edges());
    assertEquals(oracle.edges(), read.edges());
    assertEquals(oracle.number("edges"), read.edgeCount());
    assertEquals(oracle.number("components"), read.componentCount());
    assertEquals(oracle.json().get("connected").asBoolean(), read.isConnected());
    assertEquals(oracle.number("isolated"), read.isolatedNodes().length);
    int[] degrees = IntStream.range(0, read.nodes()).map(read::degree).toArray();
    assertEquals(oracle.number("max_degree"), IntStream.of(degrees).max().orElseThrow());
    assertEquals(oracle.number("min_degree"), IntStream.of(degrees).min().orElseThrow());
  }
}
