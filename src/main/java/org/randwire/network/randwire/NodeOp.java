// SPDX-License-Identifier: Apache-2.0
package org.randwire.network.randwire;

import org.randwire.op.AveragePool;
import org.randwire.op.Convolution;
import org.randwire.op.MaxPool;
import org.randwire.op.OpGraph;
import org.randwire.op.Window;

/**
 * The convolution inside a node. The paper's nodes are separable; the others are its ablation
 * (section 4.1, "node operations").
 */
public enum NodeOp {
  /** 3x3 depthwise, then 1x1, nothing in between. */
  SEPARABLE("separable") {
    @Override
    int addTo(OpGraph.Builder graph, String name, int input, int channels, int stride) {
      Convolution depthwise =
          Convolution.depthwise(graph.shape(input).channels(), Window.square(3, stride));
      int spatial = graph.add(name + ".depthwise", depthwise, input);
      return pointwise(graph, name, spatial, channels);
    }
  },
  /** A dense 3x3 convolution. */
  DENSE("dense") {
    @Override
    int addTo(OpGraph.Builder graph, String name, int input, int channels, int stride) {
      return graph.add(
          name + ".convolution", new Convolution(channels, Window.square(3, stride), 1), input);
    }
  },
  /** 3x3 maximum pooling, then 1x1. */
  MAX_POOL("maxpool") {
    @Override
    int addTo(OpGraph.Builder graph, String name, int input, int channels, int stride) {
      int pooled = graph.add(name + ".pool", new MaxPool(Window.square(3, stride)), input);
      return pointwise(graph, name, pooled, channels);
    }
  },
  /** 3x3 average pooling, then 1x1. */
  AVERAGE_POOL("avgpool") {
    @Override
    int addTo(OpGraph.Builder graph, String name, int input, int channels, int stride) {
      int pooled = graph.add(name + ".pool", new AveragePool(Window.square(3, stride)), input);
      return pointwise(graph, name, pooled, channels);
    }
  };

  private final String label;

  NodeOp(String label) {
    this.label = label;
  }

  /** The word for it in configurations. */
  public String label() {
    return label;
  }

  /** Adds the op behind node {@code input} and returns its output. */
  abstract int addTo(OpGraph.Builder graph, String name, int input, int channels, int stride);

  private static int pointwise(OpGraph.Builder graph, String name, int input, int channels) {
    return graph.add(name + ".pointwise", Convolution.pointwise(channels), input);
  }
}
