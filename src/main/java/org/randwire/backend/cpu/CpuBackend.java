// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cpu;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.randwire.backend.Backend;
import org.randwire.backend.Buffer;
import org.randwire.backend.KernelCatalog;
import org.randwire.backend.OutOfDeviceMemoryException;
import org.randwire.backend.cpu.binding.NativeCore;
import org.randwire.tensor.DataType;
import org.randwire.tensor.MemoryLayout;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The processor. Activations are {@code NHWC} with padded channels in float32 or bfloat16;
 * parameters, their gradients and all statistics are float32.
 */
public final class CpuBackend implements Backend {

  private static final Logger LOGGER = LoggerFactory.getLogger(CpuBackend.class);

  /** Said once in a process. */
  private static final AtomicBoolean FALL_BACK_SAID = new AtomicBoolean();

  private final DataType activationType;
  private final int workers;
  private final HostMemory memory = new HostMemory(Path.of("/"));
  private final KernelCatalog catalog;

  /**
   * A backend whose plans run on a fixed number of threads.
   *
   * @param activationType {@link DataType#FLOAT32} or {@link DataType#BFLOAT16}
   * @param workers threads, at least 1
   */
  public CpuBackend(DataType activationType, int workers) {
    if (activationType != DataType.FLOAT32 && activationType != DataType.BFLOAT16) {
      throw new IllegalArgumentException(
          "activations are FLOAT32 or BFLOAT16 on the processor, not " + activationType);
    }
    if (workers < 1) {
      throw new IllegalArgumentException("at least 1 worker is needed, got " + workers);
    }
    this.activationType = activationType;
    this.workers = workers;
    this.catalog = buildCatalog();
  }

  /** Fastest first: own kernels, oneDNN, plain Java. */
  private static KernelCatalog buildCatalog() {
    KernelCatalog.Builder builder = new KernelCatalog.Builder();
    if (NativeCore.available()) {
      NativeKernels.addTo(builder);
      PointwiseKernels.addTo(builder);
      ConvolutionKernels.addTo(builder);
      GroupedKernels.addTo(builder);
      LinearKernels.addTo(builder);
    } else if (!FALL_BACK_SAID.getAndSet(true)) {
      LOGGER.warn(
          "the native core is {}; running on oneDNN and Java, several times slower",
          NativeCore.unavailableReason().orElse("absent"));
    }
    OneDnnKernels.addTo(builder);
    JavaKernels.addTo(builder);
    return builder.build();
  }

  /** Whether oneDNN and the kernels can compute in bfloat16 here: AVX-512 is what they need. */
  public static boolean supportsBfloat16() {
    return OneDnn.supportsBfloat16();
  }

  /** Whether the processor multiplies bfloat16 itself, twice as fast as float32 or faster. */
  public static boolean multipliesBfloat16() {
    return OneDnn.multipliesBfloat16();
  }

  @Override
  public String name() {
    return "cpu";
  }

  @Override
  public String description() {
    return processorName()
        + ", "
        + workers
        + (workers == 1 ? " thread, " : " threads, ")
        + OneDnn.instructionSet()
        + ", oneDNN "
        + OneDnn.version();
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

  @Override
  public int workers() {
    return workers;
  }

  @Override
  public Buffer allocate(long sizeBytes) {
    // Linux promises more memory than it has and kills the process that takes the promise up.
    long available = memory.availableBytes();
    if (sizeBytes > available) {
      throw new OutOfDeviceMemoryException(
          "no host memory for " + sizeBytes + " bytes, " + available + " are available");
    }
    return new NativeBuffer(sizeBytes);
  }

  @Override
  public long availableBytes() {
    return memory.availableBytes();
  }

  @Override
  public KernelCatalog catalog() {
    return catalog;
  }

  @Override
  public void prepareWorker() {
    OneDnn.useOneThread();
  }

  @Override
  public void close() {}

  private static String processorName() {
    try (Stream<String> lines = Files.lines(Path.of("/proc/cpuinfo"))) {
      return lines
          .filter(line -> line.startsWith("model name"))
          .map(line -> line.substring(line.indexOf(':') + 1).strip())
          .findFirst()
          .orElse(System.getProperty("os.arch"));
    } catch (IOException e) {
      return System.getProperty("os.arch");
    }
  }
}
