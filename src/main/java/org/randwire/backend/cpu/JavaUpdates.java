// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cpu;

import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.util.List;
import org.randwire.backend.Kernel;
import org.randwire.backend.cpu.JavaKernel.Region;
import org.randwire.op.Instruction;
import org.randwire.op.Optimizer;

/** The parameter update on flat buffers, in chunks of elements. */
final class JavaUpdates {
  private static final int CHUNK = 16384;

  private JavaUpdates() {}

  static Kernel sgd(Instruction call) {
    Optimizer.Sgd op = (Optimizer.Sgd) call.primitive();
    return JavaKernel.simple(
        call,
        memory -> {
          FloatBuffer gradients = memory.in(0);
          FloatBuffer hyperparameters = memory.in(1);
          FloatBuffer parameters = memory.out(0);
          FloatBuffer momenta = memory.out(1);
          int size = parameters.capacity();
          return List.of(
              new Region(
                  chunks(size),
                  (task, worker) ->
                      sgd(
                          op,
                          hyperparameters,
                          gradients,
                          parameters,
                          momenta,
                          task * CHUNK,
                          end(size, task))));
        });
  }

  private static void sgd(
      Optimizer.Sgd op,
      FloatBuffer hyperparameters,
      FloatBuffer gradients,
      FloatBuffer parameters,
      FloatBuffer momenta,
      int from,
      int to) {
    float rate = hyperparameters.get(Optimizer.LEARNING_RATE);
    float momentum = hyperparameters.get(Optimizer.MOMENTUM);
    float decay = op.decays() ? hyperparameters.get(Optimizer.WEIGHT_DECAY) : 0;
    float scale = hyperparameters.get(Optimizer.GRADIENT_SCALE);
    if (Float.isNaN(scale)) {
      return;
    }
    for (int i = from; i < to; i++) {
      float parameter = parameters.get(i);
      float gradient = scale * gradients.get(i) + decay * parameter;
      float velocity = momentum * momenta.get(i) + gradient;
      momenta.put(i, velocity);
      parameters.put(
          i, parameter - rate * (op.nesterov() ? gradient + momentum * velocity : velocity));
    }
  }

  static Kernel movingAverage(Instruction call) {
    return JavaKernel.simple(
        call,
        memory -> {
          FloatBuffer parameters = memory.in(0);
          FloatBuffer hyperparameters = memory.in(1);
          FloatBuffer average = memory.out(0);
          int size = average.capacity();
          return List.of(
              new Region(
                  chunks(size),
                  (task, worker) -> {
                    float decay = hyperparameters.get(Optimizer.AVERAGE_DECAY);
                    if (Float.isNaN(hyperparameters.get(Optimizer.GRADIENT_SCALE))) {
                      return;
                    }
                    for (int i = task * CHUNK; i < end(size, task); i++) {
                      average.put(i, decay * average.get(i) + (1 - decay) * parameters.get(i));
                    }
                  }));
        });
  }

  static Kernel gradientScale(Instruction call) {
    return JavaKernel.simple(
        call,
        memory -> {
          DoubleBuffer squaredNorm = memory.bytes(call.input(0)).asDoubleBuffer();
          FloatBuffer losses = memory.in(1);
          FloatBuffer hyperparameters = memory.out(0);
          return List.of(
              new Region(
                  1,
                  (task, worker) -> {
                    double sum = 0;
                    for (int i = 0; i < losses.capacity(); i++) {
                      sum += losses.get(i);
                    }
                    double clip = hyperparameters.get(Optimizer.GRADIENT_CLIP);
                    hyperparameters.put(
                        Optimizer.GRADIENT_SCALE,
                        (float) Optimizer.gradientScale(clip, squaredNorm.get(0), sum));
                  }));
        });
  }

  static Kernel squaredNorm(Instruction call) {
    int size = Math.toIntExact(call.input(0).elements());
    return JavaKernel.of(
        call,
        2,
        (long) chunks(size) * Double.BYTES,
        memory -> {
          FloatBuffer x = memory.in(0);
          DoubleBuffer sum = memory.bytes(call.output(0)).asDoubleBuffer();
          DoubleBuffer partials = memory.scratchDoubles(0, chunks(size));
          Region square =
              new Region(
                  chunks(size),
                  (task, worker) ->
                      partials.put(task, JavaSums.dot(x, x, task * CHUNK, end(size, task))));
          Region merge =
              new Region(
                  1,
                  (task, worker) -> {
                    double total = 0;
                    for (int i = 0; i < partials.capacity(); i++) {
                      total += partials.get(i);
                    }
                    sum.put(0, total);
                  });
          return List.of(square, merge);
        });
  }

  private static int chunks(int size) {
    return (size + CHUNK - 1) / CHUNK;
  }

  private static int end(int size, int task) {
    return Math.min(size - task * CHUNK, CHUNK) + task * CHUNK;
  }
}
