// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cpu;

import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.util.List;
import org.randwire.backend.Kernel;
import org.randwire.backend.cpu.JavaKernel.Region;
import org.randwire.op.Instruction;
import org.randwire.op.SoftmaxCrossEntropy;
import org.randwire.op.Value;

/** Cross-entropy of the softmax against smoothed labels, in double; one task. */
final class JavaLosses {
  private JavaLosses() {}

  static Kernel forward(Instruction call) {
    double smoothing = ((SoftmaxCrossEntropy) call.primitive()).labelSmoothing();
    Value logits = call.input(0);
    int classes = logits.shape().channels();
    int labelStride = call.input(1).storedChannels();
    Value losses = call.output(0);
    return JavaKernel.simple(
        call,
        memory -> {
          FloatBuffer x = memory.in(0);
          IntBuffer labels = memory.bytes(call.input(1)).asIntBuffer();
          FloatBuffer y = memory.out(0);
          return List.of(
              new Region(
                  1,
                  (task, worker) -> {
                    JavaPointwise.zero(y, 0, y.capacity());
                    for (int n = 0; n < logits.shape().batch(); n++) {
                      int row = n * logits.storedChannels();
                      double loss = loss(x, row, classes, labels.get(n * labelStride), smoothing);
                      y.put(n * losses.storedChannels(), (float) loss);
                    }
                  }));
        });
  }

  private static double loss(
      FloatBuffer logits, int row, int classes, int label, double smoothing) {
    double sum = 0;
    for (int k = 0; k < classes; k++) {
      sum += logits.get(row + k);
    }
    // The target's entries add up to 1, so the normaliser counts once.
    return logSumExp(logits, row, classes)
        - (1 - smoothing) * logits.get(row + label)
        - smoothing / classes * sum;
  }

  static Kernel gradient(Instruction call) {
    double smoothing = ((SoftmaxCrossEntropy.Gradient) call.primitive()).labelSmoothing();
    Value logits = call.input(0);
    int batch = logits.shape().batch();
    int classes = logits.shape().channels();
    int labelStride = call.input(1).storedChannels();
    return JavaKernel.simple(
        call,
        memory -> {
          FloatBuffer x = memory.in(0);
          IntBuffer labels = memory.bytes(call.input(1)).asIntBuffer();
          FloatBuffer dx = memory.out(0);
          return List.of(
              new Region(
                  1,
                  (task, worker) -> {
                    JavaPointwise.zero(dx, 0, dx.capacity());
                    for (int n = 0; n < batch; n++) {
                      int row = n * logits.storedChannels();
                      int label = labels.get(n * labelStride);
                      double normalizer = logSumExp(x, row, classes);
                      for (int k = 0; k < classes; k++) {
                        double target = (k == label ? 1 - smoothing : 0) + smoothing / classes;
                        double probability = Math.exp(x.get(row + k) - normalizer);
                        dx.put(row + k, (float) ((probability - target) / batch));
                      }
                    }
                  }));
        });
  }

  /** The logarithm of the sum of exponentials, safe from overflow by taking out the largest. */
  private static double logSumExp(FloatBuffer logits, int row, int classes) {
    double largest = Double.NEGATIVE_INFINITY;
    for (int k = 0; k < classes; k++) {
      largest = Math.max(largest, logits.get(row + k));
    }
    double sum = 0;
    for (int k = 0; k < classes; k++) {
      sum += Math.exp(logits.get(row + k) - largest);
    }
    return largest + Math.log(sum);
  }
}
