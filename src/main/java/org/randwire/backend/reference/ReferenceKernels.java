// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.reference;

import java.util.List;
import java.util.function.Function;
import org.randwire.backend.KernelCatalog;
import org.randwire.backend.reference.ReferenceKernel.Loop;
import org.randwire.op.Add;
import org.randwire.op.Augment;
import org.randwire.op.AveragePool;
import org.randwire.op.BatchNorm;
import org.randwire.op.Concat;
import org.randwire.op.Convolution;
import org.randwire.op.DropPath;
import org.randwire.op.Dropout;
import org.randwire.op.GlobalAveragePool;
import org.randwire.op.Instruction;
import org.randwire.op.Linear;
import org.randwire.op.MaxPool;
import org.randwire.op.Mean;
import org.randwire.op.NodeTransform;
import org.randwire.op.NormalisedRelu;
import org.randwire.op.Optimizer;
import org.randwire.op.Primitive;
import org.randwire.op.Relu;
import org.randwire.op.Shift;
import org.randwire.op.SoftmaxCrossEntropy;
import org.randwire.op.WeightedSum;
import org.randwire.op.Zero;
import org.randwire.tensor.TensorShape;

/** Every primitive with its loop. */
final class ReferenceKernels {

  private final KernelCatalog.Builder builder = new KernelCatalog.Builder();

  private ReferenceKernels() {}

  static KernelCatalog catalog() {
    ReferenceKernels kernels = new ReferenceKernels();
    kernels.addConvolutions();
    kernels.addPools();
    kernels.addSums();
    kernels.addPointwise();
    kernels.addBatchNorm();
    kernels.addLosses();
    kernels.addOptimizer();
    kernels.add(Augment.class, Augmentations::augment);
    return kernels.builder.build();
  }

  private void addConvolutions() {
    add(Convolution.class, (op, t) -> Convolutions.forward(op, t.in(0), t.in(1), t.out(0)));
    add(
        Convolution.InputGradient.class,
        (op, t) -> Convolutions.inputGradient(op.convolution(), t.in(0), t.in(1), t.out(0)));
    add(
        Convolution.FilterGradient.class,
        (op, t) -> Convolutions.filterGradient(op.convolution(), t.in(0), t.in(1), t.out(0)));
    add(Linear.class, (op, t) -> Linears.forward(t.in(0), t.in(1), t.in(2), t.out(0)));
    add(Linear.InputGradient.class, (op, t) -> Linears.inputGradient(t.in(0), t.in(1), t.out(0)));
    add(
        Linear.ParameterGradient.class,
        (op, t) -> Linears.parameterGradient(t.in(0), t.in(1), t.out(0), t.out(1)));
  }

  private void addPools() {
    add(MaxPool.class, (op, t) -> Pools.max(op.window(), t.in(0), t.out(0)));
    add(
        MaxPool.Gradient.class,
        (op, t) -> Pools.maxGradient(op.window(), t.in(0), t.in(1), t.out(0)));
    add(AveragePool.class, (op, t) -> Pools.average(op.window(), t.in(0), t.out(0)));
    add(
        AveragePool.Gradient.class,
        (op, t) -> Pools.averageGradient(op.window(), t.in(0), t.out(0)));
    add(GlobalAveragePool.class, (op, t) -> Pools.globalAverage(t.in(0), t.out(0)));
    add(
        GlobalAveragePool.Gradient.class,
        (op, t) -> Pools.globalAverageGradient(t.in(0), t.out(0)));
  }

