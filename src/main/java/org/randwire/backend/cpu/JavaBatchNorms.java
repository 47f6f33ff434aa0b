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
import org.randwire.op.BatchNorm;
import org.randwire.op.Instruction;
import org.randwire.op.Value;

/**
 * Batch normalisation. Sums over the batch are doubles, one row of channels for each task; the
 * variance is taken in a second pass over the distances to the mean.
 */
final class JavaBatchNorms {
  private JavaBatchNorms() {}

  /** The split of a batch and the place of the sums in scratch memory. */
  private record Batch(int examples, int elements, int channels, int stored, double count) {
    static Batch of(Value x) {
      return new Batch(
          x.shape().batch(),
          exampleElements(x),
          x.shape().channels(),
          x.storedChannels(),
          (double) x.shape().batch() * x.shape().pixels());
    }

    int sums() {
      return tasks(examples) * stored;
    }

    /** The bytes of {@code rows} rows of sums for each task. */
    long bytes(int rows) {
      return (long) rows * sums() * Double.BYTES;
    }

    int begin(int task) {
      return first(examples, task) * elements;
    }

    double total(DoubleBuffer sums, int channel) {
      double total = 0;
      for (int i = channel; i < sums.capacity(); i += stored) {
        total += sums.get(i);
      }
      return total;
    }

    void zero(DoubleBuffer sums, int task) {
      for (int i = task * stored; i < (task + 1) * stored; i++) {
        sums.put(i, 0);
      }
    }

    Region perTask(Region.Body body) {
      return new Region(tasks(examples), body);
    }
  }

  static Kernel forward(Instruction call) {
    BatchNorm.Forward op = (BatchNorm.Forward) call.primitive();
    Batch batch = Batch.of(call.input(0));
    return JavaKernel.of(
        call,
        5,
        batch.bytes(1) + (long) batch.stored() * Float.BYTES,
        memory -> {
          FloatBuffer x = memory.in(0);
          FloatBuffer mean = memory.out(1);
          DoubleBuffer sums = memory.scratchDoubles(0, batch.sums());
          FloatBuffer scale = memory.scratchFloats(batch.bytes(1), batch.stored());
          return List.of(
              batch.perTask((task, worker) -> sum(batch, x, sums, task)),
              new Region(1, (task, worker) -> mergeMean(batch, sums, mean)),
              batch.perTask((task, worker) -> sumSquaredDistances(batch, x, mean, sums, task)),
              mergeVariance(op, batch, memory, sums, scale),
              normalize(batch, x, mean, scale, memory.in(2), memory.out(0)));
        });
  }

  private static void sum(Batch batch, FloatBuffer x, DoubleBuffer sums, int task) {
    batch.zero(sums, task);
    int row = task * batch.stored();
    for (int i = batch.begin(task); i < batch.begin(task + 1); i += batch.stored()) {
      for (int c = 0; c < batch.stored(); c++) {
        sums.put(row + c, sums.get(row + c) + x.get(i + c));
      }
    }
  }

  private static void mergeMean(Batch batch, DoubleBuffer sums, FloatBuffer mean) {
    for (int c = 0; c < mean.capacity(); c++) {
      mean.put(c, c < batch.channels() ? (float) (batch.total(sums, c) / batch.count()) : 0);
    }
  }

  private static void sumSquaredDistances(
      Batch batch, FloatBuffer x, FloatBuffer mean, DoubleBuffer sums, int task) {
    batch.zero(sums, task);
    int row = task * batch.stored();
    for (int i = batch.begin(task); i < batch.begin(task + 1); i += batch.stored()) {
      for (int c = 0; c < batch.stored(); c++) {
        double distance = x.get(i + c) - mean.get(c);
        sums.put(row + c, sums.get(row + c) + distance * distance);
      }
    }
  }

  private static Region mergeVariance(
      BatchNorm.Forward op, Batch batch, Memory memory, DoubleBuffer sums, FloatBuffer scale) {
    FloatBuffer weight = memory.in(1);
    FloatBuffer runningMean = memory.in(3);
    FloatBuffer runningVariance = memory.in(4);
    FloatBuffer mean = memory.out(1);
    FloatBuffer variance = memory.out(2);
    return new Region(
        1,
        (task, worker) -> {
          for (int c = 0; c < variance.capacity(); c++) {
            variance.put(c, 0);
          }
          for (int c = 0; c < batch.stored(); c++) {
            scale.put(c, 0);
          }
          for (int c = 0; c < batch.channels(); c++) {
            double squares = batch.total(sums, c);
            double biased = squares / batch.count();
            variance.put(c, (float) biased);
            scale.put(c, (float) (weight.get(c) / Math.sqrt(biased + op.epsilon())));
            if (op.updatesRunning()) {
              // A single value has no unbiased variance; its biased one, 0, is taken.
              double unbiased = squares / Math.max(batch.count() - 1, 1);
              update(runningMean, c, mean.get(c), op.momentum());
              update(runningVariance, c, unbiased, op.momentum());
            }
          }
        });
  }

  private static void update(FloatBuffer running, int c, double value, double momentum) {
    running.put(c, (float) ((1 - momentum) * running.get(c) + momentum * value));
  }

