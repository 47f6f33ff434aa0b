// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cpu;

import static org.randwire.backend.cpu.JavaKernel.exampleElements;
import static org.randwire.backend.cpu.JavaKernel.first;
import static org.randwire.backend.cpu.JavaKernel.tasks;

import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.util.List;
import org.randwire.backend.Kernel;
import org.randwire.backend.cpu.JavaKernel.Memory;
import org.randwire.backend.cpu.JavaKernel.Region;
import org.randwire.backend.cpu.JavaSums.Scale;
import org.randwire.op.Instruction;
import org.randwire.op.NodeTransform;
import org.randwire.op.Value;
import org.randwire.op.Window;

/**
 * The fused primitives of a node, one example at a time: the ReLU of the weighted sum is kept for
 * that example only, in memory of the worker.
 */
final class JavaNodeTransforms {
  private JavaNodeTransforms() {}

  static Kernel forward(Instruction call) {
    Window window = ((NodeTransform.Forward) call.primitive()).depthwise().window();
    int edges = call.inputs().size() - 3;
    Value x = call.input(0);
    Value u = call.output(0);
    int batch = x.shape().batch();
    return new JavaKernel(
        JavaKernel.nameOf(call),
        call,
        1,
        0,
        (long) exampleElements(x) * Float.BYTES,
        memory -> {
          Aggregation aggregation = new Aggregation(memory, edges, exampleElements(x));
          Depthwise depthwise = new Depthwise(window, x, u, call.input(edges + 2));
          FloatBuffer filter = memory.in(edges + 2);
          FloatBuffer output = memory.out(0);
          return List.of(
              new Region(
                  tasks(batch),
                  (task, worker) -> {
                    for (int n = first(batch, task); n < first(batch, task + 1); n++) {
                      FloatBuffer relu = aggregation.relu(n, worker);
                      depthwise.forward(relu, filter, output, n * exampleElements(u));
                    }
                  }));
        });
  }

  static Kernel backward(Instruction call) {
    Window window = ((NodeTransform.Backward) call.primitive()).depthwise().window();
    int edges = call.inputs().size() - 4;
    Value x = call.input(0);
    Value du = call.input(edges + 3);
    int example = exampleElements(x);
    int batch = x.shape().batch();
    Depthwise depthwise = new Depthwise(window, x, du, call.input(edges + 2));
    int taps = Math.toIntExact(call.output(2).elements());
    int products = tasks(batch) * edges;
    int tapSums = Math.multiplyExact(tasks(batch), taps);
    long tapSumsOffset = (long) products * Double.BYTES;
    return new JavaKernel(
        JavaKernel.nameOf(call),
        call,
        3,
        tapSumsOffset + (long) tapSums * Double.BYTES,
        (long) example * Float.BYTES,
        memory -> {
          Aggregation aggregation = new Aggregation(memory, edges, example);
          FloatBuffer filter = memory.in(edges + 2);
          FloatBuffer gradient = memory.in(edges + 3);
          FloatBuffer sumGradient = memory.out(0);
          FloatBuffer dfilter = memory.out(2);
          DoubleBuffer edgeProducts = memory.scratchDoubles(0, products);
          DoubleBuffer filterSums = memory.scratchDoubles(tapSumsOffset, tapSums);
          Region gradients =
              new Region(
                  tasks(batch),
                  (task, worker) -> {
                    zero(edgeProducts, task * edges, edges);
                    zero(filterSums, task * taps, taps);
                    for (int n = first(batch, task); n < first(batch, task + 1); n++) {
                      FloatBuffer relu = aggregation.relu(n, worker);
                      int out = n * exampleElements(du);
                      int in = n * example;
                      depthwise.filterGradient(relu, gradient, out, filterSums, task * taps);
                      depthwise.inputGradient(gradient, out, filter, sumGradient, in);
                      maskByRelu(relu, sumGradient, in, example);
                      aggregation.addProducts(n, sumGradient, edgeProducts, task * edges);
                    }
                  });
          return List.of(
              gradients,
              JavaSums.mergeWeightGradient(
                  edgeProducts, memory.in(edges), memory.in(edges + 1), memory.out(1), edges),
              mergeTaps(filterSums, dfilter, taps));
        });
  }

  private static void zero(DoubleBuffer values, int from, int count) {
    for (int i = from; i < from + count; i++) {
      values.put(i, 0);
    }
  }

  private static void maskByRelu(FloatBuffer relu, FloatBuffer gradient, int in, int count) {
    for (int i = 0; i < count; i++) {
      gradient.put(in + i, relu.get(i) > 0 ? gradient.get(in + i) : 0);
    }
  }

  private static Region mergeTaps(DoubleBuffer sums, FloatBuffer dfilter, int taps) {
    return new Region(
        tasks(taps),
        (task, worker) -> {
          for (int tap = first(taps, task); tap < first(taps, task + 1); tap++) {
            double sum = 0;
            for (int i = tap; i < sums.capacity(); i += taps) {
              sum += sums.get(i);
            }
            dfilter.put(tap, (float) sum);
          }
        });
  }

