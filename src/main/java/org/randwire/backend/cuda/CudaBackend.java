// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cuda;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.randwire.backend.Backend;
import org.randwire.backend.Buffer;
import org.randwire.backend.Call;
import org.randwire.backend.KernelCatalog;
import org.randwire.backend.Recording;
import org.randwire.backend.cuda.binding.Device;
import org.randwire.tensor.DataType;
import org.randwire.tensor.MemoryLayout;

/**
 * One NVIDIA GPU as seen by one network: a stream of its own, so that several backends of a process
 * run side by side. Activations are {@code NHWC} with padded channels in bfloat16 or float32;
 * parameters, their gradients and all statistics are float32. A plan is recorded as one graph.
 */
public final class CudaBackend implements Backend {

  private static final int DATA_SHARE = 4;

  private final Device device;
  private final DataType activationType;
  private final KernelCatalog catalog;

  /**
   * A backend that owns its device.
   *
   * @param activationType {@link DataType#FLOAT32} or {@link DataType#BFLOAT16}
   */
  public CudaBackend(Device device, DataType activationType) {
    if (activationType != DataType.FLOAT32 && activationType != DataType.BFLOAT16) {
      throw new IllegalArgumentException(
          "activations are FLOAT32 or BFLOAT16 on a GPU, not " + activationType);
    }
    this.device = device;
    this.activationType = activationType;
    this.catalog = buildCatalog();
  }

  private KernelCatalog buildCatalog() {
    KernelCatalog.Builder builder = new KernelCatalog.Builder();
    var factory = new CudaKernel.Factory(bfloat16(), device.sharedBytes(), this::runAlone);
    NodeKernels.addTo(builder, factory);
    NodeGradientKernels.addTo(builder, factory);
    LibraryKernels.addTo(builder, factory, new Tuning(device, this::nanosOf));
    ConvolutionKernels.addTo(builder, factory);
    BatchNormKernels.addTo(builder, factory);
    SumKernels.addTo(builder, factory);
    PoolKernels.addTo(builder, factory);
    UpdateKernels.addTo(builder, factory);
    DataKernels.addTo(builder, factory);
    return builder.build();
  }

  private boolean bfloat16() {
    return activationType == DataType.BFLOAT16;
  }

  @Override
  public String name() {
    return "cuda";
  }

  @Override
  public String description() {
    return device.description();
  }

  @Override
  public MemoryLayout layout() {
    return MemoryLayout.CHANNELS_LAST;
  }

  @Override
  public DataType activationType() {
    return activationType;
  }

  @Override
  public DataType parameterType() {
    return DataType.FLOAT32;
  }

  /** One: what the workers of a processor do, the device does. */
  @Override
  public int workers() {
    return 1;
  }

  @Override
  public Buffer allocate(long sizeBytes) {
    return new CudaBuffer(device, sizeBytes);
  }

  @Override
  public long availableBytes() {
    return device.availableBytes();
  }

  /** A quarter of what is free: other networks of this and other processes want some too. */
  @Override
  public long dataBytes() {
    return Math.floorDiv(availableBytes(), DATA_SHARE);
  }

  @Override
  public KernelCatalog catalog() {
    return catalog;
  }

  @Override
  public Optional<Recording> record(List<List<Call>> regions) {
    return Optional.of(new Table(table(regions)));
  }

  private LaunchTable table(List<List<Call>> regions) {
    List<List<Work>> work = new ArrayList<>();
    for (List<Call> region : regions) {
      work.add(region.stream().flatMap(call -> ((CudaCall) call).work().stream()).toList());
    }
    return LaunchTable.of(work, bfloat16());
  }

  private void runAlone(List<Work> work) {
    try (Table table = new Table(LaunchTable.of(List.of(work), bfloat16()))) {
      table.run();
      table.await();
    }
  }

  private long nanosOf(List<Call> regions) {
    try (Table table = new Table(table(regions.stream().map(List::of).toList()))) {
      return device.nanosOf(table.recording);
    }
  }

  /** A table in device memory with the recording that reads it. */
  private final class Table implements Recording {
    private final CudaBuffer memory;
    private final Recording recording;

    Table(LaunchTable table) {
      memory = new CudaBuffer(device, table.sizeBytes());
      try {
        memory.write(0, table.image(memory.address()));
        recording = device.record(table.commands(memory.address()));
      } catch (RuntimeException | Error e) {
        memory.close();
        throw e;
      }
    }

    @Override
    public void run() {
      recording.run();
    }

    void await() {
      memory.read(0, ByteBuffer.allocateDirect(Long.BYTES));
    }

    @Override
    public void close() {
      recording.close();
      memory.close();
    }
  }

  @Override
  public void close() {
    device.close();
  }
}
