// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.randwire.backend.cuda.binding.Algorithm;
import org.randwire.backend.cuda.binding.Device;
import org.randwire.backend.cuda.binding.Device.LibraryCall;
import org.randwire.backend.cuda.binding.LibraryProblem;
import org.randwire.backend.cuda.binding.LibraryProblem.Pass;
import org.randwire.compile.Session;
import org.randwire.op.AveragePool;
import org.randwire.op.Convolution;
import org.randwire.op.GlobalAveragePool;
import org.randwire.op.Linear;
import org.randwire.op.MaxPool;
import org.randwire.op.OpGraph;
import org.randwire.op.Relu;
import org.randwire.op.Window;
import org.randwire.tensor.DataType;
import org.randwire.tensor.TensorShape;

/** Which kernels are taken where libraries offer some, and what they are given. */
class LibraryKernelsTest {

  private static final Algorithm SLOW = new Algorithm("cudnn", 1, 0, 0);
  private static final Algorithm FAST = new Algorithm("cudnn", 2, 1, 1000);
  private static final Window CONVOLUTION = Window.square(3, 1);
  private static final Window POOL = Window.square(3, 2);

  /** Groups of whole stored channels and of broken ones, a pointwise one, both kinds of pools. */
  static OpGraph network() {
    OpGraph.Builder graph = new OpGraph.Builder(TensorShape.example(3, 16, 16));
    int x = graph.add("stem", new Convolution(32, CONVOLUTION, 1), graph.input());
    x = graph.add("grouped", new Convolution(32, CONVOLUTION, 4), graph.add("a", new Relu(), x));
    x = graph.add("pointwise", Convolution.pointwise(16), graph.add("b", new Relu(), x));
    x = graph.add("largest", new MaxPool(POOL), x);
    x = graph.add("mean", new AveragePool(POOL), x);
    x = graph.add("narrow", new Convolution(20, CONVOLUTION, 4), x);
    graph.add("classes", new Linear(10), graph.add("all", new GlobalAveragePool(), x));
    return graph.build();
  }

  /** A fast algorithm, a slow one, and ours between them. */
  private static PlannedDevice device() {
    return PlannedDevice.hopper().offering(p -> List.of(SLOW, FAST)).taking(c -> nanos(c, 100));
  }

  private static long nanos(List<Device.Command> commands, long fast) {
    Set<Algorithm> used = new HashSet<>();
    commands.forEach(
        command -> {
          if (command instanceof LibraryCall call) {
            used.add(call.algorithm());
          }
        });
    return used.contains(FAST) ? fast : used.contains(SLOW) ? 900 : 500;
  }

  private static Map<String, Integer> kernels(PlannedDevice device, DataType type) {
    try (CudaBackend backend = new CudaBackend(device, type);
        Session session = Session.open(network(), Session.Options.of(4, 0.1), backend)) {
      return session.training().summary().kernels();
    }
  }

  @Test
  void theFastestIsTakenAndOursWhereALibraryHasNone() {
    Map<String, Integer> kernels = kernels(device(), DataType.BFLOAT16);
    assertEquals(2, kernels.get("cudnn.convolution 3x3"), kernels.toString()); // stem and grouped
    assertEquals(1, kernels.get("cuda.convolution 3x3"), kernels.toString()); // 5 channels a group
    assertEquals(1, kernels.get("cudnn.pointwise"), kernels.toString());
    assertEquals(1, kernels.get("cudnn.pointwise input-gradient"), kernels.toString());
    assertEquals(1, kernels.get("cudnn.pointwise filter-gradient"), kernels.toString());
    assertEquals(1, kernels.get("cudnn.average-pool gradient 3x3 stride 2"), kernels.toString());
    assertTrue(kernels.keySet().stream().noneMatch(k -> k.startsWith("cudnn.max-pool gradient")));
  }

  @Test
  void oursIsTakenWhereItIsFaster() {
    PlannedDevice device = device().taking(commands -> nanos(commands, 501));
    Map<String, Integer> kernels = kernels(device, DataType.FLOAT32);
    assertTrue(kernels.keySet().stream().noneMatch(k -> k.startsWith("cudnn")), kernels.toString());
    assertFalse(device.kept().isEmpty());
    assertTrue(device.kept().values().stream().allMatch("own"::equals));
  }

