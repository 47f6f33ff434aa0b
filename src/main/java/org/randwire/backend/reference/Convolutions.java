// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.reference;

import org.randwire.op.Convolution;
import org.randwire.op.Window;

/**
 * Convolution and its gradients. With {@code h = stride*y - padding + dilation*ky} and the same for
 * w, {@code y[n, o, y, x] = sum over i, ky, kx of x[n, i, h, w] * f[o, i, ky, kx]}, i running over
 * the channels of o's group and pixels outside of x counting as zero. Each method gathers the terms
 * of one result at a time.
 */
final class Convolutions {
  private Convolutions() {}

  static void forward(Convolution op, Tensor x, Tensor filter, Tensor y) {
    int groupInputs = filter.channels();
    int groupOutputs = y.channels() / op.groups();
    for (int n = 0; n < y.batch(); n++) {
      for (int o = 0; o < y.channels(); o++) {
        int firstInput = o / groupOutputs * groupInputs;
        int out = y.plane(n, o);
        for (int row = 0; row < y.height(); row++) {
          for (int column = 0; column < y.width(); column++) {
            y.set(out++, output(op.window(), x, filter, n, o, firstInput, row, column));
          }
        }
      }
    }
  }

  private static double output(
      Window window, Tensor x, Tensor filter, int n, int o, int firstInput, int row, int column) {
    double sum = 0;
    for (int i = 0; i < filter.channels(); i++) {
      int in = x.plane(n, firstInput + i);
      int taps = filter.plane(o, i);
      for (int ky = 0; ky < window.height(); ky++) {
        int h = row * window.strideHeight() - window.paddingHeight() + ky * window.dilation();
        if (h < 0 || h >= x.height()) {
          continue;
        }
        for (int kx = 0; kx < window.width(); kx++) {
          int w = column * window.strideWidth() - window.paddingWidth() + kx * window.dilation();
          if (w >= 0 && w < x.width()) {
            sum += x.get(in + h * x.width() + w) * filter.get(taps + ky * window.width() + kx);
          }
        }
      }
    }
    return sum;
  }

  static void inputGradient(Convolution op, Tensor dy, Tensor filter, Tensor dx) {
    int groupInputs = filter.channels();
    int groupOutputs = dy.channels() / op.groups();
    for (int n = 0; n < dx.batch(); n++) {
      for (int c = 0; c < dx.channels(); c++) {
        int firstOutput = c / groupInputs * groupOutputs;
        int in = dx.plane(n, c);
        for (int h = 0; h < dx.height(); h++) {
          for (int w = 0; w < dx.width(); w++) {
            double sum = 0;
            for (int o = firstOutput; o < firstOutput + groupOutputs; o++) {
              int taps = filter.plane(o, c % groupInputs);
              sum += inputGradient(op.window(), dy, dy.plane(n, o), filter, taps, h, w);
            }
            dx.set(in++, sum);
          }
        }
      }
    }
  }

  /** What the pixel [h, w] of one channel gets from one channel of the output. */
  private static double inputGradient(
      Window window, Tensor dy, int out, Tensor filter, int taps, int h, int w) {
    double sum = 0;
    for (int ky = 0; ky < window.height(); ky++) {
      int top = h + window.paddingHeight() - ky * window.dilation();
      int row = top / window.strideHeight();
      if (top < 0 || top % window.strideHeight() != 0 || row >= dy.height()) {
        continue;
      }
      for (int kx = 0; kx < window.width(); kx++) {
        int left = w + window.paddingWidth() - kx * window.dilation();
        int column = left / window.strideWidth();
        if (left >= 0 && left % window.strideWidth() == 0 && column < dy.width()) {
          sum +=
              dy.get(out + row * dy.width() + column) * filter.get(taps + ky * window.width() + kx);
        }
      }
    }
    return sum;
  }

  static void filterGradient(Convolution op, Tensor x, Tensor dy, Tensor dfilter) {
    int groupInputs = dfilter.channels();
    int groupOutputs = dy.channels() / op.groups();
    for (int o = 0; o < dfilter.batch(); o++) {
      int firstInput = o / groupOutputs * groupInputs;
      for (int i = 0; i < groupInputs; i++) {
        int tap = dfilter.plane(o, i);
        for (int ky = 0; ky < op.window().height(); ky++) {
          for (int kx = 0; kx < op.window().width(); kx++) {
            double sum = 0;
            for (int n = 0; n < x.batch(); n++) {
              int in = x.plane(n, firstInput + i);
              sum += filterGradient(op.window(), x, in, dy, dy.plane(n, o), ky, kx);
            }
            dfilter.set(tap++, sum);
          }
        }
      }
    }
  }

  /** What the tap [ky, kx] gets from one channel of x and one of the output. */
  private static double filterGradient(
      Window window, Tensor x, int in, Tensor dy, int out, int ky, int kx) {
    double sum = 0;
    for (int row = 0; row < dy.height(); row++) {
      int h = row * window.strideHeight() - window.paddingHeight() + ky * window.dilation();
      if (h < 0 || h >= x.height()) {
        continue;
      }
      for (int column = 0; column < dy.width(); column++) {
        int w = column * window.strideWidth() - window.paddingWidth() + kx * window.dilation();
        if (w >= 0 && w < x.width()) {
          sum += x.get(in + h * x.width() + w) * dy.get(out + row * dy.width() + column);
        }
      }
    }
    return sum;
  }
}
