// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend;

import java.util.List;
import java.util.Optional;
import org.randwire.tensor.DataType;
import org.randwire.tensor.MemoryLayout;

/**
 * A device that can run programs. One backend may serve several plans at once, each from one
 * thread; closing it does not free the buffers it gave out.
 */
public interface Backend extends AutoCloseable {

  /** The word of the configuration: {@code reference}, {@code cpu}, {@code cuda}. */
  String name();

  /** Device and libraries for a person, one line. */
  String description();

  /** The layout of activations; images are always dense in the same order. */
  MemoryLayout layout();

  /** How activations and their gradients are stored. */
  DataType activationType();

  /** How parameters, their gradients, optimizer state and statistics are stored. */
  DataType parameterType();

  /** Threads that run the tasks of a call, at least 1. */
  int workers();

  /** New memory, 64-byte aligned, all zeros; throws {@link OutOfDeviceMemoryException}. */
  Buffer allocate(long sizeBytes);

  /** Memory the device could still give, in bytes. */
  long availableBytes();

  /**
   * The most bytes of data sets that a network may keep in the device's memory now, beside all that
   * is there, so that batches are made on the device; 0 where the host makes them.
   */
  default long dataBytes() {
    return 0;
  }

  KernelCatalog catalog();

  /**
   * A plan recorded as one command, where the device can; nothing where calls are run one by one.
   * The calls stay open as long as the recording.
   *
   * @param regions the calls of each region; a barrier stands between one region and the next
   */
  default Optional<Recording> record(List<List<Call>> regions) {
    return Optional.empty();
  }

  /** Called by a worker before it runs its first task, on the worker's own thread. */
  default void prepareWorker() {}

  @Override
  void close();
}
