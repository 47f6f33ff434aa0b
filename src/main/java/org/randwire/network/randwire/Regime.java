// SPDX-License-Identifier: Apache-2.0
package org.randwire.network.randwire;

import org.randwire.op.BatchNorm;
import org.randwire.op.Convolution;
import org.randwire.op.OpGraph;
import org.randwire.op.Relu;
import org.randwire.op.Window;
import org.randwire.tensor.TensorShape;

/**
 * What surrounds the random stages: stem, number and width of stages, head. SMALL and REGULAR are
 * the paper's (Table 1); CIFAR and MNIST are the same idea at the size of those images.
 */
public enum Regime {
  /**
   * Two dense 3x3 convolutions of stride 2 to C/2 and C, three random stages at C, 2C, 4C, 1280
   * features. The stem is dense, not separable: only so do the published 583 M multiply-adds come
   * out.
   */
  SMALL(TensorShape.example(3, 224, 224), 3, true) {
    @Override
    int addStem(OpGraph.Builder graph, int channels) {
      int first = convolution(graph, "conv1", graph.input(), half(channels), 2);
      int relu = graph.add("conv2.relu", new Relu(), first);
      return convolution(graph, "conv2", relu, channels, 2);
    }
  },
  /**
   * One dense 3x3 convolution of stride 2 to C/2, four random stages at C, 2C, 4C, 8C of which the
   * first has half the nodes, 1280 features.
   */
  REGULAR(TensorShape.example(3, 224, 224), 4, true) {
    @Override
    int addStem(OpGraph.Builder graph, int channels) {
      return convolution(graph, "conv1", graph.input(), half(channels), 2);
    }

    @Override
    public int nodes(int stage, int nodes) {
      return stage == 0 ? Math.max(1, nodes / 2) : nodes;
    }
  },
  /** One 3x3 convolution of stride 1 to C, three random stages at C, 2C, 4C, 8C features. */
  CIFAR(TensorShape.example(3, 32, 32), 3, false) {
    @Override
    int addStem(OpGraph.Builder graph, int channels) {
      return convolution(graph, "conv1", graph.input(), channels, 1);
    }

    @Override
    int features(int channels) {
      return 8 * channels;
    }
  },
  /** One 3x3 convolution of stride 1 to C, two random stages at C and 2C, 4C features. */
  MNIST(TensorShape.example(1, 28, 28), 2, false) {
    @Override
    int addStem(OpGraph.Builder graph, int channels) {
      return convolution(graph, "conv1", graph.input(), channels, 1);
    }

    @Override
    int features(int channels) {
      return 4 * channels;
    }
  };

  private final TensorShape defaultInput;
  private final int stages;
  private final boolean reluBeforePool;

  Regime(TensorShape defaultInput, int stages, boolean reluBeforePool) {
    this.defaultInput = defaultInput;
    this.stages = stages;
    this.reluBeforePool = reluBeforePool;
  }

  /** The images the regime was made for. */
  public TensorShape defaultInput() {
    return defaultInput;
  }

  public int stages() {
    return stages;
  }

  /** Nodes of a stage when the network is asked for {@code nodes}. */
  public int nodes(int stage, int nodes) {
    return nodes;
  }

  /** Whether a ReLU stands between the head's normalisation and the pooling. */
  boolean reluBeforePool() {
    return reluBeforePool;
  }

  /** Adds the stem and returns its output. */
  abstract int addStem(OpGraph.Builder graph, int channels);

  /** Channels of the 1x1 convolution in the head. */
  int features(int channels) {
    return 1280;
  }

  /** C/2, rounded down where C is odd (the paper's choice is not known). */
  private static int half(int channels) {
    return Math.max(1, channels / 2);
  }

  private static int convolution(
      OpGraph.Builder graph, String name, int input, int channels, int stride) {
    Convolution convolution = new Convolution(channels, Window.square(3, stride), 1);
    return graph.add(
        name + ".bn", BatchNorm.DEFAULT, graph.add(name + ".convolution", convolution, input));
  }
}
