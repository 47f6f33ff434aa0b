// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cuda.binding;

import java.nio.ByteBuffer;
import java.util.List;
import org.randwire.backend.OutOfDeviceMemoryException;
import org.randwire.backend.Recording;

/**
 * What the backend needs of a GPU: memory, kernels, and recording launches. Commands run in order;
 * only {@link #read} waits for them. One thread uses it.
 */
public interface Device extends AutoCloseable {

  /** Name, memory, driver and libraries for a person, one line. */
  String description();

  /** Shared memory that one block may ask for. */
  int sharedBytes();

  /**
   * New memory of zeros, its address a multiple of 256; throws {@link OutOfDeviceMemoryException}.
   */
  long allocate(long sizeBytes);

  void free(long address);

  long availableBytes();

  /** Copies the remaining bytes; they may be changed as soon as this returns. */
  void write(long address, ByteBuffer source);

  /** Waits for all commands before, then fills the remaining space. */
  void read(long address, ByteBuffer target);

  /**
   * One launch: a grid of {@code blocks} by {@code entries} (third dimension) blocks of {@link
   * KernelModule#THREADS} threads whose only argument is {@code table}.
   */
  record Command(KernelModule module, long blocks, int entries, int sharedBytes, long table) {}

  /** Compiles or loads what the commands need and records them, each after the one before. */
  Recording record(List<Command> commands);

  @Override
  void close();
}
