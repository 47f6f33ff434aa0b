// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.reference;

import java.util.List;

/** Primitives that move values or change each on its own. */
final class Pointwise {
  private Pointwise() {}

  static void copy(Tensor x, Tensor y) {
    for (int i = 0; i < y.size(); i++) {
      y.set(i, x.get(i));
    }
  }

  static void relu(Tensor x, Tensor y) {
    for (int i = 0; i < y.size(); i++) {
      y.set(i, Math.max(x.get(i), 0));
    }
  }

  static void reluGradient(Tensor y, Tensor dy, Tensor dx) {
    for (int i = 0; i < dx.size(); i++) {
      dx.set(i, y.get(i) > 0 ? dy.get(i) : 0);
    }
  }

  static void multiply(Tensor x, Tensor mask, Tensor y) {
    for (int i = 0; i < y.size(); i++) {
      y.set(i, x.get(i) * mask.get(i));
    }
  }

  static void scaleExamples(Tensor x, Tensor factors, Tensor y) {
    for (int n = 0; n < y.batch(); n++) {
      double factor = factors.get(factors.plane(n, 0));
      for (int i = y.plane(n, 0); i < y.plane(n, 0) + y.channels() * y.pixels(); i++) {
        y.set(i, x.get(i) * factor);
      }
    }
  }

  static void zero(Tensor y) {
    for (int i = 0; i < y.size(); i++) {
      y.set(i, 0);
    }
  }

  /** {@code y[h, w] = x[h + distance, w + distance]}, zero where x has no such pixel. */
  static void shift(Tensor x, int distance, Tensor y) {
    for (int plane = 0; plane < y.batch() * y.channels(); plane++) {
      int first = plane * y.pixels();
      for (int h = 0; h < y.height(); h++) {
        for (int w = 0; w < y.width(); w++) {
          int row = h + distance;
          int column = w + distance;
          boolean inside = row >= 0 && row < x.height() && column >= 0 && column < x.width();
          y.set(first + h * y.width() + w, inside ? x.get(first + row * x.width() + column) : 0);
        }
      }
    }
  }

  static void concat(List<Tensor> inputs, Tensor y) {
    int first = 0;
    for (int k = 0; k < inputs.size(); k++) {
      Tensor x = inputs.get(k);
      for (int n = 0; n < y.batch(); n++) {
        copyChannels(x, x.plane(n, 0), y, y.plane(n, first), x.channels());
      }
      first += x.channels();
    }
  }

  static void slice(int first, Tensor x, Tensor y) {
    for (int n = 0; n < y.batch(); n++) {
      copyChannels(x, x.plane(n, first), y, y.plane(n, 0), y.channels());
    }
  }

  private static void copyChannels(Tensor x, int from, Tensor y, int to, int channels) {
    for (int i = 0; i < channels * x.pixels(); i++) {
      y.set(to + i, x.get(from + i));
    }
  }
}
