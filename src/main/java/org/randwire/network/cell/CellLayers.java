// SPDX-License-Identifier: Apache-2.0
package org.randwire.network.cell;

import org.randwire.op.BatchNorm;
import org.randwire.op.Concat;
import org.randwire.op.Convolution;
import org.randwire.op.Op;
import org.randwire.op.OpGraph;
import org.randwire.op.Relu;
import org.randwire.op.Shift;
import org.randwire.op.Window;

/** The short chains of ops that cells are made of, added to a graph under one name. */
record CellLayers(OpGraph.Builder graph, String name) {

  int channels(int node) {
    return graph.shape(node).channels();
  }

  int add(String suffix, Op op, Integer... inputs) {
    return graph.add(name + "." + suffix, op, inputs);
  }

  int relu(String position, int input) {
    return add("relu" + position, new Relu(), input);
  }

  int norm(String position, int input) {
    return add("bn" + position, BatchNorm.DEFAULT, input);
  }

  /** ReLU, convolution, normalisation. */
  int convolution(int input, int channels, Window window) {
    return norm("", add("conv", new Convolution(channels, window, 1), relu("", input)));
  }

  /** ReLU, depthwise convolution, 1x1 convolution, normalisation. */
  int separable(String position, int input, int channels, Window window) {
    int x = relu(position, input);
    x = add("depthwise" + position, Convolution.depthwise(channels(input), window), x);
    return norm(position, add("pointwise" + position, Convolution.pointwise(channels), x));
  }

  /**
   * Halves height and width without losing the pixels in between: after a ReLU two 1x1 convolutions
   * of stride 2, the second a pixel further, half the channels each.
   */
  int factorisedReduction(int input, int channels) {
    int half = channels / 2;
    int x = relu("", input);
    if (half == 0) {
      return norm("", add("conv", strided(channels), x));
    }
    int even = add("convEven", strided(half), x);
    int odd = add("convOdd", strided(channels - half), add("shift", new Shift(), x));
    return norm("", add("concat", new Concat(), even, odd));
  }

  private static Convolution strided(int channels) {
    return new Convolution(channels, Window.square(1, 2), 1);
  }
}
