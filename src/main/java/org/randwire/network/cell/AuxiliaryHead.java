// SPDX-License-Identifier: Apache-2.0
package org.randwire.network.cell;

import org.randwire.op.AveragePool;
import org.randwire.op.BatchNorm;
import org.randwire.op.Convolution;
import org.randwire.op.GlobalAveragePool;
import org.randwire.op.Linear;
import org.randwire.op.OpGraph;
import org.randwire.op.Relu;
import org.randwire.op.Window;

/**
 * A second classifier on the output of the second reduction cell: pooling to 2x2 pixels, a 1x1
 * convolution to 128 and a 2x2 one to 768 channels, a linear layer. The training code of DARTS has
 * it for outputs of 8x8 (CIFAR) and 7x7 pixels (ImageNet); at other sizes the pooling is left out
 * below 7 pixels, and what remains after the convolutions is averaged.
 */
final class AuxiliaryHead {

  private static final int POOL = 5;
  private static final int FIRST_WIDTH = 128;
  private static final int SECOND_WIDTH = 768;

  private AuxiliaryHead() {}

  /** Adds the head behind node {@code input} and returns its logits. */
  static int addTo(OpGraph.Builder graph, int input, int classes) {
    CellLayers layers = new CellLayers(graph, "auxiliary");
    int x = layers.relu("", input);
    int size = Math.min(graph.shape(x).height(), graph.shape(x).width());
    if (size > POOL + 1) {
      int stride = size > POOL + 2 ? 3 : 2;
      Window window = new Window(POOL, POOL, stride, stride, 0, 0, 1);
      x = layers.add("pool", new AveragePool(window), x);
    }
    x = layers.add("conv1", Convolution.pointwise(FIRST_WIDTH), x);
    x = layers.relu("1", layers.add("bn1", BatchNorm.DEFAULT, x));
    int last = Math.min(2, Math.min(graph.shape(x).height(), graph.shape(x).width()));
    Window window = new Window(last, last, 1, 1, 0, 0, 1);
    x = layers.add("conv2", new Convolution(SECOND_WIDTH, window, 1), x);
    x = layers.add("relu2", new Relu(), layers.add("bn2", BatchNorm.DEFAULT, x));
    x = layers.add("average", new GlobalAveragePool(), x);
    return layers.add("fc", new Linear(classes), x);
  }
}
