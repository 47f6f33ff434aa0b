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
   * Operands: (inputs, packed filter, running mean, running variance) to (y, batch mean, batch
   * variance, u), where y is the raw output and u that of the depthwise convolution. Without {@code
   * norm} there are neither running nor batch statistics.
   *
   * @param raw which inputs are raw outputs
   * @param epsilon of the inputs' normalisations
   * @param norm the normalisation behind the node if it takes the batch's statistics
   * @param keepsFront whether u is an output
   */
  public record Forward(
      Convolution depthwise,
      List<Boolean> raw,
      double epsilon,
      BatchNorm.@Nullable Forward norm,
      boolean keepsFront)
      implements Primitive {
    public Forward {
      raw = List.copyOf(raw);
    }

    @Override
    public String label() {
      return "whole node forward " + depthwise.window();
    }

    @Override
    public Forward repeated() {
      return norm == null
          ? this
          : new Forward(depthwise, raw, epsilon, norm.repeated(), keepsFront);
    }
  }

  /**
   * Operands: (e_1 .. e_m; then for each scaled term weight, mask and sums; raw output, weight,
   * batch mean and batch variance of the node's own normalisation; transposed packed filter;
   * inputs) to (e, dedges, ddepthwise, dweight, dbias, sums, dpointwise or dy). The gradient of the
   * normalised output is the sum of the terms: term t is scaled by {@code mask[i] *
   * sigmoid(weight[i])}, {@code i = edges.get(t)}, of the reader that wrote it, or, if it is the
   * only one, {@link NodeTransform.GradientSum#UNSCALED}. Sums are {@code [1 + k][channels]}
   * floats: of e, and for each input of e times the input less its mean.
   *
   * @param filterGradient whether the last output is the pointwise filter's gradient, for which u
   *     is computed again; otherwise it is the gradient of the raw output
   */
  public record Backward(
      Convolution depthwise,
      List<Boolean> raw,
      double epsilon,
      List<Integer> edges,
      boolean filterGradient)
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
