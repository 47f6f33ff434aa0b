// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cuda;

import java.util.List;
import org.randwire.backend.KernelCatalog;
import org.randwire.op.Instruction;
import org.randwire.op.Optimizer;

/** The update of the flat buffers; its settings are read from device memory. */
final class UpdateKernels {

  private final CudaKernel.Factory factory;

  private UpdateKernels(CudaKernel.Factory factory) {
    this.factory = factory;
  }

  static void addTo(KernelCatalog.Builder catalog, CudaKernel.Factory factory) {
    UpdateKernels k = new UpdateKernels(factory);
    catalog.add("cuda", Optimizer.Sgd.class, k::sgd);
    catalog.add("cuda", Optimizer.MovingAverage.class, k::movingAverage);
    catalog.add("cuda", Optimizer.SquaredNorm.class, k::squaredNorm);
    catalog.add("cuda", Optimizer.GradientScale.class, k::gradientScale);
  }

  private CudaKernel sgd(Instruction i) {
    Optimizer.Sgd sgd = (Optimizer.Sgd) i.primitive();
    long elements = i.output(0).elements();
    long blocks = Geometry.vectorBlocks(elements);
    return factory.single(
        i,
        o -> {
          Arguments a = Launch.arguments(blocks).address(o.address(i.input(0)));
          a.address(o.address(i.input(1))).address(o.address(i.output(0)));
          a.address(o.address(i.output(1))).wide(elements);
          a.flag(sgd.nesterov()).flag(sgd.decays());
          return Launch.of("sgd", blocks, 0, a);
        });
  }

  private CudaKernel movingAverage(Instruction i) {
    long elements = i.output(0).elements();
    long blocks = Geometry.vectorBlocks(elements);
    return factory.single(
        i,
        o -> {
          Arguments a = Launch.arguments(blocks).address(o.address(i.input(0)));
          a.address(o.address(i.input(1))).address(o.address(i.output(0))).wide(elements);
          return Launch.of("moving_average", blocks, 0, a);
        });
  }

  private CudaKernel gradientScale(Instruction i) {
    return factory.single(
        i,
        o -> {
          Arguments a = Launch.arguments(1).address(o.address(i.input(0)));
          a.address(o.address(i.input(1))).address(o.address(i.output(0)));
          a.integer(Math.toIntExact(i.input(1).elements()));
          return Launch.of("gradient_scale", 1, 0, a);
        });
  }

  private CudaKernel squaredNorm(Instruction i) {
    long elements = i.input(0).elements();
    long chunk = Geometry.chunk(elements);
    int parts = Math.toIntExact(Geometry.ceil(elements, chunk));
    return factory.kernel(
        i,
        2,
        (long) parts * Double.BYTES,
        o -> {
          Arguments a = Launch.arguments(parts).address(o.address(i.input(0)));
          a.address(o.scratch(0)).wide(elements).wide(chunk);
          Arguments m = Launch.arguments(1).address(o.scratch(0)).address(o.address(i.output(0)));
          m.integer(parts);
          return List.of(
              List.of(Launch.of("squared_norm", parts, Geometry.DOUBLES_BYTES, a)),
              List.of(Launch.of("squared_norm_merge", 1, 0, m)));
        });
  }
}
