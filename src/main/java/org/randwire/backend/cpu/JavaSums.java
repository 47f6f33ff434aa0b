// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cpu;

import static org.randwire.backend.cpu.JavaKernel.first;
import static org.randwire.backend.cpu.JavaKernel.tasks;

import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;
import org.randwire.backend.Kernel;
import org.randwire.backend.cpu.JavaKernel.Memory;
import org.randwire.backend.cpu.JavaKernel.Region;
import org.randwire.op.Instruction;
import org.randwire.op.Mean;
import org.randwire.op.NodeTransform;
import org.randwire.op.Value;
import org.randwire.op.WeightedSum;

/** Sums of tensors of one shape, each times a number that may change from step to step. */
final class JavaSums {
  /** Elements summed over all terms before the next ones, so that the sums stay in the cache. */
  private static final int BLOCK = 4096;

  private JavaSums() {}

  /** The factor of a term, read when the kernel runs. */
  interface Scale {
    float get();
  }

  static Kernel add(Instruction call) {
    return constantSum(call, 1);
  }

  static Kernel mean(Instruction call) {
    return constantSum(call, 1f / call.inputs().size());
  }

  static Kernel meanGradient(Instruction call) {
    return constantSum(call, 1f / ((Mean.Gradient) call.primitive()).inputs());
  }

  private static Kernel constantSum(Instruction call, float scale) {
    return JavaKernel.simple(
        call,
        memory -> {
          Scale[] scales = new Scale[call.inputs().size()];
          Arrays.fill(scales, (Scale) () -> scale);
          return List.of(sum(call, memory, scales));
        });
  }

  static Kernel weightedSum(Instruction call) {
    return JavaKernel.simple(
        call, memory -> List.of(sum(call, memory, edgeScales(memory, call.inputs().size() - 2))));
  }

  static Kernel inputGradient(Instruction call) {
    int edge = ((WeightedSum.InputGradient) call.primitive()).edge();
    return JavaKernel.simple(
        call, memory -> List.of(sum(call, memory, edgeScale(memory.in(1), memory.in(2), edge))));
  }

  static Kernel gradientSum(Instruction call) {
    List<Integer> edges = ((NodeTransform.GradientSum) call.primitive()).edges();
    return JavaKernel.simple(
        call,
        memory -> {
          Scale[] scales = new Scale[edges.size()];
          int next = edges.size();
          for (int term = 0; term < scales.length; term++) {
            int edge = edges.get(term);
            if (edge == NodeTransform.GradientSum.UNSCALED) {
              scales[term] = () -> 1;
            } else {
              scales[term] = edgeScale(memory.in(next), memory.in(next + 1), edge);
              next += 2;
            }
          }
          return List.of(sum(call, memory, scales));
        });
  }

  /** The scales of edges whose weights and mask are the inputs after the {@code edges} tensors. */
  static Scale[] edgeScales(Memory memory, int edges) {
    FloatBuffer weight = memory.in(edges);
    FloatBuffer mask = memory.in(edges + 1);
    Scale[] scales = new Scale[edges];
    Arrays.setAll(scales, edge -> edgeScale(weight, mask, edge));
    return scales;
  }

  private static Scale edgeScale(FloatBuffer weight, FloatBuffer mask, int edge) {
    return () -> mask.get(edge) * (float) sigmoid(weight.get(edge));
  }

  static double sigmoid(double weight) {
    return 1 / (1 + Math.exp(-weight));
  }

  private static Region sum(Instruction call, Memory memory, Scale... scales) {
    Value output = call.output(0);
    FloatBuffer y = memory.out(0);
    FloatBuffer[] inputs = memory.ins(0, scales.length);
    int batch = output.shape().batch();
    int example = JavaKernel.exampleElements(output);
    return new Region(
        tasks(batch),
        (task, worker) ->
            sum(
                inputs,
                scales,
                first(batch, task) * example,
                first(batch, task + 1) * example,
                y,
                0));
  }

  /** Writes the sums of elements [from, to) of the inputs to {@code y}, {@code shift} earlier. */
  static void sum(
      FloatBuffer[] inputs, Scale[] scales, int from, int to, FloatBuffer y, int shift) {
    for (int start = from; start < to; start += BLOCK) {
      int end = Math.min(to, start + BLOCK);
      scaleInto(inputs[0], scales[0].get(), start, end, y, shift);
      for (int k = 1; k < inputs.length; k++) {
        addScaled(inputs[k], scales[k].get(), start, end, y, shift);
      }
    }
  }

  private static void scaleInto(
      FloatBuffer x, float scale, int from, int to, FloatBuffer y, int shift) {
    for (int i = from; i < to; i++) {
      y.put(i - shift, scale * x.get(i));
    }
  }

  private static void addScaled(
      FloatBuffer x, float scale, int from, int to, FloatBuffer y, int shift) {
    for (int i = from; i < to; i++) {
      y.put(i - shift, y.get(i - shift) + scale * x.get(i));
    }
  }

  static Kernel weightGradient(Instruction call) {
    int edges = call.inputs().size() - 3;
    Value gradient = call.input(edges);
    int batch = gradient.shape().batch();
    int example = JavaKernel.exampleElements(gradient);
    int partials = tasks(batch) * edges;
    return JavaKernel.of(
        call,
        2,
        (long) partials * Double.BYTES,
        memory -> {
          FloatBuffer[] inputs = memory.ins(0, edges);
          FloatBuffer dy = memory.in(edges);
          DoubleBuffer products = memory.scratchDoubles(0, partials);
          Region multiply =
              new Region(
                  tasks(batch),
                  (task, worker) -> {
                    int from = first(batch, task) * example;
                    int to = first(batch, task + 1) * example;
                    for (int edge = 0; edge < edges; edge++) {
                      products.put(task * edges + edge, dot(inputs[edge], dy, from, to));
                    }
                  });
          Region merge =
              mergeWeightGradient(
                  products, memory.in(edges + 1), memory.in(edges + 2), memory.out(0), edges);
          return List.of(multiply, merge);
        });
  }

  /** Adds up the products of each edge over the tasks and takes them through the sigmoid. */
  static Region mergeWeightGradient(
      DoubleBuffer products, FloatBuffer weight, FloatBuffer mask, FloatBuffer dweight, int edges) {
    return new Region(
        1,
        (task, worker) -> {
          for (int edge = 0; edge < dweight.capacity(); edge++) {
            dweight.put(edge, 0);
          }
          for (int edge = 0; edge < edges; edge++) {
            double product = 0;
            for (int i = edge; i < products.capacity(); i += edges) {
              product += products.get(i);
            }
            double sigmoid = sigmoid(weight.get(edge));
            dweight.put(edge, (float) (mask.get(edge) * sigmoid * (1 - sigmoid) * product));
          }
        });
  }

  /** The dot product of elements [from, to), four sums at a time to hide the adder's latency. */
  static double dot(FloatBuffer a, FloatBuffer b, int from, int to) {
    double sum0 = 0;
    double sum1 = 0;
    double sum2 = 0;
    double sum3 = 0;
    int i = from;
    for (; i + 3 < to; i += 4) {
      sum0 += (double) a.get(i) * b.get(i);
      sum1 += (double) a.get(i + 1) * b.get(i + 1);
      sum2 += (double) a.get(i + 2) * b.get(i + 2);
      sum3 += (double) a.get(i + 3) * b.get(i + 3);
    }
    for (; i < to; i++) {
      sum0 += (double) a.get(i) * b.get(i);
    }
    return (sum0 + sum1) + (sum2 + sum3);
  }
}
