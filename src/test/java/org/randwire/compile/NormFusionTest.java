// SPDX-License-Identifier: Apache-2.0
package org.randwire.compile;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.randwire.backend.Backend;
import org.randwire.backend.KernelCatalog;
import org.randwire.backend.reference.ReferenceBackend;
import org.randwire.network.resnet.ResNetSpec;
import org.randwire.op.Add;
import org.randwire.op.BatchNorm;
import org.randwire.op.Convolution;
import org.randwire.op.GlobalAveragePool;
import org.randwire.op.Instruction;
import org.randwire.op.Linear;
import org.randwire.op.Mode;
import org.randwire.op.NormalisedRelu;
import org.randwire.op.OpGraph;
import org.randwire.op.Primitive;
import org.randwire.op.Relu;
import org.randwire.op.Section;
import org.randwire.op.SoftmaxCrossEntropy;
import org.randwire.op.Value;
import org.randwire.tensor.DataType;
import org.randwire.tensor.TensorShape;

class NormFusionTest {

  private static final Backend BACKEND = new ReferenceBackend(DataType.FLOAT64);

  /** Stem and two blocks, the second with a projection: six normalisations, five ReLUs. */
  private static Program lowered(Mode mode) {
    ResNetSpec spec =
        ResNetSpec.resnet("two", TensorShape.example(3, 8, 8), 3, List.of(1, 1), List.of(16, 32));
    return Lowering.lower(spec.build(), 2, mode, new SoftmaxCrossEntropy(0), BACKEND);
  }

  private static Map<Class<?>, Integer> count(List<Instruction> instructions) {
    Map<Class<?>, Integer> counts = new HashMap<>();
    instructions.forEach(i -> counts.merge(i.primitive().getClass(), 1, Integer::sum));
    return counts;
  }

  @Test
  void everyReluOfAResidualNetworkIsFused() {
    Map<Class<?>, Integer> counts =
        count(NormFusion.fuse(lowered(Mode.TRAINING), BACKEND.catalog()).instructions());
    assertEquals(5, counts.get(NormalisedRelu.Forward.class));
    assertEquals(5, counts.get(NormalisedRelu.Gradient.class));
    // The projection's normalisation has no ReLU of its own.
    assertEquals(1, counts.get(BatchNorm.Forward.class));
    assertEquals(1, counts.get(BatchNorm.Gradient.class));
    List.of(Add.class, Relu.class, Relu.Gradient.class)
        .forEach(gone -> assertFalse(counts.containsKey(gone), gone.getName()));
  }

  @Test
  void inferenceIsFusedAsWell() {
    Map<Class<?>, Integer> counts =
        count(NormFusion.fuse(lowered(Mode.INFERENCE), BACKEND.catalog()).instructions());
    assertEquals(5, counts.get(NormalisedRelu.Inference.class));
    assertEquals(1, counts.get(BatchNorm.Inference.class));
    assertFalse(counts.containsKey(Add.class));
  }

  @Test
  void everyValueIsWrittenBeforeItIsRead() {
    Set<Value> written = new HashSet<>();
    for (Instruction i :
        NormFusion.fuse(lowered(Mode.TRAINING), BACKEND.catalog()).instructions()) {
      for (Value input : i.inputs()) {
        assertTrue(
            input.section() != Section.ARENA || written.contains(input), i.label() + " " + input);
      }
      written.addAll(i.outputs());
    }
  }

  @Test
  void forwardAndBackwardAreFusedApart() {
    for (Class<? extends Primitive> refused :
        List.of(NormalisedRelu.Forward.class, NormalisedRelu.Gradient.class)) {
      KernelCatalog.Builder builder = new KernelCatalog.Builder();
      for (KernelCatalog.Entry entry : BACKEND.catalog().entries()) {
        if (entry.primitive() != refused) {
          builder.add(entry.name(), entry.primitive(), entry.accepts(), entry.create());
        }
      }
      Map<Class<?>, Integer> counts =
          count(NormFusion.fuse(lowered(Mode.TRAINING), builder.build()).instructions());
      boolean forward = refused == NormalisedRelu.Gradient.class;
      assertEquals(forward ? 5 : null, counts.get(NormalisedRelu.Forward.class));
      assertEquals(forward ? null : 5, counts.get(NormalisedRelu.Gradient.class));
      assertEquals(forward ? null : 5, counts.get(Relu.class));
      assertEquals(forward ? 5 : null, counts.get(Relu.Gradient.class));
    }
  }

  @Test
  void aNormalisedValueThatSomebodyElseReadsIsKept() {
    var graph = new OpGraph.Builder(TensorShape.example(3, 8, 8));
    int x = graph.add("conv", Convolution.pointwise(4), graph.input());
    int norm = graph.add("bn", BatchNorm.DEFAULT, x);
    int relu = graph.add("relu", new Relu(), norm);
    int sum = graph.add("sum", new Add(), norm, relu);
    int pool = graph.add("pool", new GlobalAveragePool(), sum);
    graph.add("fc", new Linear(3), pool);
    Program program =
        Lowering.lower(graph.build(), 2, Mode.TRAINING, new SoftmaxCrossEntropy(0), BACKEND);
    Map<Class<?>, Integer> counts =
        count(NormFusion.fuse(program, BACKEND.catalog()).instructions());
    assertEquals(1, counts.get(BatchNorm.Forward.class));
    assertEquals(1, counts.get(Relu.class));
    assertFalse(counts.containsKey(NormalisedRelu.Forward.class));
  }
}
