// SPDX-License-Identifier: Apache-2.0
package org.randwire.op;

import java.util.List;

/**
 * The fused primitives of a RandWire node (docs/architecture.md, "Fusion, so far"): aggregation,
 * ReLU and depthwise convolution in one pass over memory, forward and backward. Neither the sum nor
 * its ReLU is ever stored; the backward pass computes them again from the inputs it reads anyway.
 */
public final class NodeTransform {

  private NodeTransform() {}

  /** Operands: (x_1 .. x_k, weight, mask, filter) to u. */
  public record Forward(Convolution depthwise) implements Primitive {
    @Override
    public String label() {
      return "node forward " + depthwise.window();
    }
  }

  /**
   * Operands: (x_1 .. x_k, weight, mask, filter, du) to (gradient of the weighted sum, dweight,
   * dfilter).
   */
  public record Backward(Convolution depthwise) implements Primitive {
    @Override
    public String label() {
      return "node backward " + depthwise.window();
    }
  }

  /**
   * The gradient of a value with several consumers, pulled from all of them at once. Operands: (g_1
   * .. g_m, then weight and mask of each scaled term in order) to dx. Term i is scaled by {@code
   * mask[e] * sigmoid(weight[e])} with {@code e = edges.get(i)}, or taken as it is where the edge
   * is {@link #UNSCALED}.
   */
  public record GradientSum(List<Integer> edges) implements Primitive {
    public static final int UNSCALED = -1;

    public GradientSum {
      edges = List.copyOf(edges);
    }

    @Override
    public String label() {
      return "gradient-sum of " + edges.size();
    }
  }
}
