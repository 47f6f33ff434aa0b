// SPDX-License-Identifier: Apache-2.0
package org.randwire.network.resnet;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;
import org.randwire.network.NetworkSpec;
import org.randwire.op.BatchNorm;
import org.randwire.op.Convolution;
import org.randwire.op.GlobalAveragePool;
import org.randwire.op.Linear;
import org.randwire.op.OpGraph;
import org.randwire.op.Relu;
import org.randwire.op.Window;
import org.randwire.tensor.TensorShape;

/**
 * A network of the standard design spaces (Radosavovic et al. 2019, Table 1): a 3x3 convolution to
 * 16 channels with normalisation and ReLU, stages of equal blocks, global average pooling, a linear
 * layer. The first block of every stage but the first halves height and width.
 *
 * @param name for plans and files
 * @param input shape of one image
 * @param stages three of them in the paper
 */
public record ResNetSpec(String name, TensorShape input, int classes, List<Stage> stages)
    implements NetworkSpec {

  private static final int STEM_WIDTH = 16;

  /**
   * Blocks of one width.
   *
   * @param depth number of blocks
   * @param width channels of every block's output
   */
  public record Stage(Block block, int depth, int width) {
    public Stage {
      if (depth < 1 || width < 1) {
        throw new IllegalArgumentException(
            "depth and width must be at least 1, got " + depth + ", " + width);
      }
      block.requireWidth(width);
    }
  }

  public ResNetSpec {
    stages = List.copyOf(stages);
    if (stages.isEmpty() || classes < 1) {
      throw new IllegalArgumentException(
          "stages and classes must be at least 1, got " + stages.size() + ", " + classes);
    }
  }

  /** Stages of {@link Block.Vanilla}, one for each depth and width. */
  public static ResNetSpec vanilla(
      String name, TensorShape input, int classes, List<Integer> depths, List<Integer> widths) {
    Block block = new Block.Vanilla();
    return new ResNetSpec(name, input, classes, stages(depths, widths, stage -> block));
  }

  /** Stages of {@link Block.Basic}, one for each depth and width. */
  public static ResNetSpec resnet(
      String name, TensorShape input, int classes, List<Integer> depths, List<Integer> widths) {
    Block block = new Block.Basic();
    return new ResNetSpec(name, input, classes, stages(depths, widths, stage -> block));
  }

  /** Stages of {@link Block.Bottleneck}, one for each depth, width, ratio and number of groups. */
  public static ResNetSpec resnext(
      String name,
      TensorShape input,
      int classes,
      List<Integer> depths,
      List<Integer> widths,
      List<Integer> bottleneckRatios,
      List<Integer> groups) {
    requireSize("bottleneck ratios", depths.size(), bottleneckRatios);
    requireSize("groups", depths.size(), groups);
    IntFunction<Block> block =
        stage -> new Block.Bottleneck(bottleneckRatios.get(stage), groups.get(stage));
    return new ResNetSpec(name, input, classes, stages(depths, widths, block));
  }

  private static List<Stage> stages(
      List<Integer> depths, List<Integer> widths, IntFunction<Block> block) {
    requireSize("widths", depths.size(), widths);
    List<Stage> stages = new ArrayList<>();
    for (int i = 0; i < depths.size(); i++) {
      stages.add(new Stage(block.apply(i), depths.get(i), widths.get(i)));
    }
    return stages;
  }

  private static void requireSize(String what, int stages, List<Integer> values) {
    if (values.size() != stages) {
      throw new IllegalArgumentException(
          stages + " depths need as many " + what + ", got " + values.size());
    }
  }

  @Override
  public OpGraph build() {
    OpGraph.Builder graph = new OpGraph.Builder(input);
    int x = addStem(graph);
    for (int stage = 0; stage < stages.size(); stage++) {
      x = addStage(graph, "stage" + (stage + 1), stages.get(stage), x, stage == 0 ? 1 : 2);
    }
    x = graph.add("head.pool", new GlobalAveragePool(), x);
    graph.add("fc", new Linear(classes), x);
    return graph.build();
  }

  private static int addStem(OpGraph.Builder graph) {
    Convolution convolution = new Convolution(STEM_WIDTH, Window.square(3, 1), 1);
    int x = graph.add("stem.conv", convolution, graph.input());
    return graph.add("stem.relu", new Relu(), graph.add("stem.bn", BatchNorm.DEFAULT, x));
  }

  private static int addStage(
      OpGraph.Builder graph, String name, Stage stage, int input, int stride) {
    int x = input;
    for (int i = 0; i < stage.depth(); i++) {
      x = stage.block().addTo(graph, name + ".block" + i, x, stage.width(), i == 0 ? stride : 1);
    }
    return x;
  }
}
