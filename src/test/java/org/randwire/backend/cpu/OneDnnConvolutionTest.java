// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.randwire.backend.Kernel;
import org.randwire.backend.KernelCatalog;
import org.randwire.op.Convolution;
import org.randwire.op.Instruction;
import org.randwire.op.Section;
import org.randwire.op.Value;
import org.randwire.op.Window;
import org.randwire.tensor.DataType;
import org.randwire.tensor.FilterLayout;
import org.randwire.tensor.MemoryLayout;
import org.randwire.tensor.TensorShape;

/** oneDNN's convolutions against sums of products in double precision. */
class OneDnnConvolutionTest {

  /** Error allowed per element, relative to the largest expected one. */
  private static final double FLOAT_TOLERANCE = 1e-5;

  /** Half a unit in the last place of bfloat16 is 2^-9 of the value; sums run in float32. */
  private static final double BFLOAT_TOLERANCE = 1e-2;

  /** A convolution with its input; an image is dense and float32 whatever the activations are. */
  record Case(TensorShape input, Convolution convolution, boolean image, DataType type) {

    Value value(int id, String name, TensorShape shape, boolean dense, DataType valueType) {
      MemoryLayout layout = dense ? MemoryLayout.CHANNELS_LAST_DENSE : MemoryLayout.CHANNELS_LAST;
      return new Value(
          id, name, Section.ARENA, shape, layout, valueType, layout.elements(shape), -1);
    }

    Value x() {
      return value(0, "x", input, image, image ? DataType.FLOAT32 : type);
    }

    Value y() {
      return value(1, "y", convolution.outputShape(List.of(input)), false, type);
    }

    FilterLayout filterLayout() {
      TensorShape shape = convolution.filterShape(input);
      return new FilterLayout(
          shape,
          MemoryLayout.CHANNELS_LAST,
          convolution.groups() == 1 ? x().storedChannels() : shape.channels(),
          MemoryLayout.CHANNELS_LAST.storedChannels(shape.batch()));
    }

    Value filter() {
      FilterLayout layout = filterLayout();
      return new Value(
          2,
          "filter",
          Section.PARAMETERS,
          layout.shape(),
          MemoryLayout.CHANNELS_LAST,
          DataType.FLOAT32,
          layout.elements(),
          0);
    }

    Instruction forward() {
      return new Instruction("node", convolution, List.of(x(), filter()), List.of(y()));
    }

    Instruction inputGradient() {
      var primitive = new Convolution.InputGradient(convolution);
      return new Instruction("node", primitive, List.of(y(), filter()), List.of(x()));
    }

    Instruction filterGradient() {
      var primitive = new Convolution.FilterGradient(convolution);
      return new Instruction("node", primitive, List.of(x(), y()), List.of(filter()));
    }

    double tolerance(Value output) {
      return type == DataType.FLOAT32 ? FLOAT_TOLERANCE : BFLOAT_TOLERANCE;
    }

    @Override
    public String toString() {
      return input
          + " -> "
          + convolution.outputChannels()
          + " "
          + convolution.label()
          + " groups "
          + convolution.groups()
          + (image ? " image " : " ")
          + type;
    }
  }

