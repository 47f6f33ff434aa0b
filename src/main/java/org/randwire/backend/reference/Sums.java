// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.reference;

import java.util.List;
import org.randwire.op.NodeTransform;

/**
 * Sums of tensors of one shape. Edge e of a weighted sum counts {@code mask[e] *
 * sigmoid(weight[e])}; the number of edges is the length of the weights.
 */
final class Sums {
  private Sums() {}

  static void scaledSum(List<Tensor> inputs, double scale, Tensor y) {
    for (int i = 0; i < y.size(); i++) {
      double sum = 0;
      for (int k = 0; k < inputs.size(); k++) {
        sum += inputs.get(k).get(i);
      }
      y.set(i, sum * scale);
    }
  }

  /** Sums the first inputs, as many as there are edges; the scales are a temporary. */
  static void weightedSum(
      List<Tensor> inputs, Tensor weight, Tensor mask, Tensor scales, Tensor y) {
    for (int edge = 0; edge < scales.size(); edge++) {
      scales.set(edge, scale(edge, weight, mask));
    }
    weightedSum(inputs, scales, y);
  }

  static void inputGradient(int edge, Tensor dy, Tensor weight, Tensor mask, Tensor dx) {
    double scale = scale(edge, weight, mask);
    for (int i = 0; i < dx.size(); i++) {
      dx.set(i, scale * dy.get(i));
    }
  }

  static void weightGradient(
      List<Tensor> inputs, Tensor dy, Tensor weight, Tensor mask, Tensor dweight) {
    for (int edge = 0; edge < weight.channels(); edge++) {
      double product = 0;
      for (int i = 0; i < dy.size(); i++) {
        product += inputs.get(edge).get(i) * dy.get(i);
      }
      double sigmoid = sigmoid(weight.get(edge));
      dweight.set(edge, mask.get(edge) * sigmoid * (1 - sigmoid) * product);
    }
  }

  static void gradientSum(List<Integer> edges, List<Tensor> operands, Tensor scales, Tensor dx) {
    int next = edges.size();
    for (int term = 0; term < scales.size(); term++) {
      int edge = edges.get(term);
      if (edge == NodeTransform.GradientSum.UNSCALED) {
        scales.set(term, 1);
      } else {
        scales.set(term, scale(edge, operands.get(next), operands.get(next + 1)));
        next += 2;
      }
    }
    weightedSum(operands, scales, dx);
  }

  private static void weightedSum(List<Tensor> inputs, Tensor scales, Tensor y) {
    for (int i = 0; i < y.size(); i++) {
      double sum = 0;
      for (int k = 0; k < scales.size(); k++) {
        sum += scales.get(k) * inputs.get(k).get(i);
      }
      y.set(i, sum);
    }
  }

  private static double scale(int edge, Tensor weight, Tensor mask) {
    return mask.get(edge) * sigmoid(weight.get(edge));
  }

  private static double sigmoid(double weight) {
    return 1 / (1 + Math.exp(-weight));
  }
}
