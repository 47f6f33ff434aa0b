// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend;

import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.randwire.backend.cuda.CudaBackend;
import org.randwire.backend.cuda.PlannedDevice;
import org.randwire.backend.cuda.binding.Algorithm;
import org.randwire.backend.cuda.binding.KernelModule;
import org.randwire.compile.NoiseImages;
import org.randwire.compile.Session;
import org.randwire.network.randwire.SmallNetworks;
import org.randwire.op.Instruction;
import org.randwire.op.Mode;
import org.randwire.op.Value;
import org.randwire.tensor.DataType;

/** The kernels of the GPU as the plans of this suite want them compiled. */
public final class KernelModules {

  private static final long MEMORY_BYTES = 1 << 24;

  private KernelModules() {}

  /** Those of every op case and of fused networks, in both types of activations. */
  public static List<KernelModule> all() {
    Set<KernelModule> modules = new HashSet<>();
    for (DataType type : List.of(DataType.FLOAT32, DataType.BFLOAT16)) {
      // With a library for everything, and our kernels as candidates beside it.
      PlannedDevice device =
          PlannedDevice.hopper().offering(p -> List.of(new Algorithm("cudnn", 0, 0, 0)));
      try (CudaBackend backend = new CudaBackend(device, type)) {
        for (OpCase opCase : OpCases.all()) {
          for (Mode mode : Mode.values()) {
            try (OpRun run = new OpRun(opCase, mode, backend, Schedule.PLAIN)) {
              run.instructions().forEach(instruction -> launch(backend, instruction));
            }
          }
        }
        // The second is large enough for blocks of many rows.
        for (int channels : new int[] {20, 4}) {
          int batch = channels == 20 ? 4 : 512;
          var options =
              new Session.Options(batch, batch, 0.1, true, true, false, true).withStatistics(true);
          var data = NoiseImages.data(SmallNetworks.IMAGE, SmallNetworks.CLASSES, batch, batch);
          Session.open(SmallNetworks.randwire(3, channels), options, backend, data).close();
        }
      }
      for (int plan = 0; plan < device.recordings().size(); plan++) {
        device.launches(plan).forEach(launch -> modules.add(launch.module()));
      }
    }
    return modules.stream()
        .sorted(
            Comparator.comparing(KernelModule::name)
                .thenComparing(KernelModule::bfloat16)
                .thenComparing(KernelModule::rows))
        .toList();
  }

  /** Runs every call alone, over memory that all operands share: nothing is computed. */
  private static void launch(Backend backend, Instruction instruction) {
    Kernel kernel = backend.catalog().choose(instruction).orElseThrow();
    try (Buffer memory = backend.allocate(MEMORY_BYTES)) {
      Binding binding =
          new Binding() {
            @Override
            public Slice slice(Value value) {
              return new Slice(memory, 0, value.sizeBytes());
            }

            @Override
            public Slice scratch() {
              return new Slice(memory, 0, kernel.scratchBytes());
            }

            @Override
            public Slice workerScratch(int worker) {
              return new Slice(memory, 0, kernel.workerScratchBytes());
            }

            @Override
            public int workers() {
              return 1;
            }
          };
      kernel.bind(binding).forEach(call -> call.run(0, 0));
    }
  }
}
