// SPDX-License-Identifier: Apache-2.0
package org.randwire.graph;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/**
 * The graphs that networkx draws under CPython for an integer seed, edge for edge, so that random
 * wirings published as (generator, arguments, seed) can be rebuilt.
 *
 * <p>Checked against networkx 3.6.1 under CPython 3.11. Turn one into a {@link Dag} by {@code new
 * Dag(graph)}. For new work prefer the {@link GraphGenerator} families, which follow the paper.
 */
public final class NetworkxGraphs {
  private NetworkxGraphs() {}

  /**
   * {@code gnp_random_graph(nodes, p, seed)}, also called {@code erdos_renyi_graph}.
   *
   * @throws IllegalArgumentException for what {@link ErdosRenyi} refuses
   */
  public static RandomGraph erdosRenyi(int nodes, double p, long seed) {
    RandomGraph.requireNodes(nodes, 1);
    RandomGraph.requireProbability(p);
    PythonRandom random = new PythonRandom(seed);
    BitSet[] adjacency = RandomGraph.noEdges(nodes);
    for (int u = 0; u < nodes; u++) {
      for (int v = u + 1; v < nodes; v++) {
        if (random.random() < p) {
          RandomGraph.connect(adjacency, u, v);
        }
      }
    }
    return RandomGraph.fromAdjacency(adjacency);
  }

  /**
   * {@code barabasi_albert_graph(nodes, m, seed)}: starts from a star around node 0 on m + 1 nodes.
   *
   * @throws IllegalArgumentException for what {@link BarabasiAlbert} refuses
   */
  public static RandomGraph barabasiAlbert(int nodes, int m, long seed) {
    new BarabasiAlbert(nodes, m); // checks the parameters
    List<Edge> star = new ArrayList<>();
    for (int v = 1; v <= m; v++) {
      star.add(new Edge(0, v));
    }
    return barabasiAlbert(nodes, m, seed, RandomGraph.of(m + 1, star));
  }

  /**
   * {@code barabasi_albert_graph(nodes, m, seed, initial_graph)}, with the nodes of the initial
   * graph added in index order. A star around node m gives the construction of the RandWire paper.
   *
   * @throws IllegalArgumentException for what {@link BarabasiAlbert} refuses, or an initial graph
   *     with fewer than m or more than {@code nodes} nodes, or with fewer than m nodes that have an
   *     edge
   */
  public static RandomGraph barabasiAlbert(int nodes, int m, long seed, RandomGraph initial) {
    new BarabasiAlbert(nodes, m); // checks the parameters
    List<Integer> endpoints = endpoints(nodes, m, initial);
    PythonRandom random = new PythonRandom(seed);
    List<Edge> edges = new ArrayList<>(initial.edges());
    for (int added = initial.nodes(); added < nodes; added++) {
      PythonIntSet targets = new PythonIntSet();
      while (targets.size() < m) {
        targets.add(endpoints.get(random.choice(endpoints.size())));
      }
      for (int target : targets.toArray()) {
        edges.add(new Edge(added, target));
        endpoints.add(target);
      }
      for (int i = 0; i < m; i++) {
        endpoints.add(added);
      }
    }
    return RandomGraph.of(nodes, edges);
  }

  /** Every node as often as its degree. */
  private static List<Integer> endpoints(int nodes, int m, RandomGraph initial) {
    int linked = initial.nodes() - initial.isolatedNodes().length;
    if (linked < m || initial.nodes() > nodes) {
      throw new IllegalArgumentException(
          "the initial graph needs between %d nodes with an edge and %d nodes, got %d and %d"
              .formatted(m, nodes, linked, initial.nodes()));
    }
    List<Integer> endpoints = new ArrayList<>();
    for (int v = 0; v < initial.nodes(); v++) {
      for (int i = 0; i < initial.degree(v); i++) {
        endpoints.add(v);
      }
    }
    return endpoints;
  }

  /**
   * {@code watts_strogatz_graph(nodes, k, p, seed)}. As there, an odd k counts as k - 1 and k =
   * nodes gives the complete graph.
   *
   * @throws IllegalArgumentException if k is outside [0, nodes] or p outside [0, 1]
   */
  public static RandomGraph wattsStrogatz(int nodes, int k, double p, long seed) {
    requireWattsStrogatz(nodes, k, p);
    return wattsStrogatz(nodes, k, p, new PythonRandom(seed));
  }

  /**
   * {@code connected_watts_strogatz_graph(nodes, k, p, tries, seed)}: one random stream, drawn from
   * until a graph is connected.
   *
   * @throws IllegalArgumentException for what {@link #wattsStrogatz} refuses
   * @throws IllegalStateException if no graph was connected within the tries
   */
  public static RandomGraph connectedWattsStrogatz(
      int nodes, int k, double p, int tries, long seed) {
    requireWattsStrogatz(nodes, k, p);
    PythonRandom random = new PythonRandom(seed);
    for (int i = 0; i < tries; i++) {
      RandomGraph graph = wattsStrogatz(nodes, k, p, random);
      if (graph.isConnected()) {
        return graph;
      }
    }
    throw new IllegalStateException(
        "no connected graph in %d tries for nodes %d, k %d, p %s, seed %d"
            .formatted(tries, nodes, k, p, seed));
  }

  private static void requireWattsStrogatz(int nodes, int k, double p) {
    RandomGraph.requireNodes(nodes, 1);
    if (k < 0 || k > nodes) {
      throw new IllegalArgumentException(
          "k must be in [0, %d], got %d; the nearest valid value is %d"
              .formatted(nodes, k, k < 0 ? 0 : nodes));
    }
    RandomGraph.requireProbability(p);
  }

  private static RandomGraph wattsStrogatz(int nodes, int k, double p, PythonRandom random) {
    if (k == nodes) {
      return erdosRenyi(nodes, 1, 0);
    }
    BitSet[] adjacency = WattsStrogatz.ringLattice(nodes, k);
    for (int i = 1; i <= k / 2; i++) {
      for (int v = 0; v < nodes; v++) {
        if (random.random() < p) {
          rewire(adjacency, v, (v + i) % nodes, random);
        }
      }
    }
    return RandomGraph.fromAdjacency(adjacency);
  }

  /** A saturated node costs two draws before it is left alone; the stream depends on it. */
  private static void rewire(BitSet[] adjacency, int v, int old, PythonRandom random) {
    int nodes = adjacency.length;
    int target = random.choice(nodes);
    while (target == v || adjacency[v].get(target)) {
      target = random.choice(nodes);
      if (adjacency[v].cardinality() >= nodes - 1) {
        return;
      }
    }
    RandomGraph.disconnect(adjacency, v, old);
    RandomGraph.connect(adjacency, v, target);
  }
}
