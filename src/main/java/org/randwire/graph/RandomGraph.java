// SPDX-License-Identifier: Apache-2.0
package org.randwire.graph;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collection;
import java.util.List;
import java.util.stream.IntStream;

/**
 * An immutable undirected graph on the nodes {@code 0..nodes-1}, without self-loops and without
 * repeated edges. Isolated nodes and several components are allowed.
 */
public final class RandomGraph {
  /** The largest node count accepted anywhere in this package. */
  public static final int MAX_NODES = 10_000;

  private final int[][] neighbors; // each row ascending
  private final int edgeCount;

  private RandomGraph(int[][] neighbors, int edgeCount) {
    this.neighbors = neighbors;
    this.edgeCount = edgeCount;
  }

  /**
   * A graph with the given edges, each written in either direction.
   *
   * @throws IllegalArgumentException for a node count outside {@code [1, MAX_NODES]}, a self-loop,
   *     an edge given twice (in any direction) or an endpoint out of range; the message names it
   */
  public static RandomGraph of(int nodes, Collection<Edge> edges) {
    requireNodes(nodes, 1);
    BitSet[] adjacency = noEdges(nodes);
    for (Edge edge : edges) {
      requireEdge(nodes, edge);
      if (adjacency[edge.from()].get(edge.to())) {
        throw new IllegalArgumentException("edge " + edge + " is given twice");
      }
      connect(adjacency, edge.from(), edge.to());
    }
    return fromAdjacency(adjacency);
  }

  /** Takes a symmetric adjacency with an empty diagonal, as the generators build it. */
  static RandomGraph fromAdjacency(BitSet[] adjacency) {
    int[][] neighbors = new int[adjacency.length][];
    int degreeSum = 0;
    for (int v = 0; v < adjacency.length; v++) {
      neighbors[v] = adjacency[v].stream().toArray();
      degreeSum += neighbors[v].length;
    }
    return new RandomGraph(neighbors, degreeSum / 2);
  }

  static BitSet[] noEdges(int nodes) {
    BitSet[] adjacency = new BitSet[nodes];
    Arrays.setAll(adjacency, v -> new BitSet(nodes));
    return adjacency;
  }

  static void connect(BitSet[] adjacency, int u, int v) {
    adjacency[u].set(v);
    adjacency[v].set(u);
  }

  static void disconnect(BitSet[] adjacency, int u, int v) {
    adjacency[u].clear(v);
    adjacency[v].clear(u);
  }

  static void requireNodes(int nodes, int least) {
    if (nodes < least || nodes > MAX_NODES) {
      throw new IllegalArgumentException(
          "nodes must be in [%d, %d], got %d; the nearest valid value is %d"
              .formatted(least, MAX_NODES, nodes, nodes < least ? least : MAX_NODES));
    }
  }

  /** Refuses a probability outside [0, 1] and NaN. */
  static void requireProbability(double p) {
    if (!(p >= 0 && p <= 1)) {
      String nearest = Double.isNaN(p) ? "" : "; the nearest valid value is " + (p < 0 ? 0 : 1);
      throw new IllegalArgumentException("p must be in [0, 1], got " + p + nearest);
    }
  }

  private static void requireEdge(int nodes, Edge edge) {
    int from = edge.from();
    int to = edge.to();
    if (from < 0 || from >= nodes || to < 0 || to >= nodes) {
      throw new IllegalArgumentException(
          "edge %s is out of range: nodes are 0..%d".formatted(edge, nodes - 1));
    }
    if (from == to) {
      throw new IllegalArgumentException("edge " + edge + " is a self-loop");
    }
  }

  /** The number of nodes, at least 1. */
  public int nodes() {
    return neighbors.length;
  }

  /** The number of undirected edges. */
  public int edgeCount() {
    return edgeCount;
  }

  /** All edges with {@code from < to}, sorted by {@code from}, then by {@code to}. */
  public List<Edge> edges() {
    List<Edge> edges = new ArrayList<>(edgeCount);
    for (int v = 0; v < neighbors.length; v++) {
      for (int u : neighbors[v]) {
        if (v < u) {
          edges.add(new Edge(v, u));
        }
      }
    }
    return List.copyOf(edges);
  }

  /** The nodes joined to {@code node}, ascending; a fresh array. */
  public int[] neighbors(int node) {
    return neighbors[node].clone();
  }

  /** The number of edges at {@code node}. */
  public int degree(int node) {
    return neighbors[node].length;
  }

  /** Whether an edge joins the two nodes. */
  public boolean hasEdge(int u, int v) {
    return Arrays.binarySearch(neighbors[u], v) >= 0;
  }

  /** The nodes without an edge, ascending. */
  public int[] isolatedNodes() {
    return IntStream.range(0, nodes()).filter(v -> degree(v) == 0).toArray();
  }

  /** The number of connected components; an isolated node is one. */
  public int componentCount() {
    BitSet seen = new BitSet(nodes());
    int count = 0;
    for (int start = 0; start < nodes(); start = seen.nextClearBit(start)) {
      markComponent(start, seen);
      count++;
    }
    return count;
  }

  private void markComponent(int start, BitSet seen) {
    int[] stack = new int[nodes()];
    int size = 0;
    stack[size++] = start;
    seen.set(start);
    while (size > 0) {
      for (int u : neighbors[stack[--size]]) {
        if (!seen.get(u)) {
          seen.set(u);
          stack[size++] = u;
        }
      }
    }
  }

  /** Whether every node can be reached from every other. */
  public boolean isConnected() {
    return componentCount() == 1;
  }

  /** Equal node count and equal edges. */
  @Override
  public boolean equals(Object other) {
    return other instanceof RandomGraph that && Arrays.deepEquals(neighbors, that.neighbors);
  }

  @Override
  public int hashCode() {
    return Arrays.deepHashCode(neighbors);
  }

  @Override
  public String toString() {
    return "RandomGraph[nodes=" + nodes() + ", edges=" + edges() + "]";
  }
}
