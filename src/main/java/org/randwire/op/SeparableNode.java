// SPDX-License-Identifier: Apache-2.0
package org.randwire.op;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A whole RandWire node as one primitive forward and one backward (docs/architecture.md, "Fusion"):
 * aggregation, ReLU, depthwise and pointwise convolution, batch normalisation. The normalised
 * output never exists: whoever reads it gets the pointwise convolution's raw output and normalises
 * while reading, and leaves the sums that the normalisation's gradient needs.
 *
 * <p>How the inputs of a node are written as operands: x_1 .. x_k, where x_i is a tensor or a raw
 * output; then mean, variance, weight and bias for each raw output in order; then the edges'
 * weights and masks and the depthwise filter.
 */
public final class SeparableNode {

  private SeparableNode() {}

  /** Operands: (pointwise filter) to the filter in the order that the node's kernels read. */
  public record PackedFilter(boolean transposed) implements Primitive {
    @Override
    public String label() {
      return "packed filter";
    }
  }

  /**
   * Operands: (inputs, packed filter, running mean, running variance) to (u, y, batch mean, batch
   * variance), where u is the depthwise convolution's output and y the raw output. Without {@code
   * norm} there are neither running nor batch statistics.
   *
   * @param raw which inputs are raw outputs
   * @param epsilon of the inputs' normalisations
   * @param norm the normalisation behind the node if it takes the batch's statistics
   */
  public record Forward(
      Convolution depthwise, List<Boolean> raw, double epsilon, BatchNorm.@Nullable Forward norm)
      implements Primitive {
    public Forward {
      raw = List.copyOf(raw);
    }

    @Override
    public String label() {
      return "whole node forward " + depthwise.window();
    }
  }

  /**
   * Operands: (e_1 .. e_m; then for each scaled term weight, mask and sums; raw output, weight,
   * batch mean and batch variance of the node's own normalisation; transposed packed filter;
   * inputs) to (e, dedges, ddepthwise, dy, dweight, dbias, sums). The gradient of the normalised
   * output is the sum of the terms: term t is scaled by {@code mask[i] * sigmoid(weight[i])},
   * {@code i = edges.get(t)}, of the reader that wrote it, or, if it is the only one, {@link
   * NodeTransform.GradientSum#UNSCALED}. Sums are {@code [1 + k][channels]} floats: of e, and for
   * each input of e times the input less its mean.
   */
  public record Backward(
      Convolution depthwise, List<Boolean> raw, double epsilon, List<Integer> edges)
      implements Primitive {
    public Backward {
      raw = List.copyOf(raw);
      edges = List.copyOf(edges);
    }

    /** Whether the readers left the sums for the node's own normalisation. */
    public boolean gathers() {
      return !edges.contains(NodeTransform.GradientSum.UNSCALED);
    }

    @Override
    public String label() {
      return "whole node backward " + depthwise.window();
    }
  }

  /** Operands that the inputs take. */
  public static int inputOperands(List<Boolean> raw) {
    return raw.size() + 4 * rawInputs(raw) + 3;
  }

  private static int rawInputs(List<Boolean> raw) {
    return (int) raw.stream().filter(r -> r).count();
  }
}
