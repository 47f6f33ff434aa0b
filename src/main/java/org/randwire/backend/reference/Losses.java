// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.reference;

/** Cross-entropy of the softmax against a smoothed label. */
final class Losses {
  private Losses() {}

  static void forward(double smoothing, Tensor logits, Tensor labels, Tensor losses) {
    int classes = logits.channels();
    for (int n = 0; n < logits.batch(); n++) {
      double normalizer = logSumExp(logits, n);
      double loss = 0;
      for (int k = 0; k < classes; k++) {
        double logProbability = logits.get(logits.plane(n, k)) - normalizer;
        loss -= target(smoothing, classes, k == (int) labels.get(n)) * logProbability;
      }
      losses.set(n, loss);
    }
  }

  /** The gradient of the mean over the batch. */
  static void gradient(double smoothing, Tensor logits, Tensor labels, Tensor dlogits) {
    int classes = logits.channels();
    for (int n = 0; n < logits.batch(); n++) {
      double normalizer = logSumExp(logits, n);
      for (int k = 0; k < classes; k++) {
        int index = logits.plane(n, k);
        double probability = Math.exp(logits.get(index) - normalizer);
        double target = target(smoothing, classes, k == (int) labels.get(n));
        dlogits.set(index, (probability - target) / logits.batch());
      }
    }
  }

  private static double target(double smoothing, int classes, boolean isLabel) {
    return (isLabel ? 1 - smoothing : 0) + smoothing / classes;
  }

  /** The logarithm of the sum of exponentials, safe from overflow by taking out the largest. */
  private static double logSumExp(Tensor logits, int n) {
    double largest = Double.NEGATIVE_INFINITY;
    for (int k = 0; k < logits.channels(); k++) {
      largest = Math.max(largest, logits.get(logits.plane(n, k)));
    }
    double sum = 0;
    for (int k = 0; k < logits.channels(); k++) {
      sum += Math.exp(logits.get(logits.plane(n, k)) - largest);
    }
    return largest + Math.log(sum);
  }
}
