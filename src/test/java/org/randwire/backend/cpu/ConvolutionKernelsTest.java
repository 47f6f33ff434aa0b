// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.randwire.backend.KernelCatalog;
import org.randwire.backend.cpu.OneDnnConvolutionTest.Case;
import org.randwire.backend.cpu.binding.NativeCore;
import org.randwire.op.Convolution;
import org.randwire.op.Instruction;
import org.randwire.op.Window;
import org.randwire.tensor.DataType;
import org.randwire.tensor.TensorShape;

/**
 * The native core's dense 3x3 convolutions against sums of products in double precision, as the
 * engine uses them; native/test/convolution_test.cpp tries every instruction set.
 */
class ConvolutionKernelsTest {

  @BeforeEach
  void needsTheCoresTiles() {
    assumeTrue(NativeCore.available(), () -> NativeCore.unavailableReason().orElse(""));
    assumeTrue(
        ConvolutionKernels.multiplies(DataType.BFLOAT16),
        "this processor has no bfloat16 tiles (AMX); oneDNN computes these convolutions");
  }

  /** Several images in a block, one, and strips of one; padded channels; one image too many. */
  private static final List<Case> CASES =
      List.of(
          dense(129, 20, 5, 3, 16),
          dense(67, 16, 8, 8, 36),
          dense(9, 78, 16, 15, 40),
          dense(1, 64, 90, 60, 20),
          dense(2, 100, 32, 32, 100),
          dense(3, 16, 1, 1, 16));

  private static Case dense(int batch, int inputs, int height, int width, int outputs) {
    TensorShape input = new TensorShape(batch, inputs, height, width);
    Convolution convolution = new Convolution(outputs, Window.square(3, 1), 1);
    return new Case(input, convolution, false, DataType.BFLOAT16);
  }

  private static KernelCatalog catalog() {
    KernelCatalog.Builder builder = new KernelCatalog.Builder();
    ConvolutionKernels.addTo(builder);
    return builder.build();
  }

  @Test
  void outputIsTheSumOverTheWindow() throws InterruptedException {
    for (Case given : CASES) {
      OneDnnConvolutionTest.check(catalog(), given, given.forward(), given.y());
    }
  }

  @Test
  void inputGradientIsTheMirroredSum() throws InterruptedException {
    for (Case given : CASES) {
      OneDnnConvolutionTest.check(catalog(), given, given.inputGradient(), given.x());
    }
  }

  @Test
  void filterGradientIsTheSumOverTheBatch() throws InterruptedException {
    for (Case given : CASES) {
      OneDnnConvolutionTest.check(catalog(), given, given.filterGradient(), given.filter());
    }
  }

  @Test
  void otherConvolutionsAreLeftToOneDnn() {
    TensorShape input = new TensorShape(2, 16, 6, 6);
    for (Case other :
        List.of(
            new Case(input, new Convolution(16, Window.square(3, 2), 1), false, DataType.BFLOAT16),
            new Case(
                input, new Convolution(16, Window.dilated(3, 1, 2), 1), false, DataType.BFLOAT16),
            new Case(input, new Convolution(16, Window.square(3, 1), 2), false, DataType.BFLOAT16),
            new Case(input, new Convolution(16, Window.square(3, 1), 1), false, DataType.FLOAT32),
            new Case(
                input, new Convolution(16, Window.square(3, 1), 1), true, DataType.BFLOAT16))) {
      for (Instruction call :
          List.of(other.forward(), other.inputGradient(), other.filterGradient())) {
        assertEquals(Optional.empty(), catalog().choose(call), other + ": " + call.label());
      }
    }
  }

  @Test
  void wideFilterGradientsAreLeftToOneDnn() {
    Case wide = dense(2, 256, 8, 8, 256);
    assertTrue(catalog().choose(wide.forward()).isPresent());
    assertEquals(Optional.empty(), catalog().choose(wide.filterGradient()));
  }

  @Test
  void backendPrefersThemToOneDnn() {
    Case given = dense(2, 16, 4, 4, 16);
    try (CpuBackend backend = new CpuBackend(DataType.BFLOAT16, 1)) {
      for (Instruction call :
          List.of(given.forward(), given.inputGradient(), given.filterGradient())) {
        String name = backend.catalog().choose(call).orElseThrow().name();
        assertTrue(name.startsWith("native.convolution"), name);
      }
    }
  }
}
