// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.randwire.backend.KernelCatalog;
import org.randwire.backend.cpu.OneDnnConvolutionTest.Case;
import org.randwire.backend.cpu.binding.NativeCore;
import org.randwire.op.Convolution;
import org.randwire.op.Instruction;
import org.randwire.op.Window;
import org.randwire.tensor.DataType;
import org.randwire.tensor.TensorShape;

/** The native core's pointwise convolutions against sums of products in double precision. */
class PointwiseKernelsTest {

  @BeforeEach
  void needsTheCore() {
    assumeTrue(NativeCore.available(), () -> NativeCore.unavailableReason().orElse(""));
  }

  /** Shapes that are cut in each of the ways, with odd pixels and padded channels. */
  static List<Case> cases() {
    List<Case> cases = new ArrayList<>();
    for (DataType type : List.of(DataType.FLOAT32, DataType.BFLOAT16)) {
      if (PointwiseKernels.multiplies(type)) {
        cases.add(pointwise(1, 16, 1, 16, type));
        cases.add(pointwise(5, 78, 7, 109, type));
        cases.add(pointwise(2, 160, 5, 40, type)); // only blocks of inputs
        cases.add(pointwise(31, 78, 7, 40, type)); // blocks of inputs and chunks of pixels
        cases.add(pointwise(95, 20, 7, 24, type)); // only chunks of pixels
      }
    }
    return cases;
  }

  private static Case pointwise(int batch, int inputs, int size, int outputs, DataType type) {
    TensorShape input = new TensorShape(batch, inputs, size, size);
    return new Case(input, Convolution.pointwise(outputs), false, type);
  }

  private static KernelCatalog catalog() {
    KernelCatalog.Builder builder = new KernelCatalog.Builder();
    PointwiseKernels.addTo(builder);
    return builder.build();
  }

  @ParameterizedTest
  @MethodSource("cases")
  void outputIsTheSumOfProducts(Case given) throws InterruptedException {
    OneDnnConvolutionTest.check(catalog(), given, given.forward(), given.y());
  }

  @ParameterizedTest
  @MethodSource("cases")
  void inputGradientIsTheTransposedSum(Case given) throws InterruptedException {
    OneDnnConvolutionTest.check(catalog(), given, given.inputGradient(), given.x());
  }

  @ParameterizedTest
  @MethodSource("cases")
  void filterGradientIsTheSumOverTheBatch(Case given) throws InterruptedException {
    OneDnnConvolutionTest.check(catalog(), given, given.filterGradient(), given.filter());
  }

  @Test
  void otherConvolutionsAreLeftToOneDnn() {
    TensorShape input = new TensorShape(2, 16, 6, 6);
    for (Case other :
        List.of(
            new Case(input, new Convolution(16, Window.square(1, 2), 1), false, DataType.FLOAT32),
            new Case(input, new Convolution(16, Window.square(3, 1), 1), false, DataType.FLOAT32),
            new Case(input, new Convolution(16, Window.square(1, 1), 2), false, DataType.FLOAT32),
            new Case(input, Convolution.pointwise(16), true, DataType.FLOAT32))) {
      for (Instruction call :
          List.of(other.forward(), other.inputGradient(), other.filterGradient())) {
        assertEquals(Optional.empty(), catalog().choose(call), other + ": " + call.label());
      }
    }
  }

  @Test
  void backendPrefersThemToOneDnn() {
    Case given = pointwise(1, 16, 1, 16, DataType.FLOAT32);
    try (CpuBackend backend = new CpuBackend(DataType.FLOAT32, 1)) {
      for (Instruction call :
          List.of(given.forward(), given.inputGradient(), given.filterGradient())) {
        String name = backend.catalog().choose(call).orElseThrow().name();
        assertTrue(name.startsWith("native.pointwise"), name);
      }
    }
  }
}
