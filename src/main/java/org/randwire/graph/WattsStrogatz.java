// SPDX-License-Identifier: Apache-2.0
package org.randwire.graph;

import java.util.BitSet;

/**
 * WS(K, P): a ring of N nodes, each joined to its K/2 nearest on either side; then for i = 1..K/2,
 * clockwise over all nodes v, the edge (v, v + i) moves with probability P to (v, u), where u is
 * uniform over the nodes that are not v and not yet joined to v (Watts and Strogatz 1998; Xie et
 * al. 2019, section 3.2). An edge stays only where v is already joined to all others. The graph has
 * exactly NK/2 edges; disconnected graphs are not redrawn.
 *
 * @param nodes N, at least 3
 * @param k K, even, in [2, N-1]
 * @param p the probability of rewiring an edge, in [0, 1]
 */
public record WattsStrogatz(int nodes, int k, double p) implements GraphGenerator {
  /**
   * Checks the parameters.
   *
   * @throws IllegalArgumentException naming the parameter and the nearest valid value
   */
  public WattsStrogatz {
    RandomGraph.requireNodes(nodes, 3);
    requireEvenNeighbors(nodes, k);
    RandomGraph.requireProbability(p);
  }

  private static void requireEvenNeighbors(int nodes, int k) {
    int largest = (nodes - 1) / 2 * 2;
    if (k < 2 || k > largest || k % 2 != 0) {
      int nearest = Math.max(2, Math.min(largest, k - k % 2));
      throw new IllegalArgumentException(
          "k must be even and in [2, %d] for %d nodes, got %d; the nearest valid value is %d"
              .formatted(largest, nodes, k, nearest));
    }
  }

  @Override
  public RandomGraph generate(long seed) {
    GraphStream stream = new GraphStream(seed);
    BitSet[] adjacency = ringLattice(nodes, k);
    for (int i = 1; i <= k / 2; i++) {
      for (int v = 0; v < nodes; v++) {
        if (stream.unit() < p && adjacency[v].cardinality() < nodes - 1) {
          int target = freeNode(v, adjacency[v], stream);
          RandomGraph.disconnect(adjacency, v, (v + i) % nodes);
          RandomGraph.connect(adjacency, v, target);
        }
      }
    }
    return RandomGraph.fromAdjacency(adjacency);
  }

  /** Redrawing until the node is free makes the target uniform over the free nodes. */
  private int freeNode(int v, BitSet neighbors, GraphStream stream) {
    int u;
    do {
      u = stream.below(nodes);
    } while (u == v || neighbors.get(u));
    return u;
  }

  /** The ring before rewiring; {@code k / 2} neighbors on either side. */
  static BitSet[] ringLattice(int nodes, int k) {
    BitSet[] adjacency = RandomGraph.noEdges(nodes);
    for (int i = 1; i <= k / 2; i++) {
      for (int v = 0; v < nodes; v++) {
        RandomGraph.connect(adjacency, v, (v + i) % nodes);
      }
    }
    return adjacency;
  }

  /** Indices run clockwise around the ring (Xie et al. 2019, appendix). */
  @Override
  public Dag generateDag(long seed) {
    return new Dag(generate(seed));
  }
}
