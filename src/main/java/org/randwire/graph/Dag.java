// SPDX-License-Identifier: Apache-2.0
package org.randwire.graph;

import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/**
 * An immutable directed acyclic graph on the nodes {@code 0..nodes-1} in which every edge goes from
 * the smaller to the larger index, so index order is a topological order (RandWire, section 3).
 *
 * <p>Isolated nodes are both sources and sinks. Nodes are passed to the accessors unchecked beyond
 * what the array access itself checks.
 */
public final class Dag {
  private final RandomGraph graph;
  private final int[] inDegrees; // also the split of a node's ascending neighbors
  private final int[] levels;

  /** Directs every edge of the graph from the smaller to the larger index. */
  public Dag(RandomGraph graph) {
    this.graph = graph;
    this.inDegrees = new int[graph.nodes()];
    this.levels = new int[graph.nodes()];
    for (int v = 0; v < graph.nodes(); v++) {
      for (int u : graph.neighbors(v)) {
        if (u < v) {
          inDegrees[v]++;
          levels[v] = Math.max(levels[v], levels[u] + 1);
        }
      }
    }
  }

  /**
   * A graph with the given directed edges.
   *
   * @throws IllegalArgumentException if an edge does not go from the smaller to the larger index,
   *     or for what {@link RandomGraph#of} refuses; the message names the edge
   */
  public static Dag of(int nodes, Collection<Edge> edges) {
    for (Edge edge : edges) {
      if (edge.from() > edge.to()) {
        throw new IllegalArgumentException(
            "edge " + edge + " must go from the smaller to the larger index");
      }
    }
    return new Dag(RandomGraph.of(nodes, edges));
  }

  /** The same edges without direction. */
  public RandomGraph undirected() {
    return graph;
  }

  /** The number of nodes, at least 1. */
  public int nodes() {
    return graph.nodes();
  }

  /** The number of edges. */
  public int edgeCount() {
    return graph.edgeCount();
  }

  /** All edges, sorted by {@code from}, then by {@code to}; always {@code from < to}. */
  public List<Edge> edges() {
    return graph.edges();
  }

  /** The nodes with an edge into {@code node}, ascending; a fresh array. */
  public int[] predecessors(int node) {
    return Arrays.copyOf(graph.neighbors(node), inDegrees[node]);
  }

  /** The nodes that {@code node} has an edge to, ascending; a fresh array. */
  public int[] successors(int node) {
    int[] neighbors = graph.neighbors(node);
    return Arrays.copyOfRange(neighbors, inDegrees[node], neighbors.length);
  }

  /** The number of edges into {@code node}. */
  public int inDegree(int node) {
    return inDegrees[node];
  }

  /** The number of edges out of {@code node}. */
  public int outDegree(int node) {
    return graph.degree(node) - inDegrees[node];
  }

  /** The nodes of in-degree 0, ascending, isolated nodes included; never empty. */
  public int[] sources() {
    return select(v -> inDegree(v) == 0);
  }

  /** The nodes of out-degree 0, ascending, isolated nodes included; never empty. */
  public int[] sinks() {
    return select(v -> outDegree(v) == 0);
  }

  /** The nodes without any edge, ascending. */
  public int[] isolatedNodes() {
    return graph.isolatedNodes();
  }

  private int[] select(IntPredicate wanted) {
    return IntStream.range(0, nodes()).filter(wanted).toArray();
  }

  /** Per node the largest number of edges on a path from a source; 0 for a source; a copy. */
  public int[] levels() {
    return levels.clone();
  }

  /** The number of nodes on the longest path: 1 without edges, {@code nodes} for a chain. */
  public int longestPath() {
    return 1 + Arrays.stream(levels).max().orElseThrow();
  }

  /** Equal node count and equal edges. */
  @Override
  public boolean equals(Object other) {
    return other instanceof Dag that && graph.equals(that.graph);
  }

  @Override
  public int hashCode() {
    return graph.hashCode();
  }

  @Override
  public String toString() {
    return "Dag[nodes=" + nodes() + ", edges=" + edges() + "]";
  }
}
