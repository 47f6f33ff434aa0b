// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.reference;

/** {@code y[n, o] = bias[o] + sum over i of x[n, i] * weight[o, i]} and its gradients. */
final class Linears {
  private Linears() {}

  static void forward(Tensor x, Tensor weight, Tensor bias, Tensor y) {
    for (int n = 0; n < y.batch(); n++) {
      for (int o = 0; o < y.channels(); o++) {
        double sum = bias.get(o);
        for (int i = 0; i < x.channels(); i++) {
          sum += x.get(x.plane(n, i)) * weight.get(weight.plane(o, i));
        }
        y.set(y.plane(n, o), sum);
      }
    }
  }

  static void inputGradient(Tensor dy, Tensor weight, Tensor dx) {
    for (int n = 0; n < dx.batch(); n++) {
      for (int i = 0; i < dx.channels(); i++) {
        double sum = 0;
        for (int o = 0; o < dy.channels(); o++) {
          sum += dy.get(dy.plane(n, o)) * weight.get(weight.plane(o, i));
        }
        dx.set(dx.plane(n, i), sum);
      }
    }
  }

  static void parameterGradient(Tensor x, Tensor dy, Tensor dweight, Tensor dbias) {
    for (int o = 0; o < dy.channels(); o++) {
      double biasSum = 0;
      for (int n = 0; n < dy.batch(); n++) {
        biasSum += dy.get(dy.plane(n, o));
      }
      dbias.set(o, biasSum);
      for (int i = 0; i < x.channels(); i++) {
        double sum = 0;
        for (int n = 0; n < x.batch(); n++) {
          sum += x.get(x.plane(n, i)) * dy.get(dy.plane(n, o));
        }
        dweight.set(dweight.plane(o, i), sum);
      }
    }
  }
}
