// SPDX-License-Identifier: Apache-2.0
package org.randwire.compile;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.randwire.backend.Backend;
import org.randwire.backend.cpu.CpuBackend;
import org.randwire.compile.FakeKernels.Fake;
import org.randwire.network.randwire.SmallNetworks;
import org.randwire.op.Instruction;
import org.randwire.op.Mode;
import org.randwire.op.OpGraph;
import org.randwire.op.Section;
import org.randwire.op.SoftmaxCrossEntropy;
import org.randwire.op.Value;
import org.randwire.tensor.DataType;

class MemoryOrderTest {

  /** Up to seven instructions, each reading some of the values before it. */
  private static List<Instruction> random(Random random) {
    List<Instruction> instructions = new ArrayList<>();
    List<Value> values = new ArrayList<>();
    int count = 2 + random.nextInt(6);
    for (int i = 0; i < count; i++) {
      Set<Value> inputs = new HashSet<>();
      for (int k = random.nextInt(3); k > 0 && i > 0; k--) {
        inputs.add(values.get(random.nextInt(i)));
      }
      Value output = FakeKernels.value(i, 16 * (1 + random.nextInt(50)));
      values.add(output);
      Fake fake = Fake.idle(1, 64L * random.nextInt(10), 0);
      instructions.add(FakeKernels.instruction(fake, List.copyOf(inputs), List.of(output)));
    }
    return instructions;
  }

  /** Bytes alive at once if the instructions run one after the other. */
  private static long peak(List<Instruction> order) {
    List<Schedule.Entry> entries = new ArrayList<>();
    for (Instruction instruction : order) {
      entries.add(
          new Schedule.Entry(
              instruction, Schedule.kernel(instruction, FakeKernels.CATALOG), entries.size()));
    }
    return MemoryPlan.peakBytes(new Schedule(entries, entries.size()), Set.of());
  }

  private static long best(List<Instruction> done, List<Instruction> open) {
    if (open.isEmpty()) {
      return peak(done);
    }
    long best = Long.MAX_VALUE;
    for (Instruction next : open) {
      boolean isReady = open.stream().noneMatch(o -> next.inputs().contains(o.output(0)));
      if (isReady) {
        List<Instruction> rest = new ArrayList<>(open);
        rest.remove(next);
        List<Instruction> longer = new ArrayList<>(done);
        longer.add(next);
        best = Math.min(best, best(longer, rest));
      }
    }
    return best;
  }

  @Test
  void noOrderOfASmallGraphNeedsLess() {
    int better = 0;
    for (long seed = 0; seed < 60; seed++) {
      List<Instruction> given = random(new Random(seed));
      List<Instruction> found = MemoryOrder.order(given, FakeKernels.CATALOG, Set.of());
      assertEquals(new HashSet<>(given), new HashSet<>(found), "seed " + seed);
      assertEquals(given.size(), found.size(), "seed " + seed);
      Set<Value> written = new HashSet<>();
      for (Instruction instruction : found) {
        assertTrue(written.containsAll(instruction.inputs()), "seed " + seed);
        written.addAll(instruction.outputs());
      }
      assertEquals(best(List.of(), given), peak(found), "seed " + seed);
      better += peak(found) < peak(given) ? 1 : 0;
    }
    assertTrue(better > 3, "the given order was seldom worse: " + better);
  }

  @Test
  void aNetworkEvaluatesTheSameBitsInLessMemory() {
    OpGraph graph = SmallNetworks.randwire(3, 16);
    // Evaluation has so many examples more that it decides the size of the arena.
    Session.Options few = new Session.Options(1, 64, 0, true, false, true, false);
    Session.Options many = new Session.Options(64, 64, 0, true, false, true, false);
    try (Backend backend = new CpuBackend(DataType.FLOAT32, 2)) {
      Session.Evaluation ordered = Session.describe(graph, few, backend).evaluation();
      assertTrue(ordered.isOrdered(), ordered.toString());
      assertTrue(ordered.orderedBytes() < ordered.levelsBytes(), ordered.toString());
      Session.Evaluation levels = Session.describe(graph, many, backend).evaluation();
      assertTrue(!levels.isOrdered(), "training needs more: " + levels);
      assertArrayEquals(logits(graph, many, backend), logits(graph, few, backend));
    }
  }

  private static double[] logits(OpGraph graph, Session.Options options, Backend backend) {
    try (Session session = Session.open(graph, options, backend)) {
      for (Parameter p : session.state().parameters()) {
        Random random = new Random(p.name().hashCode());
        double[] values = random.doubles(p.spec().elements(), -1, 1).toArray();
        session.state().set(Section.PARAMETERS, p.name(), values);
      }
      CompiledProgram program = session.inference();
      Random random = new Random(1);
      float[] images = new float[64 * SmallNetworks.IMAGE.pixels() * program.imageChannels()];
      for (int i = 0; i < images.length; i++) {
        images[i] = random.nextFloat();
      }
      program.setImages(images);
      program.run();
      return program.logits();
    }
  }

  @Test
  void instructionsRunOneAfterTheOther() {
    try (Backend backend = new CpuBackend(DataType.FLOAT32, 1)) {
      Program program =
          Fusion.fuse(
              Lowering.lower(
                  SmallNetworks.randwire(3, 16),
                  4,
                  Mode.INFERENCE,
                  new SoftmaxCrossEntropy(0),
                  backend),
              backend.catalog());
      Program ordered =
          MemoryOrder.apply(program, backend.catalog(), Set.of(program.logits(), program.losses()));
      assertEquals(new HashSet<>(program.instructions()), new HashSet<>(ordered.instructions()));
      int end = -1;
      for (Schedule.Entry entry : Schedule.of(ordered, backend.catalog()).entries()) {
        if (entry.instruction().inputs().stream()
            .anyMatch(v -> v.section() != Section.PARAMETERS)) {
          assertTrue(entry.first() > end, entry.toString());
          end = entry.last();
        }
      }
    }
  }
}
