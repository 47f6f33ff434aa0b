// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cpu;

import static org.randwire.backend.cpu.JavaKernel.exampleElements;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.ShortBuffer;
import java.util.stream.Stream;
import org.randwire.backend.Kernel;
import org.randwire.op.Instruction;
import org.randwire.op.Value;
import org.randwire.tensor.DataType;

/**
 * Primitives that treat an example as one: written in Java for float32 and bfloat16, since memory
 * bounds them and native code would win little.
 */
final class JavaExamples {
  private JavaExamples() {}

  static boolean accepts(Instruction instruction) {
    return Stream.concat(instruction.inputs().stream(), instruction.outputs().stream())
        .allMatch(
            value ->
                (value.type() == DataType.FLOAT32 || value.type() == DataType.BFLOAT16)
                    && value.sizeBytes() <= Integer.MAX_VALUE);
  }

  /** Every example times its factor; a factor of 0 gives 0 whatever the example holds. */
  static Kernel scale(Instruction call) {
    Value output = call.output(0);
    int elements = exampleElements(output);
    int stride = call.input(1).storedChannels();
    return JavaKernel.simple(
        call,
        memory -> {
          ByteBuffer x = memory.bytes(call.input(0));
          FloatBuffer factors = memory.in(1);
          ByteBuffer y = memory.bytes(output);
          boolean narrow = output.type() == DataType.BFLOAT16;
          Scaling scaling = narrow ? narrow(x, y) : wide(x, y);
          return JavaPointwise.examples(
              call, n -> scaling.run(n * elements, elements, factors.get(n * stride)));
        });
  }

  static Kernel zero(Instruction call) {
    Value output = call.output(0);
    int bytes = exampleElements(output) * output.type().sizeBytes();
    return JavaKernel.simple(
        call,
        memory -> {
          ByteBuffer y = memory.bytes(output);
          return JavaPointwise.examples(call, n -> clear(y, n * bytes, bytes));
        });
  }

  /** Scales some elements. */
  private interface Scaling {
    void run(int from, int count, float factor);
  }

  private static Scaling wide(ByteBuffer input, ByteBuffer output) {
    FloatBuffer x = input.asFloatBuffer();
    FloatBuffer y = output.asFloatBuffer();
    return (from, count, factor) -> {
      if (factor == 0) {
        clear(output, from * Float.BYTES, count * Float.BYTES);
        return;
      }
      for (int i = from; i < from + count; i++) {
        y.put(i, x.get(i) * factor);
      }
    };
  }

  private static Scaling narrow(ByteBuffer input, ByteBuffer output) {
    ShortBuffer x = input.asShortBuffer();
    ShortBuffer y = output.asShortBuffer();
    return (from, count, factor) -> {
      if (factor == 0) {
        clear(output, from * Short.BYTES, count * Short.BYTES);
        return;
      }
      for (int i = from; i < from + count; i++) {
        y.put(i, DataType.toBfloat16(DataType.fromBfloat16(x.get(i)) * factor));
      }
    };
  }

  private static void clear(ByteBuffer y, int from, int bytes) {
    int at = from;
    for (; at + Long.BYTES <= from + bytes; at += Long.BYTES) {
      y.putLong(at, 0);
    }
    for (; at < from + bytes; at++) {
      y.put(at, (byte) 0);
    }
  }
}
