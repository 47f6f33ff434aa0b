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
import org.randwire.op.Window;
import org.randwire.op.Zero;

/**
 * What a node of a cell may do to one of its inputs. The definitions are those of the code the
 * design spaces paper's authors published for these spaces: a convolution comes behind a ReLU and
 * in front of normalisation, pooling has neither; padding keeps the size and counts in no average.
 */
public enum CellOp {
  /** Zeros. */
  NONE("none") {
    @Override
    int addTo(CellLayers layers, int input, int channels, int stride) {
      return layers.add("zero", new Zero(stride), input);
    }
  },
  /** The input itself; at stride 2 a factorised reduction. */
  SKIP("skip") {
    @Override
    int addTo(CellLayers layers, int input, int channels, int stride) {
      return stride == 1 ? input : layers.factorisedReduction(input, channels);
    }
  },
  /** 3x3 average pooling. */
  AVERAGE_3("avg3") {
    @Override
    int addTo(CellLayers layers, int input, int channels, int stride) {
      return layers.add("pool", new AveragePool(Window.square(3, stride)), input);
    }
  },
  /** 3x3 maximum pooling. */
  MAX_3("max3") {
    @Override
    int addTo(CellLayers layers, int input, int channels, int stride) {
      return layers.add("pool", new MaxPool(Window.square(3, stride)), input);
    }
  },
  /** 5x5 maximum pooling. */
  MAX_5("max5") {
    @Override
    int addTo(CellLayers layers, int input, int channels, int stride) {
      return layers.add("pool", new MaxPool(Window.square(5, stride)), input);
    }
  },
  /** 7x7 maximum pooling. */
  MAX_7("max7") {
    @Override
    int addTo(CellLayers layers, int input, int channels, int stride) {
      return layers.add("pool", new MaxPool(Window.square(7, stride)), input);
    }
  },
  /** 1x1 convolution. */
  CONVOLUTION_1("conv1") {
    @Override
    int addTo(CellLayers layers, int input, int channels, int stride) {
      return layers.convolution(input, channels, Window.square(1, stride));
    }
  },
  /** 3x3 convolution. */
  CONVOLUTION_3("conv3") {
    @Override
    int addTo(CellLayers layers, int input, int channels, int stride) {
      return layers.convolution(input, channels, Window.square(3, stride));
    }
  },
  /** 1x3, then 3x1 convolution. */
  CONVOLUTION_3_BY_1("conv3x1") {
    @Override
    int addTo(CellLayers layers, int input, int channels, int stride) {
      return factorised(layers, input, channels, 3, stride);
    }
  },
  /** 1x7, then 7x1 convolution. */
  CONVOLUTION_7_BY_1("conv7x1") {
    @Override
    int addTo(CellLayers layers, int input, int channels, int stride) {
      return factorised(layers, input, channels, 7, stride);
    }
  },
  /** 3x3 separable convolution, twice. */
  SEPARABLE_3("sep3") {
    @Override
    int addTo(CellLayers layers, int input, int channels, int stride) {
      return twice(layers, input, channels, Window.square(3, stride), Window.square(3, 1));
    }
  },
  /** 5x5 separable convolution, twice. */
  SEPARABLE_5("sep5") {
    @Override
    int addTo(CellLayers layers, int input, int channels, int stride) {
      return twice(layers, input, channels, Window.square(5, stride), Window.square(5, 1));
    }
  },
  /** 7x7 separable convolution, twice. */
  SEPARABLE_7("sep7") {
    @Override
    int addTo(CellLayers layers, int input, int channels, int stride) {
      return twice(layers, input, channels, Window.square(7, stride), Window.square(7, 1));
    }
  },
  /** 3x3 separable convolution of dilation 2, once. */
  DILATED_3("dil3") {
    @Override
    int addTo(CellLayers layers, int input, int channels, int stride) {
      return layers.separable("", input, channels, Window.dilated(3, stride, 2));
    }
  },
  /** 5x5 separable convolution of dilation 2, once. */
  DILATED_5("dil5") {
    @Override
    int addTo(CellLayers layers, int input, int channels, int stride) {
      return layers.separable("", input, channels, Window.dilated(5, stride, 2));
    }
  },
  /** 3x3 separable convolution of dilation 2, twice. */
  DILATED_SEPARABLE_3("dilsep3") {
    @Override
    int addTo(CellLayers layers, int input, int channels, int stride) {
      return twice(layers, input, channels, Window.dilated(3, stride, 2), Window.dilated(3, 1, 2));
    }
  };

  private static final Map<String, CellOp> BY_LABEL =
      Arrays.stream(values()).collect(Collectors.toMap(CellOp::label, Function.identity()));

  private final String label;

  CellOp(String label) {
    this.label = label;
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
  abstract int addTo(CellLayers layers, int input, int channels, int stride);

  /** The stride of the width belongs to the first, that of the height to the second. */
  private static int factorised(CellLayers layers, int input, int channels, int size, int stride) {
    int padding = size / 2;
    Convolution wide = new Convolution(channels, new Window(1, size, 1, stride, 0, padding, 1), 1);
    Convolution tall = new Convolution(channels, new Window(size, 1, stride, 1, padding, 0, 1), 1);
    int x = layers.add("convWide", wide, layers.relu("", input));
    return layers.norm("", layers.add("convTall", tall, x));
  }

  private static int twice(
      CellLayers layers, int input, int channels, Window first, Window second) {
    int inputChannels = layers.channels(input);
    int x = layers.separable("1", input, inputChannels, first);
    return layers.separable("2", x, channels, second);
  }
}
