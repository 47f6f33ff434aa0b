// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cuda;

import org.randwire.backend.KernelCatalog;
import org.randwire.op.Augment;
import org.randwire.op.Instruction;
import org.randwire.op.Value;
import org.randwire.random.Purpose;
import org.randwire.tensor.MemoryLayout;

/** Batches out of a data set in device memory. */
final class DataKernels {

  /** Floats that {@code PhiloxStream.nextFloat} can give. */
  private static final double FLOATS = 1 << 24;

  private final CudaKernel.Factory factory;

  private DataKernels(CudaKernel.Factory factory) {
    this.factory = factory;
  }

  static void addTo(KernelCatalog.Builder catalog, CudaKernel.Factory factory) {
    DataKernels k = new DataKernels(factory);
    catalog.add(
        "cuda",
        Augment.class,
        i -> i.output(0).layout() != MemoryLayout.CHANNELS_FIRST,
        k::augment);
  }

  private CudaKernel augment(Instruction i) {
    Augment augment = (Augment) i.primitive();
    Value images = i.output(0);
    long imageBlocks = Geometry.ceil(images.shape().pixels(), Geometry.THREADS);
    long blocks = imageBlocks * images.shape().batch();
    return factory.single(
        i,
        o -> {
          Arguments a = Launch.arguments(blocks);
          i.inputs().forEach(input -> a.address(o.address(input)));
          i.outputs().forEach(output -> a.address(o.address(output)));
          a.integer((int) augment.seed()).integer((int) (augment.seed() >>> 32));
          a.integer(Purpose.AUGMENTATION.id()).integer(Math.toIntExact(imageBlocks));
          a.integer(images.shape().channels()).integer(images.storedChannels());
          a.integer(images.shape().height()).integer(images.shape().width());
          a.integer(augment.maxShift());
          a.integer((int) Math.ceil(augment.flipProbability() * FLOATS));
          a.integer(augment.cutout());
          return Launch.of("augment", blocks, 0, a);
        });
  }
}