  private static Region normalize(
      Batch batch,
      FloatBuffer x,
      FloatBuffer mean,
      FloatBuffer scale,
      FloatBuffer bias,
      FloatBuffer y) {
    return batch.perTask(
        (task, worker) -> {
          for (int i = batch.begin(task); i < batch.begin(task + 1); i += batch.stored()) {
            for (int c = 0; c < batch.stored(); c++) {
              y.put(i + c, (x.get(i + c) - mean.get(c)) * scale.get(c) + bias.get(c));
            }
          }
        });
  }

  static Kernel inference(Instruction call) {
    double epsilon = ((BatchNorm.Inference) call.primitive()).epsilon();
    Batch batch = Batch.of(call.input(0));
    return JavaKernel.of(
        call,
        2,
        (long) batch.stored() * Float.BYTES,
        memory -> {
          FloatBuffer weight = memory.in(1);
          FloatBuffer mean = memory.in(3);
          FloatBuffer variance = memory.in(4);
          FloatBuffer scale = memory.scratchFloats(0, batch.stored());
          Region prepare =
              new Region(
                  1,
                  (task, worker) -> {
                    for (int c = 0; c < batch.stored(); c++) {
                      double deviation = Math.sqrt(variance.get(c) + epsilon);
                      scale.put(c, (float) (weight.get(c) / deviation));
                    }
                  });
          return List.of(
              prepare, normalize(batch, memory.in(0), mean, scale, memory.in(2), memory.out(0)));
        });
  }

  /**
   * With {@code inverse = 1 / sqrt(variance + epsilon)} the gradient is {@code dx = a*dy - b*(x -
   * mean) - c}, where {@code a = weight*inverse}, {@code b = a*inverse*dweight / count} and {@code
   * c = a*dbias / count}.
   */
  static Kernel gradient(Instruction call) {
    double epsilon = ((BatchNorm.Gradient) call.primitive()).epsilon();
    Batch batch = Batch.of(call.input(0));
    long coefficientsOffset = batch.bytes(2);
    return JavaKernel.of(
        call,
        3,
        coefficientsOffset + 3L * batch.stored() * Float.BYTES,
        memory -> {
          DoubleBuffer gradients = memory.scratchDoubles(0, batch.sums());
          DoubleBuffer products = memory.scratchDoubles(batch.bytes(1), batch.sums());
          FloatBuffer coefficients = memory.scratchFloats(coefficientsOffset, 3 * batch.stored());
          return List.of(
              sumProducts(batch, memory, gradients, products),
              mergeGradients(batch, memory, epsilon, gradients, products, coefficients),
              applyGradient(batch, memory, coefficients));
        });
  }

  private static Region sumProducts(
      Batch batch, Memory memory, DoubleBuffer gradients, DoubleBuffer products) {
    FloatBuffer x = memory.in(0);
    FloatBuffer dy = memory.in(1);
    FloatBuffer mean = memory.in(3);
    return batch.perTask(
        (task, worker) -> {
          batch.zero(gradients, task);
          batch.zero(products, task);
          int row = task * batch.stored();
          for (int i = batch.begin(task); i < batch.begin(task + 1); i += batch.stored()) {
            for (int c = 0; c < batch.stored(); c++) {
              double gradient = dy.get(i + c);
              double distance = x.get(i + c) - mean.get(c);
              gradients.put(row + c, gradients.get(row + c) + gradient);
              products.put(row + c, products.get(row + c) + gradient * distance);
            }
          }
        });
  }

  private static Region mergeGradients(
      Batch batch,
      Memory memory,
      double epsilon,
      DoubleBuffer gradients,
      DoubleBuffer products,
      FloatBuffer coefficients) {
    FloatBuffer weight = memory.in(2);
    FloatBuffer variance = memory.in(4);
    FloatBuffer dweight = memory.out(1);
    FloatBuffer dbias = memory.out(2);
    return new Region(
        1,
        (task, worker) -> {
          for (int c = 0; c < dweight.capacity(); c++) {
            dweight.put(c, 0);
            dbias.put(c, 0);
          }
          for (int c = 0; c < batch.stored(); c++) {
            boolean padding = c >= batch.channels();
            double inverse = padding ? 0 : 1 / Math.sqrt(variance.get(c) + epsilon);
            double bias = padding ? 0 : batch.total(gradients, c);
            double product = padding ? 0 : batch.total(products, c) * inverse;
            if (!padding) {
              dweight.put(c, (float) product);
              dbias.put(c, (float) bias);
            }
            double a = padding ? 0 : weight.get(c) * inverse;
            coefficients.put(c, (float) a);
            coefficients.put(batch.stored() + c, (float) (a * inverse * product / batch.count()));
            coefficients.put(2 * batch.stored() + c, (float) (a * bias / batch.count()));
          }
        });
  }

  private static Region applyGradient(Batch batch, Memory memory, FloatBuffer coefficients) {
    FloatBuffer x = memory.in(0);
    FloatBuffer dy = memory.in(1);
    FloatBuffer mean = memory.in(3);
    FloatBuffer dx = memory.out(0);
    int stored = batch.stored();
    return batch.perTask(
        (task, worker) -> {
          for (int i = batch.begin(task); i < batch.begin(task + 1); i += stored) {
            for (int c = 0; c < stored; c++) {
              float distance = x.get(i + c) - mean.get(c);
              dx.put(
                  i + c,
                  coefficients.get(c) * dy.get(i + c)
                      - coefficients.get(stored + c) * distance
                      - coefficients.get(2 * stored + c));
            }
          }
        });
  }
}
