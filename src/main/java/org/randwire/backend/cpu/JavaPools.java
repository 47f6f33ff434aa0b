// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cpu;

import static org.randwire.backend.cpu.JavaKernel.exampleElements;
import static org.randwire.backend.cpu.JavaKernel.first;
import static org.randwire.backend.cpu.JavaKernel.tasks;

import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.util.List;
import org.randwire.backend.Kernel;
import org.randwire.backend.cpu.JavaKernel.Region;
import org.randwire.op.AveragePool;
import org.randwire.op.Instruction;
import org.randwire.op.MaxPool;
import org.randwire.op.Value;
import org.randwire.op.Window;

/** Pooling, a pixel's channels side by side; gradients of one example are added up by one task. */
final class JavaPools {
  private JavaPools() {}

  static Kernel max(Instruction call) {
    Value x = call.input(0);
    Value y = call.output(0);
    Pool pool = new Pool(((MaxPool) call.primitive()).window(), x, y);
    return JavaKernel.simple(
        call,
        memory -> {
          FloatBuffer input = memory.in(0);
          FloatBuffer output = memory.out(0);
          return examples(
              x, n -> pool.max(input, n * exampleElements(x), output, n * exampleElements(y)));
        });
  }

  static Kernel maxGradient(Instruction call) {
    Value x = call.input(0);
    Value dy = call.input(1);
    Pool pool = new Pool(((MaxPool.Gradient) call.primitive()).window(), x, dy);
    return JavaKernel.simple(
        call,
        memory -> {
          FloatBuffer input = memory.in(0);
          FloatBuffer gradient = memory.in(1);
          FloatBuffer dx = memory.out(0);
          return examples(
              x,
              n -> {
                int in = n * exampleElements(x);
                pool.maxGradient(input, gradient, n * exampleElements(dy), dx, in);
              });
        });
  }

  static Kernel average(Instruction call) {
    Value x = call.input(0);
    Value y = call.output(0);
    Pool pool = new Pool(((AveragePool) call.primitive()).window(), x, y);
    return JavaKernel.simple(
        call,
        memory -> {
          FloatBuffer input = memory.in(0);
          FloatBuffer output = memory.out(0);
          return examples(
              x, n -> pool.average(input, n * exampleElements(x), output, n * exampleElements(y)));
        });
  }

  static Kernel averageGradient(Instruction call) {
    Value dy = call.input(0);
    Value x = call.output(0);
    Pool pool = new Pool(((AveragePool.Gradient) call.primitive()).window(), x, dy);
    return JavaKernel.simple(
        call,
        memory -> {
          FloatBuffer gradient = memory.in(0);
          FloatBuffer dx = memory.out(0);
          return examples(
              x,
              n -> {
                int out = n * exampleElements(dy);
                pool.averageGradient(gradient, out, dx, n * exampleElements(x));
              });
        });
  }

  static Kernel globalAverage(Instruction call) {
    Value x = call.input(0);
    int channels = x.storedChannels();
    int batch = x.shape().batch();
    int stored = call.output(0).storedChannels();
    return JavaKernel.of(
        call,
        1,
        (long) tasks(batch) * channels * Double.BYTES,
        memory -> {
          FloatBuffer input = memory.in(0);
          FloatBuffer y = memory.out(0);
          DoubleBuffer sums = memory.scratchDoubles(0, tasks(batch) * channels);
          return List.of(
              new Region(
                  tasks(batch),
                  (task, worker) -> {
                    int row = task * channels;
                    for (int n = first(batch, task); n < first(batch, task + 1); n++) {
                      sumPixels(input, n * exampleElements(x), x, sums, row);
                      for (int c = 0; c < stored; c++) {
                        double sum = c < x.shape().channels() ? sums.get(row + c) : 0;
                        y.put(n * stored + c, (float) (sum / x.shape().pixels()));
                      }
                    }
                  }));
        });
  }

  private static void sumPixels(
      FloatBuffer x, int firstElement, Value shape, DoubleBuffer sums, int row) {
    int channels = shape.storedChannels();
    for (int c = 0; c < channels; c++) {
      sums.put(row + c, 0);
    }
    int end = firstElement + exampleElements(shape);
    for (int i = firstElement; i < end; i += channels) {
      for (int c = 0; c < channels; c++) {
        sums.put(row + c, sums.get(row + c) + x.get(i + c));
      }
    }
  }

  static Kernel globalAverageGradient(Instruction call) {
    Value dy = call.input(0);
    Value x = call.output(0);
    int channels = x.storedChannels();
    float share = 1f / x.shape().pixels();
    return JavaKernel.simple(
        call,
        memory -> {
          FloatBuffer gradient = memory.in(0);
          FloatBuffer dx = memory.out(0);
          return examples(
              x,
              n -> {
                int out = n * dy.storedChannels();
                int end = (n + 1) * exampleElements(x);
                for (int i = n * exampleElements(x); i < end; i += channels) {
                  for (int c = 0; c < channels; c++) {
                    dx.put(i + c, share * gradient.get(out + c));
                  }
                }
              });
        });
  }

