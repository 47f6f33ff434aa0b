// SPDX-License-Identifier: Apache-2.0
package org.randwire.graph;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.randwire.graph.OracleGraphs.OracleGraph;

class DagTest {
  /** 0 -> 2 -> 3 -> 5, 1 -> 3, 0 -> 5, and 4 alone. */
  private final Dag dag =
      Dag.of(
          6,
          List.of(new Edge(2, 3), new Edge(0, 2), new Edge(3, 5), new Edge(1, 3), new Edge(0, 5)));

  @Test
  void separatesPredecessorsFromSuccessors() {
    assertArrayEquals(new int[] {1, 2}, dag.predecessors(3));
    assertArrayEquals(new int[] {5}, dag.successors(3));
    assertArrayEquals(new int[] {}, dag.predecessors(0));
    assertArrayEquals(new int[] {2, 5}, dag.successors(0));
    assertEquals(2, dag.inDegree(5));
    assertEquals(0, dag.outDegree(5));
  }

  @Test
  void countsAnIsolatedNodeAsSourceAndSink() {
    assertArrayEquals(new int[] {0, 1, 4}, dag.sources());
    assertArrayEquals(new int[] {4, 5}, dag.sinks());
    assertArrayEquals(new int[] {4}, dag.isolatedNodes());
  }

  @Test
  void levelsAreTheLongestDistancesFromASource() {
    assertArrayEquals(new int[] {0, 0, 1, 2, 0, 3}, dag.levels());
    assertEquals(4, dag.longestPath());
  }

  @Test
  void aGraphWithoutEdgesHasPathsOfOneNode() {
    Dag empty = Dag.of(3, List.of());
    assertEquals(1, empty.longestPath());
    assertArrayEquals(new int[] {0, 1, 2}, empty.sources());
    assertArrayEquals(new int[] {0, 1, 2}, empty.sinks());
  }

  @Test
  void isNotChangedThroughAReturnedArray() {
    dag.levels()[0] = 7;
    dag.predecessors(3)[0] = 0;
    assertArrayEquals(new int[] {0, 0, 1, 2, 0, 3}, dag.levels());
    assertArrayEquals(new int[] {1, 2}, dag.predecessors(3));
  }

  @Test
  void refusesAnEdgeAgainstIndexOrder() {
    var error =
        assertThrows(IllegalArgumentException.class, () -> Dag.of(3, List.of(new Edge(2, 1))));
    assertEquals("edge (2, 1) must go from the smaller to the larger index", error.getMessage());
  }

  static Stream<OracleGraph> oracleGraphs() {
    return OracleGraphs.graphs();
  }

  @ParameterizedTest
  @MethodSource("oracleGraphs")
  void agreesWithNetworkxOnDirectedProperties(OracleGraph oracle) {
    Dag read = Dag.of(oracle.nodes(), oracle.edges());
    assertEquals(oracle.number("dag_inputs"), read.sources().length);
    assertEquals(oracle.number("dag_outputs"), read.sinks().length);
    assertEquals(oracle.number("dag_isolated"), read.isolatedNodes().length);
    assertEquals(oracle.number("dag_longest_path") + 1, read.longestPath(), "networkx has edges");
    IntStream nodes = IntStream.range(0, read.nodes());
    assertEquals(oracle.number("dag_max_in"), nodes.map(read::inDegree).max().orElseThrow());
    nodes = IntStream.range(0, read.nodes());
    assertEquals(oracle.number("dag_max_out"), nodes.map(read::outDegree).max().orElseThrow());
  }

  @ParameterizedTest
  @MethodSource("oracleGraphs")
  void predecessorsAndSuccessorsHoldEveryEdgeOnce(OracleGraph oracle) {
    Dag read = Dag.of(oracle.nodes(), oracle.edges());
    List<Edge> bySuccessor =
        IntStream.range(0, read.nodes())
            .boxed()
            .flatMap(v -> IntStream.of(read.successors(v)).mapToObj(u -> new Edge(v, u)))
            .toList();
    List<Edge> byPredecessor =
        IntStream.range(0, read.nodes())
            .boxed()
            .flatMap(v -> IntStream.of(read.predecessors(v)).mapToObj(u -> new Edge(u, v)))
            .sorted()
            .toList();
    assertEquals(oracle.edges(), bySuccessor);
    assertEquals(oracle.edges(), byPredecessor);
  }
}
