// SPDX-License-Identifier: Apache-2.0
package org.randwire.graph;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/**
 * ER(P): each of the N(N-1)/2 pairs is joined independently with probability {@code p} (Erdos and
 * Renyi 1959; Xie et al. 2019, section 3.2). Disconnected graphs are not redrawn.
 *
 * @param nodes N, at least 1
 * @param p the probability of an edge, in [0, 1]
 */
public record ErdosRenyi(int nodes, double p) implements GraphGenerator {
  /**
   * Checks the parameters.
   *
   * @throws IllegalArgumentException naming the parameter and the nearest valid value
   */
  public ErdosRenyi {
    RandomGraph.requireNodes(nodes, 1);
    RandomGraph.requireProbability(p);
  }

  @Override
  public RandomGraph generate(long seed) {
    return draw(new GraphStream(seed));
  }

  /** Indices are a uniformly random order of the nodes (Xie et al. 2019, appendix). */
  @Override
  public Dag generateDag(long seed) {
    GraphStream stream = new GraphStream(seed);
    RandomGraph graph = draw(stream);
    int[] index = stream.permutation(nodes);
    List<Edge> relabelled = new ArrayList<>(graph.edgeCount());
    for (Edge edge : graph.edges()) {
      relabelled.add(new Edge(index[edge.from()], index[edge.to()]));
    }
    return new Dag(RandomGraph.of(nodes, relabelled));
  }

  private RandomGraph draw(GraphStream stream) {
    BitSet[] adjacency = RandomGraph.noEdges(nodes);
    for (int u = 0; u < nodes; u++) {
      for (int v = u + 1; v < nodes; v++) {
        if (stream.unit() < p) {
          RandomGraph.connect(adjacency, u, v);
        }
      }
    }
    return RandomGraph.fromAdjacency(adjacency);
  }
}
