// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cpu;

import static org.randwire.backend.cpu.JavaKernel.exampleElements;
import static org.randwire.backend.cpu.JavaKernel.first;
import static org.randwire.backend.cpu.JavaKernel.tasks;

import java.nio.FloatBuffer;
import java.util.List;
import org.randwire.backend.Kernel;
import org.randwire.backend.cpu.JavaKernel.Region;
import org.randwire.op.Concat;
import org.randwire.op.Instruction;
import org.randwire.op.Value;

/** Primitives that move values or change each on its own. */
final class JavaPointwise {
  private JavaPointwise() {}

  /** Computes elements [from, to). */
  private interface Elements {
    void compute(int from, int to);
  }

  /** Writes one example. */
  interface Example {
    void write(int n);
  }

  static Kernel relu(Instruction call) {
    return JavaKernel.simple(
        call,
        memory -> {
          FloatBuffer x = memory.in(0);
          FloatBuffer y = memory.out(0);
          return elements(
              call,
              (from, to) -> {
                for (int i = from; i < to; i++) {
                  y.put(i, Math.max(x.get(i), 0));
                }
              });
        });
  }

  static Kernel reluGradient(Instruction call) {
    return JavaKernel.simple(
        call,
        memory -> {
          FloatBuffer y = memory.in(0);
          FloatBuffer dy = memory.in(1);
          FloatBuffer dx = memory.out(0);
          return elements(
              call,
              (from, to) -> {
                for (int i = from; i < to; i++) {
                  dx.put(i, y.get(i) > 0 ? dy.get(i) : 0);
                }
              });
        });
  }

  static Kernel multiply(Instruction call) {
    return JavaKernel.simple(
        call,
        memory -> {
          FloatBuffer x = memory.in(0);
          FloatBuffer mask = memory.in(1);
          FloatBuffer y = memory.out(0);
          return elements(
              call,
              (from, to) -> {
                for (int i = from; i < to; i++) {
                  y.put(i, x.get(i) * mask.get(i));
                }
              });
        });
  }

  /** {@code y[h, w] = x[h + distance, w + distance]}, zero where x has no such pixel. */
  static Kernel shift(Instruction call, int distance) {
    Value output = call.output(0);
    int height = output.shape().height();
    int width = output.shape().width();
    int channels = output.storedChannels();
    return JavaKernel.simple(
        call,
        memory -> {
          FloatBuffer x = memory.in(0);
          FloatBuffer y = memory.out(0);
          return examples(
              call,
              n -> {
                int start = n * exampleElements(output);
                for (int pixel = 0; pixel < height * width; pixel++) {
                  int row = pixel / width + distance;
                  int column = pixel % width + distance;
                  int to = start + pixel * channels;
                  if (row >= 0 && row < height && column >= 0 && column < width) {
                    y.put(to, x, start + (row * width + column) * channels, channels);
                  } else {
                    zero(y, to, channels);
                  }
                }
              });
        });
  }

  static Kernel concat(Instruction call) {
    Value output = call.output(0);
    int pixels = output.shape().pixels();
    int stored = output.storedChannels();
    int[] channels = call.inputs().stream().mapToInt(x -> x.shape().channels()).toArray();
    int[] inputStored = call.inputs().stream().mapToInt(Value::storedChannels).toArray();
    return JavaKernel.simple(
        call,
        memory -> {
          FloatBuffer[] inputs = memory.ins(0, channels.length);
          FloatBuffer y = memory.out(0);
          return examples(
              call,
              n -> {
                for (int pixel = n * pixels; pixel < (n + 1) * pixels; pixel++) {
                  int to = pixel * stored;
                  for (int k = 0; k < channels.length; k++) {
                    y.put(to, inputs[k], pixel * inputStored[k], channels[k]);
                    to += channels[k];
                  }
                  zero(y, to, (pixel + 1) * stored - to);
                }
              });
        });
  }

  static Kernel slice(Instruction call) {
    int firstChannel = ((Concat.Slice) call.primitive()).first();
    Value output = call.output(0);
    int inputStored = call.input(0).storedChannels();
    int pixels = output.shape().pixels();
    int channels = output.shape().channels();
    int stored = output.storedChannels();
    return JavaKernel.simple(
        call,
        memory -> {
          FloatBuffer x = memory.in(0);
          FloatBuffer y = memory.out(0);
          return examples(
              call,
              n -> {
                for (int pixel = n * pixels; pixel < (n + 1) * pixels; pixel++) {
                  y.put(pixel * stored, x, pixel * inputStored + firstChannel, channels);
                  zero(y, pixel * stored + channels, stored - channels);
                }
              });
        });
  }

  static void zero(FloatBuffer values, int from, int count) {
    for (int i = from; i < from + count; i++) {
      values.put(i, 0);
    }
  }

  private static List<Region> elements(Instruction call, Elements loop) {
    int batch = call.output(0).shape().batch();
    int example = exampleElements(call.output(0));
    return List.of(
        new Region(
            tasks(batch),
            (task, worker) ->
                loop.compute(first(batch, task) * example, first(batch, task + 1) * example)));
  }

  static List<Region> examples(Instruction call, Example loop) {
    int batch = call.output(0).shape().batch();
    return List.of(
        new Region(
            tasks(batch),
            (task, worker) -> {
              for (int n = first(batch, task); n < first(batch, task + 1); n++) {
                loop.write(n);
              }
            }));
  }
}