  /** The node's inputs with their scales. */
  private static final class Aggregation {
    private final FloatBuffer[] inputs;
    private final Scale[] scales;
    private final FloatBuffer[] workers;
    private final int example;

    Aggregation(Memory memory, int edges, int example) {
      this.inputs = memory.ins(0, edges);
      this.scales = JavaSums.edgeScales(memory, edges);
      this.workers = memory.workerFloats(example);
      this.example = example;
    }

    /** The ReLU of the weighted sum of example {@code n}, in memory of the worker. */
    FloatBuffer relu(int n, int worker) {
      FloatBuffer relu = workers[worker];
      int start = n * example;
      JavaSums.sum(inputs, scales, start, start + example, relu, start);
      for (int i = 0; i < example; i++) {
        relu.put(i, Math.max(relu.get(i), 0));
      }
      return relu;
    }

    /** Adds the dot product of each input with the gradient over one example. */
    void addProducts(int n, FloatBuffer gradient, DoubleBuffer products, int firstProduct) {
      int start = n * example;
      for (int edge = 0; edge < inputs.length; edge++) {
        double product = JavaSums.dot(inputs[edge], gradient, start, start + example);
        products.put(firstProduct + edge, products.get(firstProduct + edge) + product);
      }
    }
  }

  /** The depthwise convolution of one example; the taps of a filter are rows of channels. */
  private static final class Depthwise {
    private final Window window;
    private final int height;
    private final int width;
    private final int outputHeight;
    private final int outputWidth;
    private final int channels;

    /** Elements from one tap of the filter to the next. */
    private final int tapElements;

    Depthwise(Window window, Value x, Value u, Value filter) {
      this.window = window;
      this.height = x.shape().height();
      this.width = x.shape().width();
      this.outputHeight = u.shape().height();
      this.outputWidth = u.shape().width();
      this.channels = x.storedChannels();
      this.tapElements = Math.toIntExact(filter.elements() / filter.shape().pixels());
    }

    void forward(FloatBuffer x, FloatBuffer filter, FloatBuffer u, int firstOutput) {
      for (int i = 0; i < outputHeight * outputWidth * channels; i++) {
        u.put(firstOutput + i, 0);
      }
      for (int row = 0; row < outputHeight; row++) {
        for (int column = 0; column < outputWidth; column++) {
          int out = firstOutput + (row * outputWidth + column) * channels;
          for (int ky = 0; ky < window.height(); ky++) {
            for (int kx = 0; kx < window.width(); kx++) {
              int in = pixel(row, column, ky, kx);
              if (in >= 0) {
                addProduct(x, in * channels, filter, tap(ky, kx), u, out);
              }
            }
          }
        }
      }
    }

    void inputGradient(
        FloatBuffer du, int firstOutput, FloatBuffer filter, FloatBuffer dx, int firstInput) {
      for (int i = 0; i < height * width * channels; i++) {
        dx.put(firstInput + i, 0);
      }
      for (int row = 0; row < outputHeight; row++) {
        for (int column = 0; column < outputWidth; column++) {
          int out = firstOutput + (row * outputWidth + column) * channels;
          for (int ky = 0; ky < window.height(); ky++) {
            for (int kx = 0; kx < window.width(); kx++) {
              int in = pixel(row, column, ky, kx);
              if (in >= 0) {
                addProduct(du, out, filter, tap(ky, kx), dx, firstInput + in * channels);
              }
            }
          }
        }
      }
    }

    void filterGradient(
        FloatBuffer x, FloatBuffer du, int firstOutput, DoubleBuffer sums, int firstSum) {
      for (int row = 0; row < outputHeight; row++) {
        for (int column = 0; column < outputWidth; column++) {
          int out = firstOutput + (row * outputWidth + column) * channels;
          for (int ky = 0; ky < window.height(); ky++) {
            for (int kx = 0; kx < window.width(); kx++) {
              int in = pixel(row, column, ky, kx);
              if (in >= 0) {
                addProduct(x, in * channels, du, out, sums, firstSum + tap(ky, kx));
              }
            }
          }
        }
      }
    }

    /** The input pixel under a tap, -1 in the padding. */
    private int pixel(int row, int column, int ky, int kx) {
      int h = row * window.strideHeight() - window.paddingHeight() + ky * window.dilation();
      int w = column * window.strideWidth() - window.paddingWidth() + kx * window.dilation();
      return h < 0 || h >= height || w < 0 || w >= width ? -1 : h * width + w;
    }

    private int tap(int ky, int kx) {
      return (ky * window.width() + kx) * tapElements;
    }

    private void addProduct(
        FloatBuffer a, int firstA, FloatBuffer b, int firstB, FloatBuffer sum, int first) {
      for (int c = 0; c < channels; c++) {
        sum.put(first + c, sum.get(first + c) + a.get(firstA + c) * b.get(firstB + c));
      }
    }

    private void addProduct(
        FloatBuffer a, int firstA, FloatBuffer b, int firstB, DoubleBuffer sum, int first) {
      for (int c = 0; c < channels; c++) {
        sum.put(first + c, sum.get(first + c) + (double) a.get(firstA + c) * b.get(firstB + c));
      }
    }
  }
}
