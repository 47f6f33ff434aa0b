// SPDX-License-Identifier: Apache-2.0
package org.randwire.graph;

import java.util.BitSet;

/**
 * BA(M): starts from M nodes without edges and adds the others one at a time, each joined to M
 * distinct earlier nodes drawn with probability proportional to their degree (Albert and Barabasi
 * 2002; Xie et al. 2019, section 3.2). All degrees are 0 when the first node is added, so it joins
 * all M. The graph is connected and has exactly M(N-M) edges.
 *
 * @param nodes N, at least 2
 * @param m M, in [1, N-1]
 */
public record BarabasiAlbert(int nodes, int m) implements GraphGenerator {
  /**
   * Checks the parameters.
   *
   * @throws IllegalArgumentException naming the parameter and the nearest valid value
   */
  public BarabasiAlbert {
    RandomGraph.requireNodes(nodes, 2);
    if (m < 1 || m >= nodes) {
      throw new IllegalArgumentException(
          "m must be in [1, nodes - 1] = [1, %d], got %d; the nearest valid value is %d"
              .formatted(nodes - 1, m, m < 1 ? 1 : nodes - 1));
    }
  }

  @Override
  public RandomGraph generate(long seed) {
    GraphStream stream = new GraphStream(seed);
    BitSet[] adjacency = RandomGraph.noEdges(nodes);
    int[] endpoints = new int[2 * m * (nodes - m)]; // node v occurs degree(v) times
    int size = 0;
    for (int added = m; added < nodes; added++) {
      int settled = size;
      while (adjacency[added].cardinality() < m) {
        // The first added node has no degrees to go by and takes 0, 1, .. m-1 in turn.
        int target = added == m ? size / 2 : endpoints[stream.below(settled)];
        if (!adjacency[added].get(target)) {
          RandomGraph.connect(adjacency, added, target);
          endpoints[size++] = target;
          endpoints[size++] = added;
        }
      }
    }
    return RandomGraph.fromAdjacency(adjacency);
  }

  /** Indices are the order of insertion (Xie et al. 2019, appendix). */
  @Override
  public Dag generateDag(long seed) {
    return new Dag(generate(seed));
  }
}
