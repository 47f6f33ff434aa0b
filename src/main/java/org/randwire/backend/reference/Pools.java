// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.reference;

import org.randwire.op.Window;

/**
 * Pooling and its gradients. Gradients of windows that overlap are added up in the memory of dx, so
 * there, and only there, a sum is rounded to the type of the memory at each term.
 */
final class Pools {
  private Pools() {}

  static void max(Window window, Tensor x, Tensor y) {
    for (int plane = 0; plane < y.batch() * y.channels(); plane++) {
      for (int pixel = 0; pixel < y.pixels(); pixel++) {
        y.set(plane * y.pixels() + pixel, x.get(largest(window, x, plane, y.width(), pixel)));
      }
    }
  }

  static void maxGradient(Window window, Tensor x, Tensor dy, Tensor dx) {
    dx.fill(0);
    for (int plane = 0; plane < dy.batch() * dy.channels(); plane++) {
      for (int pixel = 0; pixel < dy.pixels(); pixel++) {
        double gradient = dy.get(plane * dy.pixels() + pixel);
        dx.add(largest(window, x, plane, dy.width(), pixel), gradient);
      }
    }
  }

  /** The index of the first largest value of x in the window of an output pixel; NaN is largest. */
  private static int largest(Window window, Tensor x, int plane, int outputWidth, int pixel) {
    int best = -1;
    for (int ky = 0; ky < window.height(); ky++) {
      int h = row(window, pixel / outputWidth, ky);
      for (int kx = 0; kx < window.width(); kx++) {
        int w = column(window, pixel % outputWidth, kx);
        if (h >= 0 && h < x.height() && w >= 0 && w < x.width()) {
          int index = (plane * x.height() + h) * x.width() + w;
          boolean larger = best < 0 || x.get(index) > x.get(best);
          if (larger || (Double.isNaN(x.get(index)) && !Double.isNaN(x.get(best)))) {
            best = index;
          }
        }
      }
    }
    return best;
  }

  static void average(Window window, Tensor x, Tensor y) {
    for (int plane = 0; plane < y.batch() * y.channels(); plane++) {
      for (int pixel = 0; pixel < y.pixels(); pixel++) {
        double sum = 0;
        int count = 0;
        for (int ky = 0; ky < window.height(); ky++) {
          int h = row(window, pixel / y.width(), ky);
          for (int kx = 0; kx < window.width(); kx++) {
            int w = column(window, pixel % y.width(), kx);
            if (h >= 0 && h < x.height() && w >= 0 && w < x.width()) {
              sum += x.get((plane * x.height() + h) * x.width() + w);
              count++;
            }
          }
        }
        y.set(plane * y.pixels() + pixel, sum / count);
      }
    }
  }

  static void averageGradient(Window window, Tensor dy, Tensor dx) {
    dx.fill(0);
    for (int plane = 0; plane < dy.batch() * dy.channels(); plane++) {
      for (int pixel = 0; pixel < dy.pixels(); pixel++) {
        double gradient = dy.get(plane * dy.pixels() + pixel);
        spread(window, gradient, dx, plane, pixel / dy.width(), pixel % dy.width());
      }
    }
  }

  private static void spread(
      Window window, double gradient, Tensor dx, int plane, int row, int column) {
    int count =
        inside(window.height(), row(window, row, 0), window.dilation(), dx.height())
            * inside(window.width(), column(window, column, 0), window.dilation(), dx.width());
    for (int ky = 0; ky < window.height(); ky++) {
      int h = row(window, row, ky);
      for (int kx = 0; kx < window.width(); kx++) {
        int w = column(window, column, kx);
        if (h >= 0 && h < dx.height() && w >= 0 && w < dx.width()) {
          dx.add((plane * dx.height() + h) * dx.width() + w, gradient / count);
        }
      }
    }
  }

  /** How many of {@code taps} positions from {@code first} on lie in [0, size). */
  private static int inside(int taps, int first, int distance, int size) {
    int count = 0;
    for (int tap = 0; tap < taps; tap++) {
      int position = first + tap * distance;
      count += position >= 0 && position < size ? 1 : 0;
    }
    return count;
  }

  private static int row(Window window, int outputRow, int ky) {
    return outputRow * window.strideHeight() - window.paddingHeight() + ky * window.dilation();
  }

  private static int column(Window window, int outputColumn, int kx) {
    return outputColumn * window.strideWidth() - window.paddingWidth() + kx * window.dilation();
  }

  static void globalAverage(Tensor x, Tensor y) {
    for (int plane = 0; plane < x.batch() * x.channels(); plane++) {
      double sum = 0;
      for (int pixel = 0; pixel < x.pixels(); pixel++) {
        sum += x.get(plane * x.pixels() + pixel);
      }
      y.set(plane, sum / x.pixels());
    }
  }

  static void globalAverageGradient(Tensor dy, Tensor dx) {
    for (int i = 0; i < dx.size(); i++) {
      dx.set(i, dy.get(i / dx.pixels()) / dx.pixels());
    }
  }
}
