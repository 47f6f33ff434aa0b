// SPDX-License-Identifier: Apache-2.0
package org.randwire.network.cell;

import java.util.ArrayList;
import java.util.List;
import org.randwire.network.NetworkSpec;
import org.randwire.op.Add;
import org.randwire.op.AuxiliaryLoss;
import org.randwire.op.BatchNorm;
import org.randwire.op.Concat;
import org.randwire.op.Convolution;
import org.randwire.op.DropPath;
import org.randwire.op.GlobalAveragePool;
import org.randwire.op.Linear;
import org.randwire.op.OpGraph;
import org.randwire.op.Relu;
import org.randwire.op.Window;
import org.randwire.tensor.TensorShape;

/**
 * A stack of cells in the layout of DARTS, which the design spaces paper uses for all its searched
 * cells (section 5): stem, {@code depth} cells of which those at a third and two thirds of the
 * depth are reduction cells, global average pooling, a linear layer. A reduction cell halves height
 * and width and doubles the number of channels. Each cell first projects its two inputs to its
 * width by ReLU, 1x1 convolution and normalisation, whether its nodes read them or not; where the
 * cell before was a reduction, the older input is halved by a factorised reduction.
 *
 * @param name for plans and files
 * @param input shape of one image
 * @param width channels of a node in the first cells
 * @param depth number of cells
 * @param training what is there for training only
 */
public record CellNetworkSpec(
    String name,
    TensorShape input,
    int classes,
    Stem stem,
    int width,
    int depth,
    Cell normal,
    Cell reduction,
    CellOutput output,
    Regularisation training)
    implements NetworkSpec {

  /** What stands in front of the cells. */
  public enum Stem {
    /** A 3x3 convolution to three times the width. */
    CIFAR,
    /**
     * Three 3x3 convolutions of stride 2, to half the width and to the width twice; the first cell
     * reads the second and the third.
     */
    IMAGENET
  }

  /**
   * The sanity check's additions to the training of a network (Radosavovic et al. 2019, Table 4,
   * with the values of DARTS).
   *
   * @param auxiliaryWeight weight of the loss of a second classifier behind the second reduction
   *     cell, 0.4 there; 0 for no such classifier
   * @param labelSmoothing of that loss
   * @param dropPath rate of dropped paths at the end of training, in [0, 1), 0.2 there
   */
  public record Regularisation(double auxiliaryWeight, double labelSmoothing, double dropPath) {
    /** The setting of the populations. */
    public static final Regularisation NONE = new Regularisation(0, 0, 0);

    public Regularisation {
      if (!(auxiliaryWeight >= 0) || !(dropPath >= 0 && dropPath < 1)) {
        throw new IllegalArgumentException(
            "the auxiliary weight must not be negative and drop path lie in [0, 1), got "
                + auxiliaryWeight
                + ", "
                + dropPath);
      }
    }
  }

  public CellNetworkSpec {
    if (width < 1 || depth < 1 || classes < 1) {
      throw new IllegalArgumentException(
          "width, depth and classes must be at least 1, got "
              + width
              + ", "
              + depth
              + ", "
              + classes);
    }
  }

  private boolean reduces(int position) {
    return position == depth / 3 || position == 2 * depth / 3;
  }

  @Override
  public OpGraph build() {
    OpGraph.Builder graph = new OpGraph.Builder(input);
    int[] states = addStem(graph);
    boolean reduced = stem == Stem.IMAGENET;
    int channels = width;
    int stage = 1;
    int auxiliary = -1;
    for (int position = 0; position < depth; position++) {
      boolean reduces = reduces(position);
      if (reduces) {
        channels *= 2;
        stage += position == 0 ? 0 : 1;
      }
      String place = "stage" + stage + ".cell" + position;
      int out = addCell(graph, place, states, channels, reduces, reduced);
      states = new int[] {states[1], out};
      reduced = reduces;
      if (position == 2 * depth / 3 && training.auxiliaryWeight() > 0) {
        auxiliary = AuxiliaryHead.addTo(graph, out, classes);
      }
    }
    int x = graph.add("head.pool", new GlobalAveragePool(), states[1]);
    x = graph.add("fc", new Linear(classes), x);
    if (auxiliary >= 0) {
      AuxiliaryLoss loss = new AuxiliaryLoss(training.auxiliaryWeight(), training.labelSmoothing());
      graph.add("auxiliary.loss", loss, x, auxiliary);
    }
    return graph.build();
  }

  /** The two inputs of the first cell. */
  private int[] addStem(OpGraph.Builder graph) {
    if (stem == Stem.CIFAR) {
      int x = normalised(graph, "stem", "", graph.input(), 3 * width, 1);
      return new int[] {x, x};
    }
    int x = normalised(graph, "stem", "1", graph.input(), Math.max(1, width / 2), 2);
    x = normalised(graph, "stem", "2", graph.add("stem.relu1", new Relu(), x), width, 2);
    int y = normalised(graph, "stem", "3", graph.add("stem.relu2", new Relu(), x), width, 2);
    return new int[] {x, y};
  }

  private static int normalised(
      OpGraph.Builder graph, String name, String position, int input, int channels, int stride) {
    Convolution convolution = new Convolution(channels, Window.square(3, stride), 1);
    int x = graph.add(name + ".conv" + position, convolution, input);
    return graph.add(name + ".bn" + position, BatchNorm.DEFAULT, x);
  }

  private int addCell(
      OpGraph.Builder graph,
      String place,
      int[] inputs,
      int channels,
      boolean reduces,
      boolean afterReduction) {
    CellLayers older = new CellLayers(graph, place + ".input0");
    CellLayers newer = new CellLayers(graph, place + ".input1");
    List<Integer> states = new ArrayList<>();
    states.add(
        afterReduction
            ? older.factorisedReduction(inputs[0], channels)
            : older.convolution(inputs[0], channels, Window.square(1, 1)));
    states.add(newer.convolution(inputs[1], channels, Window.square(1, 1)));
    Cell cell = reduces ? reduction : normal;
    for (int i = 0; i < cell.nodes().size(); i++) {
      Cell.Node node = cell.nodes().get(i);
      String name = place + ".node" + i;
      int left = addEdge(graph, name + ".left", states, node.left(), channels, reduces);
      int right = addEdge(graph, name + ".right", states, node.right(), channels, reduces);
      states.add(graph.add(name + ".sum", new Add(), left, right));
    }
    List<Integer> outputs = cell.outputs(output).stream().map(states::get).toList();
    return outputs.size() == 1
        ? outputs.get(0)
        : graph.add(place + ".output", new Concat(), outputs);
  }

  private int addEdge(
      OpGraph.Builder graph,
      String name,
      List<Integer> states,
      Cell.Edge edge,
      int channels,
      boolean reduces) {
    int state = states.get(edge.state());
    int stride = reduces && edge.state() < Cell.INPUTS ? 2 : 1;
    CellLayers layers = new CellLayers(graph, name);
    int x = edge.op().addTo(layers, state, channels, stride);
    // The identity is never dropped: a path must remain.
    return training.dropPath() > 0 && x != state
        ? layers.add("drop", new DropPath(training.dropPath()), x)
        : x;
  }
}
