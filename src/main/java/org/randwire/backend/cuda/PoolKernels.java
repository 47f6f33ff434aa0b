// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cuda;

import org.randwire.backend.KernelCatalog;
import org.randwire.op.AveragePool;
import org.randwire.op.GlobalAveragePool;
import org.randwire.op.Instruction;
import org.randwire.op.MaxPool;
import org.randwire.op.SoftmaxCrossEntropy;
import org.randwire.op.Value;
import org.randwire.op.Window;

/** Pooling and the loss. */
final class PoolKernels {

  private final CudaKernel.Factory factory;

  private PoolKernels(CudaKernel.Factory factory) {
    this.factory = factory;
  }

  static void addTo(KernelCatalog.Builder catalog, CudaKernel.Factory factory) {
    PoolKernels k = new PoolKernels(factory);
    catalog.add(
        "cuda",
        MaxPool.class,
        PoolKernels::padded,
        i -> k.pool(i, "max_pool", ((MaxPool) i.primitive()).window(), false));
    catalog.add(
        "cuda",
        MaxPool.Gradient.class,
        PoolKernels::padded,
        i -> k.pool(i, "max_pool_gradient", ((MaxPool.Gradient) i.primitive()).window(), true));
    catalog.add(
        "cuda",
        AveragePool.class,
        PoolKernels::padded,
        i -> k.pool(i, "average_pool", ((AveragePool) i.primitive()).window(), false));
    catalog.add(
        "cuda",
        AveragePool.Gradient.class,
        PoolKernels::padded,
        i ->
            k.pool(
                i, "average_pool_gradient", ((AveragePool.Gradient) i.primitive()).window(), true));
    catalog.add(
        "cuda",
        GlobalAveragePool.class,
        PoolKernels::padded,
        i -> k.global(i, "global_average_pool", i.input(0)));
    catalog.add(
        "cuda",
        GlobalAveragePool.Gradient.class,
        PoolKernels::padded,
        i -> k.global(i, "global_average_pool_gradient", i.output(0)));
    catalog.add(
        "cuda",
        SoftmaxCrossEntropy.class,
        i -> Geometry.padded(i.input(0)),
        i -> k.loss(i, ((SoftmaxCrossEntropy) i.primitive()).labelSmoothing(), false));
    catalog.add(
        "cuda",
        SoftmaxCrossEntropy.Gradient.class,
        i -> Geometry.padded(i.input(0)) && Geometry.padded(i.output(0)),
        i -> k.loss(i, ((SoftmaxCrossEntropy.Gradient) i.primitive()).labelSmoothing(), true));
  }

  private static boolean padded(Instruction i) {
    return i.inputs().stream().allMatch(Geometry::padded)
        && i.outputs().stream().allMatch(Geometry::padded);
  }

  /** A gradient writes the pooled tensor's shape, reads the pool's output and, of a maximum, x. */
  private CudaKernel pool(Instruction i, String kernel, Window window, boolean gradient) {
    Value written = i.output(0);
    Value dy = i.input(i.inputs().size() - 1);
    return factory.single(
        i,
        o -> {
          long blocks = Geometry.vectorBlocks(written.elements());
          Arguments a = Launch.arguments(blocks).address(o.address(i.input(0)));
          a.address(gradient ? o.address(dy) : CudaOperands.NOTHING).address(o.address(written));
          Geometry.window(
              a,
              window,
              gradient ? written.shape() : i.input(0).shape(),
              gradient ? dy.shape() : written.shape());
          a.integer(written.storedChannels());
          return Launch.of(kernel, blocks, 0, a);
        });
  }

  private CudaKernel global(Instruction i, String kernel, Value image) {
    return factory.single(
        i,
        o -> {
          long blocks = Geometry.vectorBlocks(i.output(0).elements());
          Arguments a = Launch.arguments(blocks).address(o.address(i.input(0)));
          a.address(o.address(i.output(0))).integer(image.shape().batch());
          a.integer(image.shape().pixels()).integer(image.storedChannels());
          return Launch.of(kernel, blocks, 0, a);
        });
  }

  private CudaKernel loss(Instruction i, double smoothing, boolean gradient) {
    Value logits = i.input(0);
    String kernel = gradient ? "softmax_cross_entropy_gradient" : "softmax_cross_entropy";
    return factory.single(
        i,
        o -> {
          long result = o.address(i.output(0));
          long blocks = Geometry.ceil(logits.shape().batch(), Geometry.THREADS / 32);
          Arguments a = Launch.arguments(blocks).address(o.address(logits));
          a.address(o.address(i.input(1))).address(gradient ? CudaOperands.NOTHING : result);
          a.address(gradient ? result : CudaOperands.NOTHING).real(smoothing);
          a.integer(logits.shape().batch()).integer(logits.shape().channels());
          a.integer(logits.storedChannels());
          return Launch.of(kernel, blocks, 0, a);
        });
  }
}
