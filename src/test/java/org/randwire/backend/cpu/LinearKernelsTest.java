// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.randwire.backend.Kernel;
import org.randwire.backend.KernelCatalog;
import org.randwire.backend.cpu.binding.NativeCore;
import org.randwire.op.Instruction;
import org.randwire.op.Linear;
import org.randwire.op.Section;
import org.randwire.op.Value;
import org.randwire.tensor.DataType;
import org.randwire.tensor.MemoryLayout;
import org.randwire.tensor.TensorShape;

/**
 * The linear layer, the native core's and oneDNN's, against sums of products in double precision.
 */
class LinearKernelsTest {

  /** Types of x and dx, and of y and dy: logits may be wider than activations. */
  record Case(
      int batch, int inputs, int outputs, DataType type, DataType logits, double tolerance) {

    Value vector(String name, int rows, int channels, DataType valueType) {
      TensorShape shape = new TensorShape(rows, channels, 1, 1);
      return new Value(
          name.hashCode(),
          name,
          Section.ARENA,
          shape,
          MemoryLayout.CHANNELS_LAST,
          valueType,
          MemoryLayout.CHANNELS_LAST.elements(shape),
          -1);
    }

    Value x() {
      return vector("x", batch, inputs, type);
    }

    Value y() {
      return vector("y", batch, outputs, logits);
    }

    Value bias() {
      return vector("bias", 1, outputs, DataType.FLOAT32);
    }

    /** In memory a matrix of inputs by outputs, both padded. */
    Value weight() {
      return new Value(
          3,
          "weight",
          Section.PARAMETERS,
          new TensorShape(outputs, inputs, 1, 1),
          MemoryLayout.CHANNELS_LAST,
          DataType.FLOAT32,
          (long) x().storedChannels() * y().storedChannels(),
          0);
    }
  }

  static List<Case> cases() {
    List<Case> cases = new ArrayList<>();
    int[][] sizes = {{1, 16, 10}, {8, 1280, 1000}, {128, 78, 10}, {37, 320, 100}, {1031, 64, 128}};
    for (int[] size : sizes) {
      cases.add(new Case(size[0], size[1], size[2], DataType.FLOAT32, DataType.FLOAT32, 1e-5));
      if (OneDnn.supportsBfloat16()) {
        cases.add(new Case(size[0], size[1], size[2], DataType.BFLOAT16, DataType.BFLOAT16, 1e-2));
        cases.add(new Case(size[0], size[1], size[2], DataType.BFLOAT16, DataType.FLOAT32, 1e-2));
      }
    }
    return cases;
  }

  @ParameterizedTest
  @MethodSource("cases")
  void outputIsTheProductPlusTheBias(Case given) throws InterruptedException {
    Linear linear = new Linear(given.outputs());
    check(
        given,
        new Instruction(
            "head", linear, List.of(given.x(), given.weight(), given.bias()), List.of(given.y())));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void inputGradientIsTheProductWithTheTransposedWeight(Case given) throws InterruptedException {
    check(
        given,
        new Instruction(
            "head",
            new Linear.InputGradient(),
            List.of(given.y(), given.weight()),
            List.of(given.x())));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void parameterGradientsAreSumsOverTheBatch(Case given) throws InterruptedException {
    check(
        given,
        new Instruction(
            "head",
            new Linear.ParameterGradient(),
            List.of(given.x(), given.y()),
            List.of(given.weight(), given.bias())));
  }

  private static void check(Case given, Instruction call) throws InterruptedException {
    KernelCatalog.Builder library = new KernelCatalog.Builder();
    OneDnnKernels.addTo(library);
    check(given, call, library.build().choose(call).orElseThrow());
    if (NativeCore.available()) {
      KernelCatalog.Builder own = new KernelCatalog.Builder();
      LinearKernels.addTo(own);
      check(given, call, own.build().choose(call).orElseThrow());
    }
  }

  private static void check(Case given, Instruction call, Kernel kernel)
      throws InterruptedException {
    List<byte[]> inOrder = new ArrayList<>();
    try (InstructionRun run = new InstructionRun(kernel, call, 1)) {
      fill(given, call, run);
      run.runInOrder();
      run.assertGuardsIntact();
      for (Value output : call.outputs()) {
        inOrder.add(run.bits(output));
        compare(given, expected(given, call, run, output), run.read(output), output.name());
      }
    }
    try (InstructionRun run = new InstructionRun(kernel, call, 2)) {
      fill(given, call, run);
      run.runReversedOnTwoThreads();
      for (int i = 0; i < inOrder.size(); i++) {
        assertArrayEquals(
            inOrder.get(i), run.bits(call.output(i)), given + ": bits depend on the workers");
      }
    }
  }

  private static void fill(Case given, Instruction call, InstructionRun run) {
    SplittableRandom random = new SplittableRandom(20190402);
    for (Value input : call.inputs()) {
      if (!input.name().equals("weight")) {
        run.fill(input, random);
        continue;
      }
      double[] weights = new double[(int) input.elements()];
      int stored = given.y().storedChannels();
      for (int i = 0; i < given.inputs(); i++) {
        for (int o = 0; o < given.outputs(); o++) {
          weights[i * stored + o] =
              DataType.fromBfloat16(DataType.toBfloat16((float) random.nextDouble(-1, 1)));
        }
      }
      run.write(input, weights);
    }
  }

  private static double[] expected(Case given, Instruction call, InstructionRun run, Value output) {
    double[] result = new double[(int) output.elements()];
    String name = output.name();
    double[] x = name.equals("x") ? result : run.read(given.x());
    double[] y = name.equals("y") ? result : run.read(given.y());
    boolean parameters = call.primitive() instanceof Linear.ParameterGradient;
    double[] weight = parameters ? result : run.read(given.weight());
    int storedInputs = given.x().storedChannels();
    int storedOutputs = given.y().storedChannels();
    for (int n = 0; n < given.batch(); n++) {
      for (int o = 0; o < given.outputs(); o++) {
        int to = n * storedOutputs + o;
        if (name.equals("bias")) {
          result[o] += y[to];
          continue;
        }
        if (name.equals("y")) {
          y[to] = run.get(given.bias(), o);
        }
        for (int i = 0; i < given.inputs(); i++) {
          int from = n * storedInputs + i;
          int at = i * storedOutputs + o;
          switch (name) {
            case "y" -> y[to] += x[from] * weight[at];
            case "x" -> x[from] += y[to] * weight[at];
            default -> weight[at] += x[from] * y[to];
          }
        }
      }
    }
    return result;
  }

  private static void compare(Case given, double[] expected, double[] actual, String name) {
    double scale = 0;
    for (double value : expected) {
      scale = Math.max(scale, Math.abs(value));
    }
    for (int i = 0; i < expected.length; i++) {
      if (!(Math.abs(expected[i] - actual[i]) <= given.tolerance() * scale)) {
        assertEquals(
            expected[i], actual[i], given.tolerance() * scale, given + " " + name + " at " + i);
      }
    }
  }
}
