// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cuda;

import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;
import org.randwire.backend.Binding;
import org.randwire.backend.Call;
import org.randwire.backend.Kernel;
import org.randwire.op.Instruction;

/**
 * A chain of launches.
 *
 * @param bind the launches of each region
 * @param alone runs launches at once and waits, for profiles
 */
record CudaKernel(
    String name,
    int regions,
    long scratchBytes,
    Function<CudaOperands, List<List<Launch>>> bind,
    Consumer<List<Launch>> alone)
    implements Kernel {

  @Override
  public List<Call> bind(Binding binding) {
    return bind.apply(new CudaOperands(binding)).stream()
        .<Call>map(launches -> new CudaCall(launches, alone))
        .toList();
  }

  /** What makes kernels of one backend: the type of activations and the limits of the device. */
  record Factory(boolean bfloat16, int sharedBytes, Consumer<List<Launch>> alone) {

    CudaKernel kernel(
        Instruction i,
        int regions,
        long scratchBytes,
        Function<CudaOperands, List<List<Launch>>> bind) {
      return new CudaKernel("cuda." + i.primitive().label(), regions, scratchBytes, bind, alone);
    }

    /** One launch without scratch. */
    CudaKernel single(Instruction i, Function<CudaOperands, Launch> bind) {
      return kernel(i, 1, 0, o -> List.of(List.of(bind.apply(o))));
    }

    int elementBytes() {
      return bfloat16 ? 2 : 4;
    }
  }
}
