// SPDX-License-Identifier: Apache-2.0
package org.randwire.network.randwire;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;
import org.randwire.graph.Dag;
import org.randwire.graph.GraphGenerator;

/** One graph per stage, each drawn with its own seed. */
public final class StageGraphs {

  private StageGraphs() {}

  /**
   * Draws the graphs of all stages of a regime.
   *
   * @param nodes nodes of a full stage
   * @param generator the generator for a number of nodes
   * @param seed the graph seed; stage {@code i} draws with {@link #stageSeed}
   */
  public static List<Dag> draw(
      Regime regime, int nodes, IntFunction<GraphGenerator> generator, long seed) {
    List<Dag> graphs = new ArrayList<>();
    for (int stage = 0; stage < regime.stages(); stage++) {
      GraphGenerator forStage = generator.apply(regime.nodes(stage, nodes));
      graphs.add(forStage.generateDag(stageSeed(seed, stage)));
    }
    return graphs;
  }

  /**
   * The seed of one stage: SplitMix64's finaliser (Steele et al. 2014) over seed and stage, so that
   * neighbouring seeds and stages have nothing in common.
   */
  public static long stageSeed(long seed, int stage) {
    long z = seed + 0x9E3779B97F4A7C15L * (stage + 1L);
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }
}
