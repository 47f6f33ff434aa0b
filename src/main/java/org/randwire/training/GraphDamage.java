// SPDX-License-Identifier: Apache-2.0
package org.randwire.training;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.randwire.compile.NetworkState;
import org.randwire.op.BatchNorm;
import org.randwire.op.OpGraph;
import org.randwire.op.OpNode;
import org.randwire.op.Section;
import org.randwire.op.WeightedSum;

/**
 * Evaluates a trained randomly wired network with one edge or node of its graphs removed and
 * nothing trained anew (Xie et al. 2019, "graph damage"). The plan stays the same: a removed edge
 * has its mask at 0, so that its term of the weighted sum is exactly 0; a removed node has scale
 * and shift of its batch norm at 0, so that what it sends along every edge, and into the mean at
 * the stage's end, is exactly 0. No other weight is changed: the remaining terms are not scaled up,
 * the mean is still divided by the number of exits, running statistics stay those of the whole
 * network. A node that loses its only input sums nothing; it still sends what its batch norm makes
 * of zero, a constant per channel.
 *
 * <p>Between calls the network is whole. As not thread-safe as its {@link Trainer}.
 */
public final class GraphDamage {

  private static final String AGGREGATION = ".aggregation";
  private static final String OUTPUT = ".bn";
  private static final String MASK = ".mask";

  private final Trainer trainer;
  private final OpGraph graph;
  private final Map<String, OpNode> byName = new LinkedHashMap<>();

  /**
   * @param trainer of a randomly wired network, its weights trained or restored; whoever gave it
   *     closes it
   */
  public GraphDamage(Trainer trainer) {
    this.trainer = trainer;
    graph = trainer.graph();
    graph.nodes().forEach(node -> byName.put(node.name(), node));
  }

  /** The whole network, with the statistics that the removals have too. */
  public Evaluation intact() {
    return trainer.evaluateAsIs();
  }

  /**
   * Without an edge.
   *
   * @param from name of the node it leaves, such as {@code stage1.node0}
   * @param to name of the node it enters
   * @throws IllegalArgumentException if there is no such edge
   */
  public Evaluation withoutEdge(String from, String to) {
    OpNode aggregation = byName.get(to + AGGREGATION);
    OpNode source = byName.get(from + OUTPUT);
    int input =
        aggregation == null || source == null ? -1 : aggregation.inputs().indexOf(source.id());
    if (input < 0 || !(aggregation.op() instanceof WeightedSum)) {
      throw new IllegalArgumentException("the network has no edge from " + from + " to " + to);
    }
    double[] mask = new double[aggregation.inputs().size()];
    Arrays.fill(mask, 1);
    String name = aggregation.name() + MASK;
    return changed(
        () -> {
          mask[input] = 0;
          trainer.evaluated().setControl(name, mask);
        },
        () -> {
          mask[input] = 1;
          trainer.evaluated().setControl(name, mask);
        });
  }

  /**
   * Without a node: all its output edges and, where it has none, its part of the stage's output.
   *
   * @param node its name, such as {@code stage1.node0}
   * @throws IllegalArgumentException if there is no such node
   */
  public Evaluation withoutNode(String node) {
    OpNode norm = byName.get(node + OUTPUT);
    if (norm == null
        || !(norm.op() instanceof BatchNorm)
        || !byName.containsKey(node + AGGREGATION)) {
      throw new IllegalArgumentException("the network has no node " + node);
    }
    NetworkState state = trainer.session().state();
    Section section = state.averages() ? Section.AVERAGE : Section.PARAMETERS;
    String scale = norm.name() + ".weight";
    String shift = norm.name() + ".bias";
    double[] trainedScale = state.get(section, scale);
    double[] trainedShift = state.get(section, shift);
    return changed(
        () -> {
          state.set(section, scale, new double[trainedScale.length]);
          state.set(section, shift, new double[trainedShift.length]);
        },
        () -> {
          state.set(section, scale, trainedScale);
          state.set(section, shift, trainedShift);
        });
  }

  private Evaluation changed(Runnable change, Runnable back) {
    change.run();
    try {
      return trainer.evaluateAsIs();
    } finally {
      back.run();
    }
  }
}