  static List<Case> cases() {
    List<Case> cases = new ArrayList<>();
    for (DataType type : List.of(DataType.FLOAT32, DataType.BFLOAT16)) {
      if (type == DataType.BFLOAT16 && !OneDnn.supportsBfloat16()) {
        continue;
      }
      add(cases, type, 8, 3, 11, 13, 32, Window.square(3, 1), 1, true);
      add(cases, type, 5, 3, 15, 9, 20, Window.square(7, 2), 1, true);
      add(cases, type, 1, 1, 9, 9, 16, Window.square(5, 1), 1, true);
      add(cases, type, 5, 16, 7, 9, 16, Window.square(1, 1), 1, false);
      add(cases, type, 8, 78, 6, 5, 78, Window.square(1, 1), 1, false);
      add(cases, type, 5, 80, 7, 7, 48, Window.square(1, 2), 1, false);
      add(cases, type, 1, 48, 5, 5, 80, Window.square(3, 1), 1, false);
      add(cases, type, 5, 78, 7, 5, 20, Window.square(3, 2), 1, false);
      add(cases, type, 37, 40, 7, 7, 40, Window.square(3, 1), 1, false);
      add(cases, type, 1, 16, 9, 11, 16, Window.dilated(3, 1, 2), 1, false);
      add(cases, type, 5, 16, 9, 8, 32, new Window(1, 7, 1, 1, 0, 3, 1), 1, false);
      add(cases, type, 5, 24, 7, 6, 24, Window.square(3, 1), 4, false);
      add(cases, type, 8, 24, 8, 8, 48, Window.square(3, 2), 4, false);
      add(cases, type, 5, 40, 7, 7, 40, Window.square(3, 1), 5, false);
      add(cases, type, 5, 64, 6, 6, 128, Window.square(3, 1), 4, false);
      add(cases, type, 5, 64, 6, 6, 64, Window.square(1, 1), 2, false);
      add(cases, type, 5, 78, 9, 7, 78, Window.square(3, 1), 78, false);
      add(cases, type, 8, 80, 9, 7, 80, Window.square(3, 2), 80, false);
      add(cases, type, 5, 16, 9, 9, 16, Window.square(5, 2), 16, false);
      add(cases, type, 1, 48, 10, 11, 48, Window.square(7, 1), 48, false);
      add(cases, type, 5, 24, 11, 11, 24, Window.dilated(5, 1, 2), 24, false);
      add(cases, type, 5, 24, 8, 8, 48, Window.square(3, 1), 24, false);
      // Several tasks and a smaller last one.
      add(cases, type, 131, 20, 8, 8, 20, Window.square(3, 1), 20, false);
      add(cases, type, 67, 24, 8, 8, 24, Window.square(3, 1), 4, false);
      add(cases, type, 67, 24, 7, 7, 40, Window.square(1, 1), 1, false);
      add(cases, type, 41, 3, 16, 16, 24, Window.square(3, 1), 1, true);
    }
    return cases;
  }

