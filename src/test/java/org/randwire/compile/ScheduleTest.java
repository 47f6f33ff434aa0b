// SPDX-License-Identifier: Apache-2.0
package org.randwire.compile;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.randwire.backend.KernelCatalog;
import org.randwire.backend.reference.ReferenceBackend;
import org.randwire.compile.FakeKernels.Fake;
import org.randwire.network.randwire.SmallNetworks;
import org.randwire.op.Instruction;
import org.randwire.op.Mode;
import org.randwire.op.SoftmaxCrossEntropy;
import org.randwire.op.Value;
import org.randwire.tensor.DataType;

class ScheduleTest {

  private static final Value A = FakeKernels.value(0, 4);
  private static final Value B = FakeKernels.value(1, 4);
  private static final Value C = FakeKernels.value(2, 4);
  private static final Value D = FakeKernels.value(3, 4);

  private static Instruction reads(int regions, List<Value> inputs, Value output) {
    return FakeKernels.instruction(Fake.idle(regions, 0, 0), inputs, List.of(output));
  }

  private static List<Integer> starts(Schedule schedule) {
    return schedule.entries().stream().map(Schedule.Entry::first).toList();
  }

  @Test
  void independentInstructionsShareARegion() {
    Schedule schedule =
        Schedule.of(
            List.of(
                reads(1, List.of(), A),
                reads(1, List.of(A), B),
                reads(1, List.of(A), C),
                reads(1, List.of(B, C), D)),
            FakeKernels.CATALOG);
    assertEquals(List.of(0, 1, 1, 2), starts(schedule));
    assertEquals(3, schedule.regions());
  }

  @Test
  void aReaderWaitsForTheLastRegionOfItsProducer() {
    Schedule schedule =
        Schedule.of(
            List.of(
                reads(3, List.of(), A),
                reads(1, List.of(), B),
                reads(2, List.of(A, B), C),
                reads(1, List.of(B), D)),
            FakeKernels.CATALOG);
    assertEquals(List.of(0, 0, 3, 1), starts(schedule));
    assertEquals(5, schedule.regions());
  }

  @Test
  void everyInstructionOfANetworkStartsAfterAllItReadsIsWritten() {
    ReferenceBackend backend = new ReferenceBackend(DataType.FLOAT32);
    for (long seed = 0; seed < 20; seed++) {
      Program program =
          Lowering.lower(
              SmallNetworks.randwire(seed, 4),
              2,
              Mode.TRAINING,
              new SoftmaxCrossEntropy(0),
              backend);
      Schedule schedule =
          Schedule.of(Fusion.fuse(program, backend.catalog()).instructions(), backend.catalog());
      for (Schedule.Entry reader : schedule.entries()) {
        for (Schedule.Entry writer : schedule.entries()) {
          for (Value output : writer.instruction().outputs()) {
            if (reader.instruction().inputs().contains(output)) {
              assertTrue(
                  reader.first() > writer.last(),
                  "seed " + seed + ": " + reader.instruction().label() + " reads " + output);
            }
          }
        }
      }
      assertTrue(schedule.regions() < schedule.entries().size(), "nothing runs side by side");
    }
  }

  @Test
  void namesTheInstructionThatNoKernelTakes() {
    var error =
        assertThrows(
            UnsupportedOperationException.class,
            () ->
                Schedule.of(List.of(reads(1, List.of(), A)), new KernelCatalog.Builder().build()));
    assertTrue(error.getMessage().contains("n fake"), error.getMessage());
  }
}
