// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.bytedeco.javacpp.Pointer;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.randwire.backend.Call;
import org.randwire.backend.Kernel;
import org.randwire.backend.KernelCatalog;
import org.randwire.op.Convolution;
import org.randwire.op.Instruction;
import org.randwire.op.Window;
import org.randwire.tensor.DataType;
import org.randwire.tensor.TensorShape;

/** What binding makes, closing destroys, without the garbage collector. */
class OneDnnLeakTest {
  private static final int WINDOWS = 6;
  private static final int CYCLES = 1000;

  /** One kept memory descriptor a cycle would be more. */
  private static final long TOLERATED_BYTES = CYCLES * 256L;

  static List<Instruction> instructions() {
    // A smaller last task, packed weights, staging on both sides; then the two depthwise tricks.
    OneDnnConvolutionTest.Case grouped = given(67, 24, Window.square(3, 1), 4);
    OneDnnConvolutionTest.Case depthwise = given(131, 24, Window.square(5, 2), 24);
    return List.of(
        forward(grouped),
        inputGradient(grouped),
        filterGradient(grouped),
        inputGradient(depthwise),
        filterGradient(depthwise));
  }

  private static OneDnnConvolutionTest.Case given(
      int batch, int channels, Window window, int groups) {
    return new OneDnnConvolutionTest.Case(
        new TensorShape(batch, channels, 8, 8),
        new Convolution(channels, window, groups),
        false,
        DataType.FLOAT32);
  }

  private static Instruction forward(OneDnnConvolutionTest.Case given) {
    return new Instruction(
        "node", given.convolution(), List.of(given.x(), given.filter()), List.of(given.y()));
  }

  private static Instruction inputGradient(OneDnnConvolutionTest.Case given) {
    return new Instruction(
        "node",
        new Convolution.InputGradient(given.convolution()),
        List.of(given.y(), given.filter()),
        List.of(given.x()));
  }

  private static Instruction filterGradient(OneDnnConvolutionTest.Case given) {
    return new Instruction(
        "node",
        new Convolution.FilterGradient(given.convolution()),
        List.of(given.x(), given.y()),
        List.of(given.filter()));
  }

  @ParameterizedTest
  @MethodSource("instructions")
  void closedCallsHoldNoMemory(Instruction call) {
    KernelCatalog.Builder builder = new KernelCatalog.Builder();
    OneDnnKernels.addTo(builder);
    KernelCatalog catalog = builder.build();
    bindAndClose(catalog, call);
    long tracked = Pointer.totalBytes();
    // The Java heap and compiled code grow too, but not all the time as a leak would.
    long growth = Long.MAX_VALUE;
    for (int window = 0; window < WINDOWS; window++) {
      System.gc();
      long resident = Pointer.physicalBytes();
      bindAndClose(catalog, call);
      growth = Math.min(growth, Pointer.physicalBytes() - resident);
    }
    assertEquals(tracked, Pointer.totalBytes(), "bytes that JavaCPP tracks");
    assertTrue(growth < TOLERATED_BYTES, "resident memory grows by " + growth + " bytes");
  }

  private static void bindAndClose(KernelCatalog catalog, Instruction call) {
    Kernel first = catalog.choose(call).orElseThrow();
    try (InstructionRun run = new InstructionRun(first, call, 2)) {
      for (int i = 0; i < CYCLES; i++) {
        // Choosing makes and destroys native objects too.
        catalog.choose(call).orElseThrow().bind(run).forEach(Call::close);
      }
    }
  }
}
