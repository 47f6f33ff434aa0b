// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend;

import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.randwire.backend.cpu.CpuBackend;
import org.randwire.backend.cpu.JavaCpuBackend;
import org.randwire.backend.cuda.Cuda;
import org.randwire.backend.reference.ReferenceBackend;
import org.randwire.op.Instruction;
import org.randwire.op.NodeTransform;
import org.randwire.op.NormalisedRelu;
import org.randwire.op.Primitive;
import org.randwire.tensor.DataType;

/**
 * A backend that the suite is run on.
 *
 * @param tolerance largest error of a result relative to the largest magnitude of its tensor
 * @param declines primitives it may refuse; it must serve all others in every case
 */
record TestBackend(
    String name,
    Supplier<Backend> create,
    double tolerance,
    Set<Class<? extends Primitive>> declines) {

  /** Seven bits of mantissa in every stored value. */
  static final double BFLOAT16_TOLERANCE = 1e-2;

  /** Sums of float32 terms in an order of the backend's choice. */
  static final double FLOAT32_TOLERANCE = 1e-5;

  /** The oracle. */
  static final TestBackend ORACLE =
      new TestBackend(
          "reference-f64", () -> new ReferenceBackend(DataType.FLOAT64), 1e-12, Set.of());

  /** Every backend of the suite; a new one is one more line. */
  static List<TestBackend> all() {
    return Stream.concat(everywhere().stream(), gpu().stream()).toList();
  }

  /** Where a GPU is to be tested: profile {@code gpu}. */
  private static List<TestBackend> gpu() {
    if (!Gpu.isTested()) {
      return List.of();
    }
    return List.of(
        new TestBackend(
            "cuda-f32",
            () -> Cuda.open(DataType.FLOAT32),
            FLOAT32_TOLERANCE,
            Set.of(NodeTransform.Forward.class, NodeTransform.Backward.class)),
        new TestBackend(
            "cuda-bf16",
            () -> Cuda.open(DataType.BFLOAT16),
            BFLOAT16_TOLERANCE,
            Set.of(NodeTransform.Forward.class, NodeTransform.Backward.class)));
  }

  private static List<TestBackend> everywhere() {
    return List.of(
        ORACLE,
        new TestBackend(
            "reference-f32",
            () -> new ReferenceBackend(DataType.FLOAT32),
            FLOAT32_TOLERANCE,
            Set.of()),
        new TestBackend(
            "cpu-java",
            JavaCpuBackend::create,
            FLOAT32_TOLERANCE,
            // What native kernels alone fuse stays apart.
            Set.of(
                NormalisedRelu.Forward.class,
                NormalisedRelu.Inference.class,
                NormalisedRelu.Gradient.class)),
        new TestBackend(
            "cpu-f32", () -> new CpuBackend(DataType.FLOAT32, 1), FLOAT32_TOLERANCE, Set.of()),
        new TestBackend(
            "cpu-bf16",
            () -> new CpuBackend(DataType.BFLOAT16, 1),
            BFLOAT16_TOLERANCE,
            // Nodes with other windows than 3x3 are not fused: the Java kernels are float32 only.
            Set.of(NodeTransform.Forward.class, NodeTransform.Backward.class)));
  }

  /** Whether the backend refuses the instruction and may. */
  boolean declines(Backend backend, Instruction instruction) {
    return declines.contains(instruction.primitive().getClass())
        && !backend.catalog().supports(instruction);
  }

  @Override
  public String toString() {
    return name;
  }
}
