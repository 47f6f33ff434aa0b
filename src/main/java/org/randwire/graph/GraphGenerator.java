// SPDX-License-Identifier: Apache-2.0
package org.randwire.graph;

/**
 * A family of random graphs with its parameters (Xie et al. 2019, section 3). A generator is a pure
 * function of (parameters, seed): the same seed gives the same graph on every platform, and seeds
 * are independent streams.
 */
public sealed interface GraphGenerator permits ErdosRenyi, BarabasiAlbert, WattsStrogatz {
  /** The number of nodes of every graph drawn. */
  int nodes();

  /** Draws the undirected graph of this seed. */
  RandomGraph generate(long seed);

  /**
   * Draws the graph of this seed, gives its nodes indices by the rule of the family (random order,
   * order of insertion or clockwise) and directs every edge from the smaller to the larger index.
   */
  Dag generateDag(long seed);
}
