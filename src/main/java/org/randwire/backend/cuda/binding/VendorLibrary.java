// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cuda.binding;

import java.util.List;

/** A library with algorithms for problems, on the stream of a device. */
interface VendorLibrary extends AutoCloseable {

  /** Scratch memory that an algorithm may ask for. */
  long MOST_WORKSPACE_BYTES = 256L << 20;

  /** Name and version, for a person and for the key of choices. */
  String description();

  /** Its deterministic algorithms for a problem, the most promising first; none if it has none. */
  List<Algorithm> algorithms(LibraryProblem problem);

  /** Everything that is needed to run it but the addresses. */
  Operation prepare(LibraryProblem problem, Algorithm algorithm);

  /** A problem with its descriptors. */
  interface Operation extends AutoCloseable {

    /** Enqueues it; throws if the library refuses. */
    void run(Device.LibraryCall call);

    @Override
    void close();
  }

  @Override
  void close();
}
