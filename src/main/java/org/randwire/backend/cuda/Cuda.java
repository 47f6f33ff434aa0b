// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cuda;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.randwire.backend.cuda.binding.NvidiaDevice;
import org.randwire.backend.cuda.binding.NvidiaLibraries;
import org.randwire.tensor.DataType;

/** Whether this machine has a GPU that can be used, and opening it. */
public final class Cuda {

  /** Device nodes of the driver: Linux, and Linux inside Windows. */
  private static final List<Path> DEVICE_NODES =
      List.of(Path.of("/dev/nvidiactl"), Path.of("/dev/dxg"));

  /** Names another device node, for tests of what is behind it. */
  private static final String DEVICE_NODE_PROPERTY = "randwire.cuda.device-node";

  private Cuda() {}

  /** The answer, found once in a process: loading the libraries takes a second. */
  private static final class Answer {
    static final Optional<String> ABSENCE = NvidiaLibraries.absence();
  }

  /**
   * Why no GPU is used, one line; nothing if there is one. The CUDA libraries are touched only
   * where a device node says that there is a driver.
   */
  public static Optional<String> absence() {
    String named = System.getProperty(DEVICE_NODE_PROPERTY);
    List<Path> nodes = named == null ? DEVICE_NODES : List.of(Path.of(named));
    if (nodes.stream().noneMatch(Files::exists)) {
      return Optional.of(
          "there is no NVIDIA device on this machine (" + nodes.get(0) + " does not exist)");
    }
    return Answer.ABSENCE;
  }

  /**
   * Opens the first GPU with a stream of its own.
   *
   * @param activationType {@link DataType#FLOAT32} or {@link DataType#BFLOAT16}
   * @throws IllegalStateException if {@link #absence} names a reason
   */
  public static CudaBackend open(DataType activationType) {
    Optional<String> absence = absence();
    if (absence.isPresent()) {
      throw new IllegalStateException(absence.get());
    }
    return new CudaBackend(NvidiaDevice.open(), activationType);
  }
}
