// SPDX-License-Identifier: Apache-2.0
package org.randwire.compile;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.randwire.backend.Backend;
import org.randwire.backend.reference.ReferenceBackend;
import org.randwire.network.randwire.NodeOp;
import org.randwire.network.randwire.SmallNetworks;
import org.randwire.op.Convolution;
import org.randwire.op.Linear;
import org.randwire.op.Mode;
import org.randwire.op.OpGraph;
import org.randwire.op.ParameterSpec;
import org.randwire.op.Relu;
import org.randwire.op.Section;
import org.randwire.op.SoftmaxCrossEntropy;
import org.randwire.op.WeightedSum;
import org.randwire.tensor.DataType;
import org.randwire.tensor.MemoryLayout;

class LoweringTest {

  static List<Backends.Named> backends() {
    return Backends.exact();
  }

  private static Program lower(OpGraph graph, Mode mode, Backend backend) {
    return Lowering.lower(graph, 2, mode, new SoftmaxCrossEntropy(0), backend);
  }

  @ParameterizedTest
  @MethodSource("backends")
  void filtersComeFirstAndNoTwoParametersOverlap(Backends.Named named) {
    try (Backend backend = named.open().get()) {
      Program program = lower(SmallNetworks.randwire(1, 13), Mode.TRAINING, backend);
      long end = 0;
      boolean filters = true;
      for (Parameter parameter : program.parameters()) {
        boolean filter = parameter.spec().kind() == ParameterSpec.Kind.FILTER;
        assertTrue(filters || !filter, parameter.name() + " stands behind a vector");
        filters = filter;
        long offset = parameter.value().offset();
        assertTrue(offset >= end, parameter.name() + " overlaps the one before");
        assertEquals(0, offset % 16, parameter.name());
        end = offset + parameter.value().elements();
        assertEquals(filter, offset < program.decayedElements(), parameter.name());
      }
      assertTrue(end <= program.sectionElements().get(Section.PARAMETERS));
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void parametersAreThoseThatTheGraphCounts(Backends.Named named) {
    try (Backend backend = named.open().get()) {
      for (NodeOp op : NodeOp.values()) {
        OpGraph graph = SmallNetworks.randwire(1, 7, op, 0.5);
        for (Mode mode : Mode.values()) {
          long count =
              lower(graph, mode, backend).parameters().stream()
                  .mapToLong(p -> p.spec().elements())
                  .sum();
          assertEquals(graph.parameterCount(), count, op + " " + mode);
        }
      }
    }
  }

  @Test
  void allModesPlaceParametersAlike() {
    ReferenceBackend backend = new ReferenceBackend(DataType.FLOAT32);
    OpGraph graph = SmallNetworks.randwire(1, 7);
    List<String> places = places(lower(graph, Mode.TRAINING, backend));
    assertEquals(places, places(lower(graph, Mode.INFERENCE, backend)));
    assertEquals(places, places(lower(graph, Mode.STATISTICS, backend)));
  }

  private static List<String> places(Program program) {
    return program.parameters().stream().map(p -> p.name() + p.value().offset()).toList();
  }

  @Test
  void onlyTrainingHasGradients() {
    ReferenceBackend backend = new ReferenceBackend(DataType.FLOAT32);
    for (Mode mode : Mode.values()) {
      boolean gradients =
          lower(SmallNetworks.randwire(1, 4), mode, backend).instructions().stream()
              .flatMap(i -> i.outputs().stream())
              .anyMatch(v -> v.section() == Section.GRADIENTS);
      assertEquals(mode == Mode.TRAINING, gradients, mode.name());
    }
  }

  @Test
  void noGradientIsComputedForTheImages() {
    Program program =
        lower(SmallNetworks.randwire(1, 4), Mode.TRAINING, new ReferenceBackend(DataType.FLOAT32));
    assertTrue(
        program.instructions().stream()
            .noneMatch(
                i ->
                    i.primitive() instanceof Convolution.InputGradient
                        && i.node().startsWith("conv1")));
  }

  @Test
  void imagesArePaddedWhereMoreThanDenseConvolutionsReadThem() {
    try (Backend cpu = Backends.cpu(1).open().get()) {
      OpGraph.Builder dense = new OpGraph.Builder(SmallNetworks.IMAGE.withChannels(3));
      dense.add("a", Convolution.pointwise(4), dense.input());
      dense.add("fc", new Linear(3), dense.add("pool", new org.randwire.op.GlobalAveragePool(), 1));
      assertEquals(
          MemoryLayout.CHANNELS_LAST_DENSE,
          lower(dense.build(), Mode.TRAINING, cpu).input().layout());
      OpGraph.Builder mixed = new OpGraph.Builder(SmallNetworks.IMAGE.withChannels(3));
      int sum = mixed.add("sum", new WeightedSum(0), mixed.input());
      int a = mixed.add("a", Convolution.pointwise(4), mixed.add("relu", new Relu(), sum));
      mixed.add("fc", new Linear(3), mixed.add("pool", new org.randwire.op.GlobalAveragePool(), a));
      assertEquals(
          MemoryLayout.CHANNELS_LAST, lower(mixed.build(), Mode.TRAINING, cpu).input().layout());
    }
  }

  @Test
  void refusesANetworkWhoseOutputAreNoLogits() {
    OpGraph.Builder graph = new OpGraph.Builder(SmallNetworks.IMAGE);
    graph.add("a", Convolution.pointwise(4), graph.input());
    OpGraph network = graph.build();
    assertThrows(
        IllegalArgumentException.class,
        () -> lower(network, Mode.TRAINING, new ReferenceBackend(DataType.FLOAT32)));
  }
}