  @Test
  void aKeptChoiceIsTakenWithoutATrialAndAnUnknownOneIsTriedAgain() {
    PlannedDevice first = device();
    kernels(first, DataType.BFLOAT16);
    int problems = first.kept().size();
    int plans = first.recordings().size() - 3 * problems; // three candidates each
    assertEquals(4, plans); // training, evaluation, update, the whole step

    PlannedDevice second = device();
    second.kept().putAll(first.kept());
    kernels(second, DataType.BFLOAT16);
    assertEquals(plans, second.recordings().size());

    PlannedDevice third = device();
    first.kept().forEach((key, name) -> third.kept().put(key, "cudnn 77.0"));
    kernels(third, DataType.BFLOAT16);
    assertEquals(first.kept(), third.kept());
    PlannedDevice other = device();
    kernels(other, DataType.FLOAT32);
    assertTrue(other.kept().keySet().stream().noneMatch(first.kept()::containsKey), "same keys");
  }

  @Test
  void withoutMemoryForATrialOursIsTakenAndNothingKept() {
    PlannedDevice device = new PlannedDevice(232_448, 1000).offering(p -> List.of(FAST));
    try (CudaBackend backend = new CudaBackend(device, DataType.BFLOAT16)) {
      var description =
          Session.describe(network(), Session.Options.of(4, 0), backend).trainingStep();
      assertTrue(description.kernels().keySet().stream().noneMatch(k -> k.startsWith("cudnn")));
    }
    assertTrue(device.kept().isEmpty());
    assertEquals(0, device.usedBytes());
  }

  @Test
  void everyCallIsGivenMemoryOfThePlanInFullAndAnAlignedWorkspace() {
    for (DataType type : List.of(DataType.FLOAT32, DataType.BFLOAT16)) {
      PlannedDevice device = device();
      try (CudaBackend backend = new CudaBackend(device, type);
          Session session = Session.open(network(), Session.Options.of(4, 0), backend)) {
        List<LibraryCall> calls =
            device
                .recordings()
                .subList(3 * device.kept().size(), device.recordings().size())
                .stream()
                .flatMap(List::stream)
                .filter(command -> command instanceof LibraryCall)
                .map(command -> (LibraryCall) command)
                .toList();
        assertTrue(calls.size() > 10, calls.size() + " calls of " + session.training().summary());
        for (LibraryCall call : calls) {
          requireOperands(device, call, type.sizeBytes());
        }
      }
    }
  }

  private static void requireOperands(PlannedDevice device, LibraryCall call, int elementBytes) {
    if (call.problem() instanceof LibraryProblem.Convolution problem) {
      long filter =
          problem.window().height()
              * problem.window().width()
              * problem.groupInputs()
              * (long) problem.y().channels();
      long x = problem.x().elements();
      long y = problem.y().elements();
      Pass pass = problem.pass();
      requireOwned(
          device, call.first(), (pass == Pass.INPUT_GRADIENT ? y : x) * elementBytes, call);
      requireOwned(
          device, call.second(), (pass == Pass.FILTER_GRADIENT ? y : filter) * elementBytes, call);
      long result =
          switch (pass) {
            case FORWARD -> y;
            case INPUT_GRADIENT -> x;
            case FILTER_GRADIENT -> filter;
          };
      requireOwned(device, call.result(), result * elementBytes, call);
      requireOwned(device, call.workspace(), call.algorithm().workspaceBytes(), call);
      assertEquals(0, call.workspace() % Algorithm.WORKSPACE_ALIGNMENT, call.toString());
    } else if (call.problem() instanceof LibraryProblem.Pooling problem) {
      long x = problem.x().elements() * elementBytes;
      long y = problem.y().elements() * elementBytes;
      requireOwned(device, call.first(), problem.gradient() ? y : x, call);
      requireOwned(device, call.result(), problem.gradient() ? x : y, call);
    }
  }

  private static void requireOwned(
      PlannedDevice device, long address, long bytes, LibraryCall call) {
    assertEquals(0, address % 16, call.toString());
    assertTrue(device.owns(address) && device.owns(address + bytes - 1), call.toString());
  }
}
