// SPDX-License-Identifier: Apache-2.0
package org.randwire.compile;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.randwire.backend.OutOfDeviceMemoryException;
import org.randwire.backend.cuda.CudaBackend;
import org.randwire.backend.cuda.PlannedDevice;
import org.randwire.backend.cuda.binding.Device;
import org.randwire.network.randwire.SmallNetworks;
import org.randwire.op.BatchNorm;
import org.randwire.op.Mode;
import org.randwire.op.OpGraph;
import org.randwire.op.SeparableNode;
import org.randwire.op.SoftmaxCrossEntropy;
import org.randwire.op.WeightedSum;
import org.randwire.tensor.DataType;

/** Plans, launches and memory for a GPU, made without one. */
class CudaPlanTest {

  private static final OpGraph GRAPH = SmallNetworks.randwire(3, 20);

  private static final Session.Options OPTIONS = Session.Options.of(2, 0).withStatistics(true);

  private static CudaBackend backend(PlannedDevice device, DataType type) {
    return new CudaBackend(device, type);
  }

  @ParameterizedTest
  @EnumSource(
      value = DataType.class,
      names = {"FLOAT32", "BFLOAT16"})
  void everyNodeIsFusedAndTheFiltersGradientStaysApart(DataType type) {
    try (CudaBackend backend = backend(PlannedDevice.hopper(), type)) {
      Program program =
          Lowering.lower(GRAPH, 4, Mode.TRAINING, new SoftmaxCrossEntropy(0.1), backend);
      var primitives =
          Fusion.fuse(program, backend.catalog()).instructions().stream()
              .map(i -> i.primitive())
              .toList();
      long nodes = GRAPH.nodes().stream().filter(n -> n.op() instanceof WeightedSum).count();
      assertEquals(
          nodes, primitives.stream().filter(p -> p instanceof SeparableNode.Forward).count());
      var backward =
          primitives.stream()
              .filter(p -> p instanceof SeparableNode.Backward)
              .map(p -> (SeparableNode.Backward) p)
              .toList();
      assertEquals(nodes, backward.size());
      assertTrue(backward.stream().noneMatch(SeparableNode.Backward::filterGradient));
      // Those of the stem alone are left.
      assertTrue(primitives.stream().filter(p -> p instanceof BatchNorm.Gradient).count() < nodes);
    }
  }

  @Test
  void aLevelOfNodesIsOneLaunchForEachKindOfKernel() {
    PlannedDevice device = PlannedDevice.hopper();
    try (CudaBackend backend = backend(device, DataType.BFLOAT16);
        Session session = Session.open(GRAPH, Session.Options.of(4, 0.1), backend)) {
      CompiledProgram.Summary summary = session.training().summary();
      List<Device.KernelLaunch> step = device.launches(0);
      int entries = step.stream().mapToInt(Device.KernelLaunch::entries).sum();
      assertTrue(step.size() < entries, step.size() + " launches of " + entries);
      int nodes = summary.kernels().get("cuda.whole node forward 3x3");
      long launches = step.stream().filter(c -> c.module().name().equals("node_forward")).count();
      assertTrue(launches < nodes, launches + " launches for " + nodes + " nodes");
      for (Device.KernelLaunch command : step) {
        assertTrue(command.sharedBytes() <= device.sharedBytes(), command.toString());
        assertTrue(command.blocks() >= 1, command.toString());
      }
    }
  }

  @Test
  void allProgramsOfASessionAreRecordedOnceAndRunWithoutMore() {
    PlannedDevice device = PlannedDevice.hopper();
    try (CudaBackend backend = backend(device, DataType.FLOAT32);
        Session session = Session.open(GRAPH, OPTIONS, backend)) {
      int recorded = device.recordings().size();
      assertEquals(5, recorded); // training, evaluation, statistics, update, the whole step
      var halves = new ArrayList<>(device.launches(0));
      halves.addAll(device.launches(3));
      assertEquals(
          halves.stream().map(c -> c.module().name()).toList(),
          device.launches(4).stream().map(c -> c.module().name()).toList());
      assertEquals("sgd", halves.get(halves.size() - 1).module().name());
      long used = device.usedBytes();
      for (int step = 1; step <= 3; step++) {
        session.step(0.1 / step, 0.9, 1e-4, 0, 0);
      }
      assertEquals(recorded, device.recordings().size());
      assertEquals(used, device.usedBytes());
    }
    assertEquals(0, device.usedBytes());
  }

