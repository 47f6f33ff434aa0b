// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cuda;

import java.util.List;
import java.util.function.Consumer;
import org.randwire.backend.Call;

/**
 * What one region of a kernel enqueues; run alone it is measured, recorded it is part of a plan.
 */
record CudaCall(List<Work> work, Consumer<List<Work>> alone) implements Call {

  CudaCall {
    work = List.copyOf(work);
  }

  @Override
  public int tasks() {
    return 1;
  }

  @Override
  public void run(int task, int worker) {
    alone.accept(work);
  }
}
