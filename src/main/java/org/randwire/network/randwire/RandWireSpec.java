// SPDX-License-Identifier: Apache-2.0
package org.randwire.network.randwire;

import java.util.ArrayList;
import java.util.List;
import org.randwire.graph.Dag;
import org.randwire.network.NetworkSpec;
import org.randwire.op.BatchNorm;
import org.randwire.op.Convolution;
import org.randwire.op.Dropout;
import org.randwire.op.GlobalAveragePool;
import org.randwire.op.Linear;
import org.randwire.op.Mean;
import org.randwire.op.OpGraph;
import org.randwire.op.Relu;
import org.randwire.op.WeightedSum;
import org.randwire.tensor.TensorShape;

/**
 * A randomly wired network (Xie et al. 2019, section 3). Each node aggregates its inputs by
 * sigmoid-weighted sum, a weight on every edge, then ReLU, convolution, batch normalisation. Nodes
 * without predecessors read the stage's input, with stride 2, and are the only ones to change the
 * number of channels; the stage's output is the plain average of the nodes without successors.
 * Neither the unique input nor the output node has a convolution.
 *
 * @param name for plans and files
 * @param input shape of one image
 * @param channels C, the width of the first stage; each later stage doubles it
 * @param stages one graph per stage; isolated nodes and separate components are fine
 * @param edgeWeightInit start value of the raw aggregation weights, before the sigmoid
 * @param dropout rate before the last layer, 0 for none
 */
public record RandWireSpec(
    String name,
    Regime regime,
    TensorShape input,
    int classes,
    int channels,
    List<Dag> stages,
    NodeOp nodeOp,
    double edgeWeightInit,
    double dropout)
    implements NetworkSpec {

  /** The widest network that a search considers. */
  private static final int MOST_CHANNELS = 1 << 14;

  public RandWireSpec {
    stages = List.copyOf(stages);
    if (stages.size() != regime.stages()) {
      throw new IllegalArgumentException(
          "the regime "
              + regime
              + " has "
              + regime.stages()
              + " stages, got "
              + stages.size()
              + " graphs");
    }
    if (channels < 1 || classes < 1) {
      throw new IllegalArgumentException(
          "channels and classes must be at least 1, got " + channels + ", " + classes);
    }
  }

  /** The same network with another width. */
  public RandWireSpec withChannels(int width) {
    return new RandWireSpec(
        name, regime, input, classes, width, stages, nodeOp, edgeWeightInit, dropout);
  }

  /**
   * The same network at the width whose multiply-adds come nearest a target: how node operations
   * are compared at equal cost (section 4.1, "C is adjusted"). A step of one channel is a step of
   * about 2/C in cost, so narrow networks may stay off by as much as 1/C.
   *
   * @param multiplyAdds the target, at least 1
   */
  public RandWireSpec matching(long multiplyAdds) {
    if (multiplyAdds < 1) {
      throw new IllegalArgumentException("multiply-adds must be at least 1, got " + multiplyAdds);
    }
    int below = 0;
    int above = 1;
    while (above < MOST_CHANNELS && cost(above) < multiplyAdds) {
      below = above;
      above = Math.min(MOST_CHANNELS, 2 * above);
    }
    while (above - below > 1) {
      int middle = (below + above) / 2;
      if (cost(middle) < multiplyAdds) {
        below = middle;
      } else {
        above = middle;
      }
    }
    boolean lower = below > 0 && multiplyAdds - cost(below) <= cost(above) - multiplyAdds;
    return withChannels(lower ? below : above);
  }

  private long cost(int width) {
    return withChannels(width).build().multiplyAdds();
  }

  @Override
  public OpGraph build() {
    OpGraph.Builder graph = new OpGraph.Builder(input);
    int x = regime.addStem(graph, channels);
    for (int stage = 0; stage < stages.size(); stage++) {
      x = addStage(graph, stage, x, channels << stage);
    }
    addHead(graph, x);
    return graph.build();
  }

  /**
   * What the ops of a node are called, a dot and the op's own name behind it: {@code stage1.node3}
   * for the fourth node of the first stage.
   *
   * @param stage from 0
   * @param node from 0
   */
  public static String nodeName(int stage, int node) {
    return stageName(stage) + ".node" + node;
  }

  private static String stageName(int stage) {
    return "stage" + (stage + 1);
  }

  private int addStage(OpGraph.Builder graph, int stage, int input, int width) {
    Dag dag = stages.get(stage);
    int[] outputs = new int[dag.nodes()];
    for (int node = 0; node < dag.nodes(); node++) {
      boolean entry = dag.inDegree(node) == 0;
      List<Integer> sources = new ArrayList<>();
      if (entry) {
        sources.add(input);
      }
      for (int predecessor : dag.predecessors(node)) {
        sources.add(outputs[predecessor]);
      }
      outputs[node] = addNode(graph, nodeName(stage, node), sources, width, entry ? 2 : 1);
    }
    List<Integer> exits = new ArrayList<>();
    for (int sink : dag.sinks()) {
      exits.add(outputs[sink]);
    }
    return exits.size() == 1
        ? exits.get(0)
        : graph.add(stageName(stage) + ".output", new Mean(), exits);
  }

  private int addNode(
      OpGraph.Builder graph, String name, List<Integer> sources, int width, int stride) {
    int sum = graph.add(name + ".aggregation", new WeightedSum(edgeWeightInit), sources);
    int relu = graph.add(name + ".relu", new Relu(), sum);
    int transformed = nodeOp.addTo(graph, name, relu, width, stride);
    return graph.add(name + ".bn", BatchNorm.DEFAULT, transformed);
  }

  private void addHead(OpGraph.Builder graph, int input) {
    int x = graph.add("head.relu", new Relu(), input);
    x = graph.add("head.pointwise", Convolution.pointwise(regime.features(channels)), x);
    x = graph.add("head.bn", BatchNorm.DEFAULT, x);
    if (regime.reluBeforePool()) {
      x = graph.add("head.relu2", new Relu(), x);
    }
    x = graph.add("head.pool", new GlobalAveragePool(), x);
    if (dropout > 0) {
      x = graph.add("head.dropout", new Dropout(dropout), x);
    }
    graph.add("fc", new Linear(classes), x);
  }
}