  @ParameterizedTest
  @EnumSource(
      value = DataType.class,
      names = {"FLOAT32", "BFLOAT16"})
  void aStepOnADataSetOnTheDeviceIsOneCommandThatMakesItsBatch(DataType type) {
    PlannedDevice device = PlannedDevice.hopper();
    Session.Data data = NoiseImages.data(SmallNetworks.IMAGE, SmallNetworks.CLASSES, 500, 100);
    try (CudaBackend backend = backend(device, type);
        Session session = Session.open(GRAPH, OPTIONS, backend, data)) {
      assertTrue(session.holdsData());
      // Without data; the batches of training, statistics and evaluation; the step is the last.
      assertEquals(5 + 3, device.recordings().size());
      List<String> step =
          device.launches(7).stream().map(launch -> launch.module().name()).toList();
      assertEquals("augment", step.get(0));
      assertEquals(1, step.stream().filter(name -> name.equals("augment")).count());
      List<String> training =
          device.launches(0).stream().map(launch -> launch.module().name()).toList();
      assertEquals(training, step.subList(1, 1 + training.size()));
      Device.KernelLaunch augment = device.launches(7).get(0);
      assertEquals(2, augment.blocks() / Math.ceil(SmallNetworks.IMAGE.pixels() / 256.0), 0.0);
      long used = device.usedBytes();
      for (int i = 0; i < 3; i++) {
        session.training().setExamples(1, new int[] {i, 499 - i}, 2);
        session.step(0.1, 0.9, 1e-4, 0, 0);
      }
      assertEquals(8, device.recordings().size());
      assertEquals(used, device.usedBytes());
    }
    assertEquals(0, device.usedBytes());
  }

  @Test
  void aDataSetStaysOnTheDeviceOnlyIfItTakesAQuarterOfWhatIsFree() {
    long images = 1000L * SmallNetworks.IMAGE.elements();
    Session.Data data = NoiseImages.data(SmallNetworks.IMAGE, SmallNetworks.CLASSES, 900, 100);
    PlannedDevice alone = PlannedDevice.hopper();
    long network;
    try (CudaBackend backend = backend(alone, DataType.FLOAT32);
        Session session = Session.open(GRAPH, Session.Options.of(2, 0), backend)) {
      assertFalse(session.holdsData());
      network = alone.usedBytes();
    }
    for (boolean fits : new boolean[] {true, false}) {
      PlannedDevice device = new PlannedDevice(232_448, network + (fits ? 5 : 3) * images);
      try (CudaBackend backend = backend(device, DataType.FLOAT32);
          Session session = Session.open(GRAPH, Session.Options.of(2, 0), backend, data)) {
        assertEquals(fits, session.holdsData());
        assertEquals(fits, device.usedBytes() > network + images);
      }
      assertEquals(0, device.usedBytes());
    }
  }

  @Test
  void anUpdateOfSeveralBatchesIsRecordedToo() {
    PlannedDevice device = PlannedDevice.hopper();
    try (CudaBackend backend = backend(device, DataType.BFLOAT16);
        Session session = Session.open(GRAPH, OPTIONS.withAccumulate(3), backend)) {
      int recorded = device.recordings().size();
      long used = device.usedBytes();
      for (int part = 0; part < 2; part++) {
        session.accumulate();
      }
      session.step(0.1, 0.9, 1e-4, 0, 0);
      assertEquals(recorded, device.recordings().size());
      assertEquals(used, device.usedBytes());
      // Those of an update per batch, the mean alone, and a batch with the mean behind it.
      assertEquals(7, recorded);
      List<String> part =
          device.launches(recorded - 1).stream().map(c -> c.module().name()).toList();
      assertEquals("moving_average", part.get(part.size() - 1));
      assertTrue(part.size() > 1, "the batch is in the command");
    }
    assertEquals(0, device.usedBytes());
  }

  @Test
  void memoryIsGivenBackWhereItDoesNotSuffice() {
    PlannedDevice large = PlannedDevice.hopper();
    long needed;
    try (CudaBackend backend = backend(large, DataType.FLOAT32);
        Session session = Session.open(GRAPH, Session.Options.of(2, 0), backend)) {
      session.training().run();
      needed = large.usedBytes();
    }
    for (long capacity : List.of(needed / 4, needed / 2, needed - 1)) {
      PlannedDevice small = new PlannedDevice(232_448, capacity);
      try (CudaBackend backend = backend(small, DataType.FLOAT32)) {
        assertThrows(
            OutOfDeviceMemoryException.class,
            () -> Session.open(GRAPH, Session.Options.of(2, 0), backend));
      }
      assertEquals(0, small.usedBytes(), "of " + capacity);
    }
  }

  @Test
  void aDeviceWithLittleSharedMemoryGetsKernelsThatFit() {
    PlannedDevice device = new PlannedDevice(101_376, 1L << 30);
    OpGraph wide = SmallNetworks.randwire(1, 400);
    try (CudaBackend backend = backend(device, DataType.FLOAT32);
        Session session = Session.open(wide, Session.Options.of(2, 0), backend)) {
      Set<String> kernels = new HashSet<>();
      for (Device.KernelLaunch command : device.launches(0)) {
        kernels.add(command.module().name());
        assertTrue(command.sharedBytes() <= 101_376, command.toString());
      }
      assertTrue(session.training().summary().calls() > 0);
      assertTrue(kernels.contains("convolution"), kernels.toString());
    }
  }
}
