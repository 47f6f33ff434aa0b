// SPDX-License-Identifier: Apache-2.0
package org.randwire.network.resnet;

import org.randwire.op.Add;
import org.randwire.op.BatchNorm;
import org.randwire.op.Convolution;
import org.randwire.op.OpGraph;
import org.randwire.op.Relu;
import org.randwire.op.Window;

/**
 * What a stage repeats. The definitions are those of the training code of the design spaces paper:
 * no convolution has a bias, each is followed by batch normalisation.
 */
public sealed interface Block {

  /** Says in an {@link IllegalArgumentException} why there is no such block of a width. */
  default void requireWidth(int width) {}

  /**
   * Adds the block behind node {@code input} and returns its output.
   *
   * @param width channels of the output
   * @param stride of the block as a whole
   */
  int addTo(OpGraph.Builder graph, String name, int input, int width, int stride);

  /** Two 3x3 convolutions, each with normalisation and ReLU; no shortcut. */
  record Vanilla() implements Block {
    @Override
    public int addTo(OpGraph.Builder graph, String name, int input, int width, int stride) {
      int x = activated(graph, name, 1, input, dense(width, stride));
      return activated(graph, name, 2, x, dense(width, 1));
    }
  }

  /** Two 3x3 convolutions and a shortcut around them; the second ReLU follows the sum. */
  record Basic() implements Block {
    @Override
    public int addTo(OpGraph.Builder graph, String name, int input, int width, int stride) {
      int x = activated(graph, name, 1, input, dense(width, stride));
      return sum(graph, name, input, normalized(graph, name, "2", x, dense(width, 1)), stride);
    }
  }

  /**
   * 1x1, grouped 3x3 and 1x1 convolutions and a shortcut around them; the third ReLU follows the
   * sum. The stride is that of the 3x3 convolution.
   *
   * @param ratio width of the block over that of its 3x3 convolution, a divisor of the width
   * @param groups of the 3x3 convolution, a divisor of its width
   */
  record Bottleneck(int ratio, int groups) implements Block {

    public Bottleneck {
      if (ratio < 1 || groups < 1) {
        throw new IllegalArgumentException(
            "bottleneck ratio and groups must be at least 1, got " + ratio + ", " + groups);
      }
    }

    @Override
    public void requireWidth(int width) {
      if (width % ratio != 0) {
        throw new IllegalArgumentException(
            "ratio " + ratio + " does not divide the width " + width + nearest(width, ratio));
      }
      int inner = width / ratio;
      if (inner % groups != 0) {
        throw new IllegalArgumentException(
            groups + " groups do not divide the inner width " + inner + nearest(inner, groups));
      }
    }

    private static String nearest(int number, int refused) {
      int below = Math.min(refused, number);
      while (number % below != 0) {
        below--;
      }
      int above = refused;
      while (above <= number && number % above != 0) {
        above++;
      }
      return above > number
          ? "; the nearest that does is " + below
          : "; the nearest that do are " + below + " and " + above;
    }

    @Override
    public int addTo(OpGraph.Builder graph, String name, int input, int width, int stride) {
      requireWidth(width);
      int inner = width / ratio;
      int x = activated(graph, name, 1, input, Convolution.pointwise(inner));
      x = activated(graph, name, 2, x, new Convolution(inner, Window.square(3, stride), groups));
      x = normalized(graph, name, "3", x, Convolution.pointwise(width));
      return sum(graph, name, input, x, stride);
    }
  }

  private static Convolution dense(int width, int stride) {
    return new Convolution(width, Window.square(3, stride), 1);
  }

  private static int activated(
      OpGraph.Builder graph, String name, int position, int input, Convolution convolution) {
    int x = normalized(graph, name, String.valueOf(position), input, convolution);
    return graph.add(name + ".relu" + position, new Relu(), x);
  }

  private static int normalized(
      OpGraph.Builder graph, String name, String position, int input, Convolution convolution) {
    int x = graph.add(name + ".conv" + position, convolution, input);
    return graph.add(name + ".bn" + position, BatchNorm.DEFAULT, x);
  }

  /** ReLU of the sum with the shortcut: the input, projected where width or size change. */
  private static int sum(OpGraph.Builder graph, String name, int input, int residual, int stride) {
    int width = graph.shape(residual).channels();
    int shortcut = input;
    if (stride != 1 || graph.shape(input).channels() != width) {
      Convolution projection = new Convolution(width, Window.square(1, stride), 1);
      shortcut = normalized(graph, name, "Shortcut", input, projection);
    }
    int sum = graph.add(name + ".sum", new Add(), residual, shortcut);
    return graph.add(name + ".relu", new Relu(), sum);
  }
}
