// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.reference;

import java.util.List;
import org.randwire.backend.reference.ReferenceKernel.Operands;
import org.randwire.op.BatchNorm;
import org.randwire.op.NormalisedRelu;

/** Batch normalisation (Ioffe and Szegedy 2015, algorithm 1 and the gradients below it). */
final class BatchNorms {
  private BatchNorms() {}

  static void forward(BatchNorm.Forward op, Operands t) {
    Tensor x = t.in(0);
    double count = (double) x.batch() * x.pixels();
    for (int c = 0; c < x.channels(); c++) {
      double mean = sum(x, c) / count;
      double variance = squaredDistance(x, c, mean) / count;
      normalize(x, c, mean, variance, op.epsilon(), t.in(1).get(c), t.in(2).get(c), t.out(0));
      t.out(1).set(c, mean);
      t.out(2).set(c, variance);
      if (op.updatesRunning()) {
        // A single value has no unbiased variance; its biased one, 0, is taken.
        double unbiased = variance * count / Math.max(count - 1, 1);
        update(t.in(3), c, mean, op.momentum());
        update(t.in(4), c, unbiased, op.momentum());
      }
    }
  }

  static void inference(BatchNorm.Inference op, Operands t) {
    for (int c = 0; c < t.in(0).channels(); c++) {
      double mean = t.in(3).get(c);
      double variance = t.in(4).get(c);
      normalize(t.in(0), c, mean, variance, op.epsilon(), t.in(1).get(c), t.in(2).get(c), t.out(0));
    }
  }

  static void gradient(BatchNorm.Gradient op, Operands t) {
    Tensor x = t.in(0);
    Tensor dy = t.in(1);
    double count = (double) x.batch() * x.pixels();
    for (int c = 0; c < x.channels(); c++) {
      double mean = t.in(3).get(c);
      double inverse = 1 / Math.sqrt(t.in(4).get(c) + op.epsilon());
      double dbias = sum(dy, c);
      double dweight = 0;
      for (int n = 0; n < x.batch(); n++) {
        int plane = x.plane(n, c);
        for (int i = plane; i < plane + x.pixels(); i++) {
          dweight += dy.get(i) * (x.get(i) - mean) * inverse;
        }
      }
      double scale = t.in(2).get(c) * inverse;
      for (int n = 0; n < x.batch(); n++) {
        int plane = x.plane(n, c);
        for (int i = plane; i < plane + x.pixels(); i++) {
          double normalized = (x.get(i) - mean) * inverse;
          t.out(0).set(i, scale * (dy.get(i) - (dbias + normalized * dweight) / count));
        }
      }
      t.out(1).set(c, dweight);
      t.out(2).set(c, dbias);
    }
  }

  static void forwardRelu(NormalisedRelu.Forward op, Operands t) {
    forward(op.norm(), t);
    addAndRectify(t);
  }

  static void inferenceRelu(NormalisedRelu.Inference op, Operands t) {
    inference(new BatchNorm.Inference(op.epsilon()), t);
    addAndRectify(t);
  }

  private static void addAndRectify(Operands t) {
    Tensor y = t.out(0);
    for (int i = 0; i < y.size(); i++) {
      double shortcut = t.inputs().size() > 5 ? t.in(5).get(i) : 0;
      y.set(i, Math.max(y.get(i) + shortcut, 0));
    }
  }

  /** The temporary takes the gradient behind the ReLU. */
  static void gradientRelu(NormalisedRelu.Gradient op, Operands t) {
    Tensor x = t.in(0);
    Tensor masked = t.temporary(0);
    for (int c = 0; c < x.channels(); c++) {
      double mean = t.in(3).get(c);
      double scale = t.in(1).get(c) / Math.sqrt(t.in(4).get(c) + op.epsilon());
      for (int n = 0; n < x.batch(); n++) {
        int plane = x.plane(n, c);
        for (int i = plane; i < plane + x.pixels(); i++) {
          double y = op.shortcut() ? t.in(5).get(i) : (x.get(i) - mean) * scale + t.in(2).get(c);
          double dy = 0;
          for (int term = op.firstTerm(); term < t.inputs().size(); term++) {
            dy += t.in(term).get(i);
          }
          masked.set(i, y > 0 ? dy : 0);
          if (op.shortcut()) {
            t.out(3).set(i, masked.get(i));
          }
        }
      }
    }
    List<Tensor> operands = List.of(x, masked, t.in(1), t.in(3), t.in(4));
    gradient(new BatchNorm.Gradient(op.epsilon()), new Operands(operands, t.outputs(), List.of()));
  }

  private static double sum(Tensor x, int c) {
    double sum = 0;
    for (int n = 0; n < x.batch(); n++) {
      int plane = x.plane(n, c);
      for (int i = plane; i < plane + x.pixels(); i++) {
        sum += x.get(i);
      }
    }
    return sum;
  }

  private static double squaredDistance(Tensor x, int c, double mean) {
    double sum = 0;
    for (int n = 0; n < x.batch(); n++) {
      int plane = x.plane(n, c);
      for (int i = plane; i < plane + x.pixels(); i++) {
        sum += (x.get(i) - mean) * (x.get(i) - mean);
      }
    }
    return sum;
  }

  private static void normalize(
      Tensor x,
      int c,
      double mean,
      double variance,
      double epsilon,
      double weight,
      double bias,
      Tensor y) {
    double scale = weight / Math.sqrt(variance + epsilon);
    for (int n = 0; n < x.batch(); n++) {
      int plane = x.plane(n, c);
      for (int i = plane; i < plane + x.pixels(); i++) {
        y.set(i, (x.get(i) - mean) * scale + bias);
      }
    }
  }

  private static void update(Tensor running, int c, double value, double momentum) {
    running.set(c, (1 - momentum) * running.get(c) + momentum * value);
  }
}
