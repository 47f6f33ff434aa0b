// SPDX-License-Identifier: Apache-2.0
package org.randwire.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.randwire.random.RandomStreams;

class EdgeDropTest {

  private static final int DRAWS = 10_000;
  private static final RandomStreams STREAMS = new RandomStreams(3);

  /** Nine droppable edges; two nodes have a single input. */
  private static final Map<String, Integer> INPUTS = new LinkedHashMap<>();

  static {
    INPUTS.put("stage1.node0.aggregation", 1);
    INPUTS.put("stage1.node1.aggregation", 2);
    INPUTS.put("stage1.node2.aggregation", 3);
    INPUTS.put("stage2.node0.aggregation", 1);
    INPUTS.put("stage2.node1.aggregation", 4);
  }

  private static Function<EdgeDrop.Edge, String> scope(EdgeDrop.Scope scope) {
    return switch (scope) {
      case NETWORK -> edge -> "network";
      case STAGE -> edge -> edge.target().split("\\.")[0];
      case NODE -> EdgeDrop.Edge::target;
    };
  }

  @ParameterizedTest
  @EnumSource(EdgeDrop.Scope.class)
  void dropsAtMostOneEdgePerScopeWithItsProbability(EdgeDrop.Scope scope) {
    EdgeDrop drop = new EdgeDrop(0.3, scope);
    Map<String, Integer> perScope = new HashMap<>();
    Map<EdgeDrop.Edge, Integer> perEdge = new HashMap<>();
    for (long step = 0; step < DRAWS; step++) {
      List<EdgeDrop.Edge> edges = drop.draw(INPUTS, STREAMS, step);
      var counts =
          edges.stream().collect(Collectors.groupingBy(scope(scope), Collectors.counting()));
      for (EdgeDrop.Edge edge : edges) {
        assertEquals(1, counts.get(scope(scope).apply(edge)), "step " + step);
        assertTrue(INPUTS.get(edge.target()) > 1, "the only input of " + edge.target());
        assertTrue(edge.input() >= 0 && edge.input() < INPUTS.get(edge.target()), "" + edge);
        perEdge.merge(edge, 1, Integer::sum);
        perScope.merge(scope(scope).apply(edge), 1, Integer::sum);
      }
    }
    int scopes = scope == EdgeDrop.Scope.NETWORK ? 1 : scope == EdgeDrop.Scope.STAGE ? 2 : 3;
    assertEquals(scopes, perScope.size());
    assertEquals(9, perEdge.size(), "every edge has its turn");
    // Five standard deviations of a binomial count.
    double allowed = 5 * Math.sqrt(DRAWS * 0.3 * 0.7);
    perScope.forEach((name, count) -> assertEquals(0.3 * DRAWS, count, allowed, name));
    for (Map.Entry<EdgeDrop.Edge, Integer> entry : perEdge.entrySet()) {
      String own = scope(scope).apply(entry.getKey());
      long edges = perEdge.keySet().stream().filter(e -> scope(scope).apply(e).equals(own)).count();
      assertEquals(0.3 * DRAWS / edges, entry.getValue(), allowed, entry.getKey().toString());
    }
  }

  @ParameterizedTest
  @EnumSource(EdgeDrop.Scope.class)
  void theSameStepDrawsTheSameEdges(EdgeDrop.Scope scope) {
    EdgeDrop drop = new EdgeDrop(0.5, scope);
    for (long step : new long[] {0, 7, 1_000_000}) {
      assertEquals(drop.draw(INPUTS, STREAMS, step), drop.draw(INPUTS, STREAMS, step));
    }
  }

  @Test
  void neverAndAlwaysAreMeantLiterally() {
    for (long step = 0; step < 100; step++) {
      assertEquals(List.of(), EdgeDrop.NONE.draw(INPUTS, STREAMS, step));
      assertEquals(3, new EdgeDrop(1, EdgeDrop.Scope.NODE).draw(INPUTS, STREAMS, step).size());
    }
  }

  @Test
  void refusesWhatIsNoProbability() {
    for (double wrong : new double[] {-0.1, 1.1, Double.NaN}) {
      assertThrows(IllegalArgumentException.class, () -> new EdgeDrop(wrong, EdgeDrop.Scope.NODE));
    }
  }
}