  private static void add(
      List<Case> cases,
      DataType type,
      int batch,
      int channels,
      int height,
      int width,
      int outputs,
      Window window,
      int groups,
      boolean image) {
    cases.add(
        new Case(
            new TensorShape(batch, channels, height, width),
            new Convolution(outputs, window, groups),
            image,
            type));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void outputIsTheSumOfProducts(Case given) throws InterruptedException {
    check(catalog(), given, given.forward(), given.y());
  }

  @ParameterizedTest
  @MethodSource("cases")
  void inputGradientIsTheTransposedSum(Case given) throws InterruptedException {
    check(catalog(), given, given.inputGradient(), given.x());
  }

  @ParameterizedTest
  @MethodSource("cases")
  void filterGradientIsTheSumOverTheBatch(Case given) throws InterruptedException {
    check(catalog(), given, given.filterGradient(), given.filter());
  }

  private static KernelCatalog catalog() {
    KernelCatalog.Builder builder = new KernelCatalog.Builder();
    OneDnnKernels.addTo(builder);
    return builder.build();
  }

  /** Runs the catalog's kernel in order, then backwards on two threads, and checks the output. */
  static void check(KernelCatalog catalog, Case given, Instruction call, Value output)
      throws InterruptedException {
    Kernel kernel = catalog.choose(call).orElseThrow();
    byte[] inOrder;
    try (InstructionRun run = new InstructionRun(kernel, call, 1)) {
      fill(run, given, call.inputs());
      run.runInOrder();
      run.assertGuardsIntact();
      inOrder = run.bits(output);
      assertClose(
          expected(given, run, output),
          run.read(output),
          given.tolerance(output),
          given.toString());
    }
    try (InstructionRun run = new InstructionRun(kernel, call, 2)) {
      fill(run, given, call.inputs());
      run.runReversedOnTwoThreads();
      run.assertGuardsIntact();
      assertArrayEquals(inOrder, run.bits(output), given + ": bits depend on the workers");
    }
  }

  private static void fill(InstructionRun run, Case given, List<Value> inputs) {
    SplittableRandom random = new SplittableRandom(20190402);
    for (Value value : inputs) {
      if (value.name().equals("filter")) {
        fillFilter(run, given, random);
      } else {
        run.fill(value, random);
      }
    }
  }

  private static void fillFilter(InstructionRun run, Case given, SplittableRandom random) {
    FilterLayout layout = given.filterLayout();
    double[] weights = new double[(int) layout.elements()];
    TensorShape shape = layout.shape();
    for (int o = 0; o < shape.batch(); o++) {
      for (int i = 0; i < shape.channels(); i++) {
        for (int y = 0; y < shape.height(); y++) {
          for (int x = 0; x < shape.width(); x++) {
            weights[(int) layout.index(o, i, y, x)] =
                DataType.fromBfloat16(DataType.toBfloat16((float) random.nextDouble(-1, 1)));
          }
        }
      }
    }
    run.write(given.filter(), weights);
  }

  /** All three sums in one loop over every product the convolution has; padding stays zero. */
  private static double[] expected(Case given, InstructionRun run, Value output) {
    double[] result = new double[(int) output.elements()];
    String name = output.name();
    double[] x = name.equals("x") ? result : run.read(given.x());
    double[] y = name.equals("y") ? result : run.read(given.y());
    double[] filter = name.equals("filter") ? result : run.read(given.filter());
    Window window = given.convolution().window();
    TensorShape in = given.input();
    TensorShape out = given.y().shape();
    FilterLayout layout = given.filterLayout();
    int outputsPerGroup = out.channels() / given.convolution().groups();
    for (int n = 0; n < out.batch(); n++) {
      for (int o = 0; o < out.channels(); o++) {
        for (int oy = 0; oy < out.height(); oy++) {
          for (int ox = 0; ox < out.width(); ox++) {
            int to = (int) given.y().layout().index(out, n, o, oy, ox);
            for (int i = 0; i < layout.shape().channels(); i++) {
              int channel = o / outputsPerGroup * layout.shape().channels() + i;
              for (int ky = 0; ky < window.height(); ky++) {
                for (int kx = 0; kx < window.width(); kx++) {
                  int iy =
                      oy * window.strideHeight() - window.paddingHeight() + ky * window.dilation();
                  int ix =
                      ox * window.strideWidth() - window.paddingWidth() + kx * window.dilation();
                  if (iy < 0 || iy >= in.height() || ix < 0 || ix >= in.width()) {
                    continue;
                  }
                  int from = (int) given.x().layout().index(in, n, channel, iy, ix);
                  int weight = (int) layout.index(o, i, ky, kx);
                  switch (name) {
                    case "y" -> y[to] += x[from] * filter[weight];
                    case "x" -> x[from] += y[to] * filter[weight];
                    default -> filter[weight] += x[from] * y[to];
                  }
                }
              }
            }
          }
        }
      }
    }
    return result;
  }

  private static void assertClose(
      double[] expected, double[] actual, double tolerance, String label) {
    double scale = 0;
    for (double value : expected) {
      scale = Math.max(scale, Math.abs(value));
    }
    assertTrue(scale > 0, label);
    for (int i = 0; i < expected.length; i++) {
      if (expected[i] == 0) {
        // Padding, and what no product reaches.
        assertEquals(0, actual[i], tolerance * scale * 1e-3, label + " at " + i);
      } else if (!(Math.abs(expected[i] - actual[i]) <= tolerance * scale)) {
        assertEquals(expected[i], actual[i], tolerance * scale, label + " at " + i);
      }
    }
  }
}