  /** Computes one example. */
  private interface Example {
    void compute(int n);
  }

  private static List<Region> examples(Value value, Example loop) {
    int batch = value.shape().batch();
    return List.of(
        new Region(
            tasks(batch),
            (task, worker) -> {
              for (int n = first(batch, task); n < first(batch, task + 1); n++) {
                loop.compute(n);
              }
            }));
  }

  /** A window going over the pixels of one example. */
  private static final class Pool {
    private final int inputElements;
    private final int outputPixels;
    private final int channels;
    private final int taps;

    /** For each output pixel and tap the first channel of the input pixel, -1 in the padding. */
    private final int[] inputs;

    Pool(Window window, Value x, Value y) {
      this.inputElements = exampleElements(x);
      this.outputPixels = y.shape().pixels();
      this.channels = y.storedChannels();
      this.taps = window.height() * window.width();
      this.inputs = new int[Math.multiplyExact(outputPixels, taps)];
      for (int i = 0; i < inputs.length; i++) {
        int pixel = i / taps;
        int tap = i % taps;
        int h =
            pixel / y.shape().width() * window.strideHeight()
                - window.paddingHeight()
                + tap / window.width() * window.dilation();
        int w =
            pixel % y.shape().width() * window.strideWidth()
                - window.paddingWidth()
                + tap % window.width() * window.dilation();
        boolean inside = h >= 0 && h < x.shape().height() && w >= 0 && w < x.shape().width();
        inputs[i] = inside ? (h * x.shape().width() + w) * channels : -1;
      }
    }

    void max(FloatBuffer x, int firstInput, FloatBuffer y, int firstOutput) {
      for (int pixel = 0; pixel < outputPixels; pixel++) {
        int out = firstOutput + pixel * channels;
        boolean isFirst = true;
        for (int tap = 0; tap < taps; tap++) {
          int in = input(pixel, tap);
          if (in < 0) {
            continue;
          }
          for (int c = 0; c < channels; c++) {
            float value = x.get(firstInput + in + c);
            y.put(out + c, isFirst ? value : Math.max(y.get(out + c), value));
          }
          isFirst = false;
        }
      }
    }

    void maxGradient(
        FloatBuffer x, FloatBuffer dy, int firstOutput, FloatBuffer dx, int firstInput) {
      JavaPointwise.zero(dx, firstInput, inputElements);
      for (int pixel = 0; pixel < outputPixels; pixel++) {
        int out = firstOutput + pixel * channels;
        for (int c = 0; c < channels; c++) {
          int best = firstInput + largest(x, firstInput + c, pixel) + c;
          dx.put(best, dx.get(best) + dy.get(out + c));
        }
      }
    }

    /** The first pixel with the largest value in one channel; NaN is largest. */
    private int largest(FloatBuffer x, int firstInput, int pixel) {
      int best = -1;
      float largest = 0;
      for (int tap = 0; tap < taps; tap++) {
        int in = input(pixel, tap);
        if (in >= 0) {
          float value = x.get(firstInput + in);
          if (best < 0 || value > largest || (Float.isNaN(value) && !Float.isNaN(largest))) {
            best = in;
            largest = value;
          }
        }
      }
      return best;
    }

    void average(FloatBuffer x, int firstInput, FloatBuffer y, int firstOutput) {
      for (int pixel = 0; pixel < outputPixels; pixel++) {
        int out = firstOutput + pixel * channels;
        JavaPointwise.zero(y, out, channels);
        float share = 1f / count(pixel);
        for (int tap = 0; tap < taps; tap++) {
          int in = input(pixel, tap);
          if (in >= 0) {
            addScaled(x, firstInput + in, share, y, out);
          }
        }
      }
    }

    void averageGradient(FloatBuffer dy, int firstOutput, FloatBuffer dx, int firstInput) {
      JavaPointwise.zero(dx, firstInput, inputElements);
      for (int pixel = 0; pixel < outputPixels; pixel++) {
        float share = 1f / count(pixel);
        for (int tap = 0; tap < taps; tap++) {
          int in = input(pixel, tap);
          if (in >= 0) {
            addScaled(dy, firstOutput + pixel * channels, share, dx, firstInput + in);
          }
        }
      }
    }

    private void addScaled(FloatBuffer x, int from, float scale, FloatBuffer sum, int to) {
      for (int c = 0; c < channels; c++) {
        sum.put(to + c, sum.get(to + c) + scale * x.get(from + c));
      }
    }

    /** How many taps lie within the image. */
    private int count(int pixel) {
      int count = 0;
      for (int tap = 0; tap < taps; tap++) {
        count += input(pixel, tap) >= 0 ? 1 : 0;
      }
      return count;
    }

    private int input(int pixel, int tap) {
      return inputs[pixel * taps + tap];
    }
  }
}
