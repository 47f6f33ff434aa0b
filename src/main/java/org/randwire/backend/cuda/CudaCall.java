// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cuda;

import java.util.List;
import java.util.function.Consumer;
import org.randwire.backend.Call;

/**
 * The launches of one region of a kernel; run alone it is measured, recorded it is part of a plan.
 */
record CudaCall(List<Launch> launches, Consumer<List<Launch>> alone) implements Call {

  CudaCall {
    launches = List.copyOf(launches);
  }

  @Override
  public int tasks() {
    return 1;
  }

  @Override
  public void run(int task, int worker) {
    alone.accept(launches);
  }
}
