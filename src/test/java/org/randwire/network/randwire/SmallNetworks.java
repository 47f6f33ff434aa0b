// SPDX-License-Identifier: Apache-2.0
package org.randwire.network.randwire;

import java.util.List;
import org.randwire.graph.WattsStrogatz;
import org.randwire.network.cell.Cell;
import org.randwire.network.cell.CellNetworkSpec;
import org.randwire.network.cell.CellOutput;
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

  /** Three searched cells of width 4 with a none op, an unread input and two identities. */
  public static OpGraph cells(double auxiliaryWeight, double dropPath) {
    Cell normal = Cell.of(List.of("sep3 1", "none 1", "skip 1", "dil3 2"));
    Cell reduction = Cell.of(List.of("skip 0", "max3 1", "conv7x1 1", "avg3 2"));
    return new CellNetworkSpec(
            "cells",
            IMAGE,
            CLASSES,
            CellNetworkSpec.Stem.CIFAR,
            4,
            3,
            normal,
            reduction,
            CellOutput.ALL,
            new CellNetworkSpec.Regularisation(auxiliaryWeight, 0.1, dropPath))
        .build();
  }
}
