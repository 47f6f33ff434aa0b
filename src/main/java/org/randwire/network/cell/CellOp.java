// SPDX-License-Identifier: Apache-2.0
package org.randwire.network.cell;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.randwire.op.AveragePool;
import org.randwire.op.Convolution;
import org.randwire.op.MaxPool;
import org.randwire.op.Op;
import org.randwire.op.Window;
import org.randwire.op.Zero;

/**
 * What a node of a cell may do to one of its inputs. The definitions are those of the code the
 * design spaces paper's authors published for these spaces: a convolution comes behind a ReLU and
 * in front of normalisation, pooling has neither; padding keeps the size and counts in no average.
 */
public enum CellOp {
  /** Zeros. */
  NONE("none", (layers, x, channels, stride) -> layers.add("zero", new Zero(stride), x)),
  /** The input itself; at stride 2 a factorised reduction. */
  SKIP(
      "skip",
      (layers, x, channels, stride) -> stride == 1 ? x : layers.factorisedReduction(x, channels)),
  /** 3x3 average pooling. */
  AVERAGE_3("avg3", pool(3, AveragePool::new)),
  /** 3x3 maximum pooling. */
  MAX_3("max3", pool(3, MaxPool::new)),
  /** 5x5 maximum pooling. */
  MAX_5("max5", pool(5, MaxPool::new)),
  /** 7x7 maximum pooling. */
  MAX_7("max7", pool(7, MaxPool::new)),
  /** 1x1 convolution. */
  CONVOLUTION_1("conv1", convolution(1)),
  /** 3x3 convolution. */
  CONVOLUTION_3("conv3", convolution(3)),
  /** 1x3, then 3x1 convolution. */
  CONVOLUTION_3_BY_1("conv3x1", factorised(3)),
  /** 1x7, then 7x1 convolution. */
  CONVOLUTION_7_BY_1("conv7x1", factorised(7)),
  /** 3x3 separable convolution, twice. */
  SEPARABLE_3("sep3", twice(3, 1)),
  /** 5x5 separable convolution, twice. */
  SEPARABLE_5("sep5", twice(5, 1)),
  /** 7x7 separable convolution, twice. */
  SEPARABLE_7("sep7", twice(7, 1)),
  /** 3x3 separable convolution of dilation 2, once. */
  DILATED_3("dil3", dilated(3)),
  /** 5x5 separable convolution of dilation 2, once. */
  DILATED_5("dil5", dilated(5)),
  /** 3x3 separable convolution of dilation 2, twice. */
  DILATED_SEPARABLE_3("dilsep3", twice(3, 2));

  /** Adds an op behind a node and gives its output. */
  private interface Layers {
    int addTo(CellLayers layers, int input, int channels, int stride);
  }

  private static final Map<String, CellOp> BY_LABEL =
      Arrays.stream(values()).collect(Collectors.toMap(CellOp::label, Function.identity()));

  private final String label;

  @SuppressWarnings("ImmutableEnumChecker") // every one of them is a lambda without state
  private final Layers added;

  CellOp(String label, Layers added) {
    this.label = label;
    this.added = added;
  }

  /** Its name in configurations and sampled networks, such as {@code sep3}. */
  public String label() {
    return label;
  }

  /** All names, in the order of declaration. */
  public static List<String> labels() {
    return Arrays.stream(values()).map(CellOp::label).toList();
  }

  /**
   * The op of a name.
   *
   * @throws IllegalArgumentException if there is none
   */
  public static CellOp of(String label) {
    CellOp op = BY_LABEL.get(label);
    if (op == null) {
      throw new IllegalArgumentException(
          "no cell op is called '" + label + "'; there are " + String.join(", ", labels()));
    }
    return op;
  }

  /** Adds the op behind node {@code input} and returns its output. */
  int addTo(CellLayers layers, int input, int channels, int stride) {
    return added.addTo(layers, input, channels, stride);
  }

  private static Layers pool(int size, Function<Window, Op> pool) {
    return (layers, x, channels, stride) ->
        layers.add("pool", pool.apply(Window.square(size, stride)), x);
  }

  private static Layers convolution(int size) {
    return (layers, x, channels, stride) ->
        layers.convolution(x, channels, Window.square(size, stride));
  }

  /** The stride of the width belongs to the first, that of the height to the second. */
  private static Layers factorised(int size) {
    int padding = size / 2;
    return (layers, x, channels, stride) -> {
      Window wide = new Window(1, size, 1, stride, 0, padding, 1);
      Window tall = new Window(size, 1, stride, 1, padding, 0, 1);
      int y = layers.relu("", x);
      y = layers.add("convWide", new Convolution(channels, wide, 1), y);
      return layers.norm("", layers.add("convTall", new Convolution(channels, tall, 1), y));
    };
  }

  private static Layers dilated(int size) {
    return (layers, x, channels, stride) ->
        layers.separable("", x, channels, Window.dilated(size, stride, 2));
  }

  /** The first keeps the input's channels and has the stride. */
  private static Layers twice(int size, int dilation) {
    return (layers, x, channels, stride) -> {
      int y = layers.separable("1", x, layers.channels(x), Window.dilated(size, stride, dilation));
      return layers.separable("2", y, channels, Window.dilated(size, 1, dilation));
    };
  }
}
