// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cpu;

import java.util.function.Function;
import java.util.stream.Stream;
import org.randwire.backend.Kernel;
import org.randwire.backend.KernelCatalog;
import org.randwire.op.Add;
import org.randwire.op.AveragePool;
import org.randwire.op.BatchNorm;
import org.randwire.op.Concat;
import org.randwire.op.DropPath;
import org.randwire.op.Dropout;
import org.randwire.op.GlobalAveragePool;
import org.randwire.op.Instruction;
import org.randwire.op.MaxPool;
import org.randwire.op.Mean;
import org.randwire.op.NodeTransform;
import org.randwire.op.Optimizer;
import org.randwire.op.Primitive;
import org.randwire.op.Relu;
import org.randwire.op.Section;
import org.randwire.op.Shift;
import org.randwire.op.SoftmaxCrossEntropy;
import org.randwire.op.Value;
import org.randwire.op.WeightedSum;
import org.randwire.op.Zero;
import org.randwire.tensor.DataType;

/**
 * Java kernels on float32 activations for everything but convolutions and linear layers: what the
 * processor falls back to without the native core. {@link JavaExamples} are for bfloat16 as well.
 * Tensors are split by examples, sums over several tasks are merged in the order of the tasks.
 */
final class JavaKernels {
  private JavaKernels() {}

  static void addTo(KernelCatalog.Builder builder) {
    add(builder, Add.class, JavaSums::add);
    add(builder, Mean.class, JavaSums::mean);
    add(builder, Mean.Gradient.class, JavaSums::meanGradient);
    add(builder, WeightedSum.class, JavaSums::weightedSum);
    add(builder, WeightedSum.InputGradient.class, JavaSums::inputGradient);
    add(builder, WeightedSum.WeightGradient.class, JavaSums::weightGradient);
    add(builder, NodeTransform.GradientSum.class, JavaSums::gradientSum);
    add(builder, NodeTransform.Forward.class, JavaNodeTransforms::forward);
    add(builder, NodeTransform.Backward.class, JavaNodeTransforms::backward);
    add(builder, BatchNorm.Forward.class, JavaBatchNorms::forward);
    add(builder, BatchNorm.Inference.class, JavaBatchNorms::inference);
    add(builder, BatchNorm.Gradient.class, JavaBatchNorms::gradient);
    add(builder, Relu.class, JavaPointwise::relu);
    add(builder, Relu.Gradient.class, JavaPointwise::reluGradient);
    add(builder, Dropout.class, JavaPointwise::multiply);
    builder.add("java", DropPath.class, JavaExamples::accepts, JavaExamples::scale);
    builder.add("java", Zero.class, JavaExamples::accepts, JavaExamples::zero);
    add(builder, Shift.class, call -> JavaPointwise.shift(call, 1));
    add(builder, Shift.Gradient.class, call -> JavaPointwise.shift(call, -1));
    add(builder, Concat.class, JavaPointwise::concat);
    add(builder, Concat.Slice.class, JavaPointwise::slice);
    add(builder, MaxPool.class, JavaPools::max);
    add(builder, MaxPool.Gradient.class, JavaPools::maxGradient);
    add(builder, AveragePool.class, JavaPools::average);
    add(builder, AveragePool.Gradient.class, JavaPools::averageGradient);
    add(builder, GlobalAveragePool.class, JavaPools::globalAverage);
    add(builder, GlobalAveragePool.Gradient.class, JavaPools::globalAverageGradient);
    add(builder, SoftmaxCrossEntropy.class, JavaLosses::forward);
    add(builder, SoftmaxCrossEntropy.Gradient.class, JavaLosses::gradient);
    add(builder, Optimizer.Sgd.class, JavaUpdates::sgd);
    add(builder, Optimizer.MovingAverage.class, JavaUpdates::movingAverage);
    add(builder, Optimizer.SquaredNorm.class, JavaUpdates::squaredNorm);
    add(builder, Optimizer.GradientScale.class, JavaUpdates::gradientScale);
  }

  private static void add(
      KernelCatalog.Builder builder,
      Class<? extends Primitive> primitive,
      Function<Instruction, Kernel> create) {
    builder.add("java", primitive, JavaKernels::accepts, create);
  }

  private static boolean accepts(Instruction instruction) {
    Value output = instruction.output(0);
    return operands(instruction)
        .allMatch(
            value ->
                value.type() != DataType.BFLOAT16
                    && value.sizeBytes() <= Integer.MAX_VALUE
                    // Channels of input and output lie alike, but for images, which are not padded.
                    && (value.section() != Section.INPUT
                        || value.storedChannels() == output.storedChannels()));
  }

  private static Stream<Value> operands(Instruction instruction) {
    return Stream.concat(instruction.inputs().stream(), instruction.outputs().stream());
  }
}
