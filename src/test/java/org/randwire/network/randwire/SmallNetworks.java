// SPDX-License-Identifier: Apache-2.0
package org.randwire.network.randwire;

import org.randwire.graph.WattsStrogatz;
import org.randwire.op.OpGraph;
import org.randwire.tensor.TensorShape;

/** Randomly wired networks small enough to be trained in a test. */
public final class SmallNetworks {

  public static final TensorShape IMAGE = TensorShape.example(3, 8, 8);
  public static final int CLASSES = 5;

  private SmallNetworks() {}

  /** Two stages of six nodes, WS(2, 0.75), on images of 8 x 8. */
  public static OpGraph randwire(long graphSeed, int channels) {
    return randwire(graphSeed, channels, NodeOp.SEPARABLE, 0);
  }

  /** The same with another op in the nodes and dropout before the last layer. */
  public static OpGraph randwire(long graphSeed, int channels, NodeOp nodeOp, double dropout) {
    var graphs =
        StageGraphs.draw(Regime.MNIST, 6, nodes -> new WattsStrogatz(nodes, 2, 0.75), graphSeed);
    return new RandWireSpec(
            "small", Regime.MNIST, IMAGE, CLASSES, channels, graphs, nodeOp, 0.3, dropout)
        .build();
  }
}
