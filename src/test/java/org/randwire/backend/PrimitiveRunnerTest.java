// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.randwire.backend.cpu.JavaCpuBackend;
import org.randwire.op.Instruction;
import org.randwire.op.Relu;
import org.randwire.op.Section;
import org.randwire.op.Value;
import org.randwire.tensor.MemoryLayout;
import org.randwire.tensor.TensorShape;

/** The harness itself: kernels with a fault each, and the layouts. */
class PrimitiveRunnerTest {
  private static final TensorShape SHAPE = new TensorShape(1, 3, 1, 2);
  private static final int STORED = 16;
  private static final double[] X = {1, -2, 3, -4, 5, -6};

  /** What a faulty kernel does; positions count float32 elements. */
  private interface Fault {
    void run(Slice x, Slice y, Slice scratch);
  }

  @Test
  void acceptsAKernelThatWritesItsOutputOnly() {
    assertArrayEquals(new double[6], run((x, y, scratch) -> zero(y)));
  }

  @Test
  void catchesAWriteBehindTheOutput() {
    assertFault(
        "a byte after faulty: y",
        (x, y, scratch) -> {
          zero(y);
          put(y, 2 * STORED, 0);
        });
  }

  @Test
  void catchesAWriteBeforeTheOutput() {
    assertFault(
        "a byte before faulty: y",
        (x, y, scratch) -> {
          zero(y);
          put(y, -1, 0);
        });
  }

  @Test
  void catchesAWriteBehindTheScratchMemory() {
    assertFault(
        "a byte after faulty: scratch",
        (x, y, scratch) -> {
          zero(y);
          put(scratch, 2, 0);
        });
  }

  @Test
  void catchesAChangedInput() {
    assertFault(
        "changed its input",
        (x, y, scratch) -> {
          zero(y);
          put(x, 1, 7);
        });
  }

  @Test
  void catchesPaddingThatIsNotZero() {
    assertFault(
        "padding 19",
        (x, y, scratch) -> {
          zero(y);
          put(y, STORED + 3, 1e-30f);
        });
  }

  @Test
  void leavesNaNWhereAKernelDoesNotWrite() {
    double[] y =
        run(
            (x, out, scratch) -> {
              zero(out);
              put(out, STORED + 2, Float.intBitsToFloat(0xFFFFFFFF));
            });
    assertTrue(Double.isNaN(y[5]));
    assertTrue(PrimitiveRunner.relativeError(new double[6], y) > 1, "NaN is an error");
    assertFault("padding", (x, out, scratch) -> {});
  }

  @Test
  void reportsTheErrorRelativeToTheLargestMagnitude() {
    double error =
        PrimitiveRunner.relativeError(new double[] {0, -200, 1}, new double[] {1, -200, 1});
    assertTrue(error == 1.0 / 200, "error " + error);
  }

  @Test
  void laysActivationsAndFiltersOutForTheBackend() {
    try (Backend backend = JavaCpuBackend.create();
        PrimitiveRunner runner = new PrimitiveRunner(backend, Schedule.PLAIN)) {
      Value x = runner.set(runner.activation("x", SHAPE), X);
      Value image = runner.image("image", SHAPE);
      Value filter =
          runner.filter("filter", Section.PARAMETERS, new TensorShape(24, 3, 3, 3), image);
      assertArrayEquals(X, runner.get(x));
      assertTrue(x.elements() == 2 * STORED && image.elements() == 6, "padding of channels");
      assertTrue(image.layout() == MemoryLayout.CHANNELS_LAST_DENSE, "images are dense");
      assertTrue(filter.elements() == 9 * 3 * 32, "filter " + filter.elements());
    }
  }

  private static void assertFault(String message, Fault fault) {
    AssertionError error = assertThrows(AssertionError.class, () -> run(fault));
    assertTrue(error.getMessage().contains(message), error.getMessage());
  }

  private static void zero(Slice y) {
    for (int i = 0; i < 2 * STORED; i++) {
      put(y, i, 0);
    }
  }

  private static void put(Slice slice, int element, float value) {
    ByteBuffer bytes = ByteBuffer.allocateDirect(Float.BYTES).order(ByteOrder.nativeOrder());
    slice.buffer().write(slice.offset() + (long) element * Float.BYTES, bytes.putFloat(0, value));
  }

  private record FaultyKernel(Instruction instruction, Fault fault) implements Kernel {
    @Override
    public String name() {
      return "faulty";
    }

    @Override
    public long scratchBytes() {
      return 2 * Float.BYTES;
    }

    @Override
    public List<Call> bind(Binding binding) {
      return List.of(
          new Call() {
            @Override
            public int tasks() {
              return 1;
            }

            @Override
            public void run(int task, int worker) {
              fault.run(
                  binding.slice(instruction.input(0)),
                  binding.slice(instruction.output(0)),
                  binding.scratch());
            }
          });
    }
  }

  /** Runs the fault as the ReLU of a backend with nothing else. */
  private static double[] run(Fault fault) {
    KernelCatalog.Builder catalog = new KernelCatalog.Builder();
    catalog.add("faulty", Relu.class, instruction -> new FaultyKernel(instruction, fault));
    try (Backend backend = new CatalogBackend("faulty", JavaCpuBackend.create(), catalog.build());
        PrimitiveRunner runner = new PrimitiveRunner(backend, Schedule.PLAIN)) {
      Value x = runner.set(runner.activation("x", SHAPE), X);
      Value y = runner.activation("y", SHAPE);
      runner.run(new Instruction("node", new Relu(), List.of(x), List.of(y)));
      return runner.get(y);
    }
  }
}
