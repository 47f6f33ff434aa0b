// SPDX-License-Identifier: Apache-2.0
package org.randwire.compile;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.randwire.backend.Backend;
import org.randwire.backend.cpu.CpuBackend;
import org.randwire.backend.reference.ReferenceBackend;
import org.randwire.tensor.DataType;

/** The backends that network tests run on. */
final class Backends {

  private Backends() {}

  record Named(String name, Supplier<Backend> open) {
    @Override
    public String toString() {
      return name;
    }
  }

  /** Those with at least float32 everywhere. */
  static List<Named> exact() {
    List<Named> backends = new ArrayList<>();
    backends.add(new Named("reference f64", () -> new ReferenceBackend(DataType.FLOAT64)));
    backends.add(new Named("reference f32", () -> new ReferenceBackend(DataType.FLOAT32)));
    backends.add(new Named("cpu fp32", () -> new CpuBackend(DataType.FLOAT32, 2)));
    return backends;
  }
}
