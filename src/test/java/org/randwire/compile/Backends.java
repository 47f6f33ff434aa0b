// SPDX-License-Identifier: Apache-2.0
package org.randwire.compile;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.randwire.backend.Backend;
import org.randwire.backend.Gpu;
import org.randwire.backend.cpu.CpuBackend;
import org.randwire.backend.cuda.Cuda;
import org.randwire.backend.reference.ReferenceBackend;
import org.randwire.tensor.DataType;

/** The backends that network and training tests run on. */
public final class Backends {

  private Backends() {}

  /** A way to open a backend. */
  public record Named(String name, Supplier<Backend> open) {
    @Override
    public String toString() {
      return name;
    }
  }

  /** Those with at least float32 everywhere. */
  public static List<Named> exact() {
    List<Named> backends = new ArrayList<>();
    backends.add(new Named("reference f64", () -> new ReferenceBackend(DataType.FLOAT64)));
    backends.add(new Named("reference f32", () -> new ReferenceBackend(DataType.FLOAT32)));
    backends.add(cpu(2));
    if (Gpu.isTested()) {
      backends.add(new Named("cuda f32", () -> Cuda.open(DataType.FLOAT32)));
    }
    return backends;
  }

  /** The processor in float32. */
  public static Named cpu(int threads) {
    return new Named("cpu f32", () -> new CpuBackend(DataType.FLOAT32, threads));
  }
}