  private void addSums() {
    add(Add.class, (op, t) -> Sums.scaledSum(t.inputs(), 1, t.out(0)));
    add(Mean.class, (op, t) -> Sums.scaledSum(t.inputs(), 1.0 / t.inputs().size(), t.out(0)));
    add(Mean.Gradient.class, (op, t) -> Sums.scaledSum(t.inputs(), 1.0 / op.inputs(), t.out(0)));
    add(
        WeightedSum.class,
        (op, t) -> {
          int edges = t.inputs().size() - 2;
          Sums.weightedSum(t.inputs(), t.in(edges), t.in(edges + 1), t.temporary(0), t.out(0));
        },
        instruction -> List.of(TensorShape.vector(instruction.inputs().size() - 2)));
    add(
        WeightedSum.InputGradient.class,
        (op, t) -> Sums.inputGradient(op.edge(), t.in(0), t.in(1), t.in(2), t.out(0)));
    add(
        WeightedSum.WeightGradient.class,
        (op, t) -> {
          int edges = t.inputs().size() - 3;
          Sums.weightGradient(t.inputs(), t.in(edges), t.in(edges + 1), t.in(edges + 2), t.out(0));
        });
    add(
        NodeTransform.GradientSum.class,
        (op, t) -> Sums.gradientSum(op.edges(), t.inputs(), t.temporary(0), t.out(0)),
        instruction -> List.of(TensorShape.vector(terms(instruction))));
    add(NodeTransform.Forward.class, NodeTransforms::forward, NodeTransforms::forwardTemporaries);
    add(
        NodeTransform.Backward.class,
        NodeTransforms::backward,
        NodeTransforms::backwardTemporaries);
  }

  private void addPointwise() {
    add(Relu.class, (op, t) -> Pointwise.relu(t.in(0), t.out(0)));
    add(Relu.Gradient.class, (op, t) -> Pointwise.reluGradient(t.in(0), t.in(1), t.out(0)));
    add(Dropout.class, (op, t) -> Pointwise.multiply(t.in(0), t.in(1), t.out(0)));
    add(DropPath.class, (op, t) -> Pointwise.scaleExamples(t.in(0), t.in(1), t.out(0)));
    add(Zero.class, (op, t) -> Pointwise.zero(t.out(0)));
    add(Shift.class, (op, t) -> Pointwise.shift(t.in(0), 1, t.out(0)));
    add(Shift.Gradient.class, (op, t) -> Pointwise.shift(t.in(0), -1, t.out(0)));
    add(Concat.class, (op, t) -> Pointwise.concat(t.inputs(), t.out(0)));
    add(Concat.Slice.class, (op, t) -> Pointwise.slice(op.first(), t.in(0), t.out(0)));
  }

  private void addBatchNorm() {
    add(BatchNorm.Forward.class, BatchNorms::forward);
    add(BatchNorm.Inference.class, BatchNorms::inference);
    add(BatchNorm.Gradient.class, BatchNorms::gradient);
    add(NormalisedRelu.Forward.class, BatchNorms::forwardRelu);
    add(NormalisedRelu.Inference.class, BatchNorms::inferenceRelu);
    add(
        NormalisedRelu.Gradient.class,
        BatchNorms::gradientRelu,
        instruction -> List.of(instruction.input(0).shape()));
  }

  private void addLosses() {
    add(
        SoftmaxCrossEntropy.class,
        (op, t) -> Losses.forward(op.labelSmoothing(), t.in(0), t.in(1), t.out(0)));
    add(
        SoftmaxCrossEntropy.Gradient.class,
        (op, t) -> Losses.gradient(op.labelSmoothing(), t.in(0), t.in(1), t.out(0)));
  }

  private void addOptimizer() {
    add(Optimizer.Sgd.class, (op, t) -> Updates.sgd(op, t.in(0), t.in(1), t.out(0), t.out(1)));
    add(
        Optimizer.MovingAverage.class,
        (op, t) -> Updates.movingAverage(t.in(0), t.in(1), t.out(0)));
    add(
        Optimizer.GradientScale.class,
        (op, t) -> Updates.gradientScale(t.in(0), t.in(1), t.out(0)));
    add(Optimizer.SquaredNorm.class, (op, t) -> Updates.squaredNorm(t.in(0), t.out(0)));
  }

  private static int terms(Instruction gradientSum) {
    return ((NodeTransform.GradientSum) gradientSum.primitive()).edges().size();
  }

  private <P extends Primitive> void add(Class<P> primitive, Loop<P> loop) {
    add(primitive, loop, instruction -> List.of());
  }

  private <P extends Primitive> void add(
      Class<P> primitive, Loop<P> loop, Function<Instruction, List<TensorShape>> temporaries) {
    builder.add(
        "reference",
        primitive,
        instruction ->
            new ReferenceKernel<>(primitive, instruction, loop, temporaries.apply(instruction)));
  }
}
