// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cuda.binding;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
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

  /** One command of a plan. */
  sealed interface Command {}

  /**
   * A grid of {@code blocks} by {@code entries} (third dimension) blocks of {@link
   * KernelModule#THREADS} threads whose only argument is {@code table}.
   */
  record KernelLaunch(KernelModule module, long blocks, int entries, int sharedBytes, long table)
      implements Command {}

  /**
   * A library's algorithm on memory: operands in the order of the problem. The workspace is the
   * plan's, so that a step allocates nothing.
   *
   * @param second 0 if the problem has one operand
   */
  record LibraryCall(
      LibraryProblem problem,
      Algorithm algorithm,
      long first,
      long second,
      long result,
      long workspace)
      implements Command {}

  /** What libraries of the vendor offer for a problem; nothing where there are none. */
  List<Algorithm> algorithms(LibraryProblem problem);

  /**
   * Compiles or loads what the commands need and records them, each after the one before. Library
   * calls are run once before that, since a first call loads code: results are overwritten.
   */
  Recording record(List<Command> commands);

  /** Time of one run on the device in nanoseconds, the least of a few; waits. */
  long nanosOf(Recording recording);

  /** What was kept for {@code key} on a device and libraries of the same kind. */
  Optional<String> kept(String key);

  void keep(String key, String value);

  @Override
  void close();
}
