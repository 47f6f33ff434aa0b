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
 * A chain of launches and library calls.
 *
 * @param bind what each region enqueues
 * @param alone runs a region at once and waits, for profiles
 */
record CudaKernel(
    String name,
    int regions,
    long scratchBytes,
    Function<CudaOperands, ? extends List<? extends List<? extends Work>>> bind,
    Consumer<List<Work>> alone)
    implements Kernel {

  @Override
  public List<Call> bind(Binding binding) {
    return bind.apply(new CudaOperands(binding)).stream()
        .<Call>map(region -> new CudaCall(List.copyOf(region), alone))
        .toList();
  }

  /** What makes kernels of one backend: the type of activations and the limits of the device. */
  record Factory(boolean bfloat16, int sharedBytes, Consumer<List<Work>> alone) {

    CudaKernel kernel(
        Instruction i,
        int regions,
        long scratchBytes,
        Function<CudaOperands, ? extends List<? extends List<? extends Work>>> bind) {
      return kernel("cuda", i, regions, scratchBytes, bind);
    }

    /** One that begins its name with another library's. */
    CudaKernel kernel(
        String library,
        Instruction i,
        int regions,
        long scratchBytes,
        Function<CudaOperands, ? extends List<? extends List<? extends Work>>> bind) {
      String name = library + "." + i.primitive().label();
      return new CudaKernel(name, regions, scratchBytes, bind, alone);
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
