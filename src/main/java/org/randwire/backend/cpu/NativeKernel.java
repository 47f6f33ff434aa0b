// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cpu;

import java.util.List;
import java.util.function.Function;
import org.randwire.backend.Binding;
import org.randwire.backend.Call;
import org.randwire.backend.Kernel;
import org.randwire.op.Instruction;

/** A kernel of the native core, whose calls are written down by a function. */
record NativeKernel(
    Instruction instruction,
    int regions,
    long scratchBytes,
    long workerScratchBytes,
    Function<NativeOperands, List<Call>> calls)
    implements Kernel {

  @Override
  public String name() {
    return "native." + instruction.primitive().label();
  }

  @Override
  public List<Call> bind(Binding binding) {
    return calls.apply(new NativeOperands(binding));
  }
}
