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
 * A network of stages: a 3x3 convolution with normalisation and ReLU, stages of equal blocks,
 * global average pooling, a linear layer. With a stem of 16 channels and strides 1, 2, 2 it is one
 * of the standard design spaces (Radosavovic et al. 2019, Table 1), with any stem and strides an
 * AnyNet (Radosavovic et al. 2020, section 3).
 *
 * @param name for plans and files
 * @param input shape of one image
 * @param stages three of them in the first paper, four in the second
 */
public record ResNetSpec(String name, TensorShape input, int classes, Stem stem, List<Stage> stages)
    implements NetworkSpec {

  /** The 3x3 convolution in front of the stages. */
  public record Stem(int width, int stride) {
    /** That of the standard design spaces. */
    public static final Stem STANDARD = new Stem(16, 1);

    public Stem {
      if (width < 1 || stride < 1) {
        throw new IllegalArgumentException(
            "width and stride of the stem must be at least 1, got " + width + ", " + stride);
      }
    }
  }

  /**
   * Blocks of one width.
   *
   * @param depth number of blocks
   * @param width channels of every block's output
   * @param stride of the first block
   */
  public record Stage(Block block, int depth, int width, int stride) {
    public Stage {
      if (depth < 1 || width < 1 || stride < 1) {
        throw new IllegalArgumentException(
            "depth, width and stride must be at least 1, got "
                + depth
                + ", "
                + width
                + ", "
                + stride);
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

  /**
   * An AnyNet: stages of {@link Block.Bottleneck}.
   *
   * @param strides of the stages' first blocks
   */
  public static ResNetSpec anyNet(
      String name,
      TensorShape input,
      int classes,
      Stem stem,
      List<Integer> strides,
      List<Integer> depths,
      List<Integer> widths,
      List<Integer> bottleneckRatios,
      List<Integer> groups) {
    IntFunction<Block> block = bottlenecks(depths, bottleneckRatios, groups);
    return new ResNetSpec(name, input, classes, stem, stages(depths, widths, strides, block));
  }

  /** Stages of {@link Block.Vanilla}, one for each depth and width. */
  public static ResNetSpec vanilla(
      String name, TensorShape input, int classes, List<Integer> depths, List<Integer> widths) {
    Block block = new Block.Vanilla();
    return standard(name, input, classes, depths, widths, stage -> block);
  }

  /** Stages of {@link Block.Basic}, one for each depth and width. */
  public static ResNetSpec resnet(
      String name, TensorShape input, int classes, List<Integer> depths, List<Integer> widths) {
    Block block = new Block.Basic();
    return standard(name, input, classes, depths, widths, stage -> block);
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
    return standard(
        name, input, classes, depths, widths, bottlenecks(depths, bottleneckRatios, groups));
  }

  private static IntFunction<Block> bottlenecks(
      List<Integer> depths, List<Integer> bottleneckRatios, List<Integer> groups) {
    requireSize("bottleneck ratios", depths.size(), bottleneckRatios);
    requireSize("groups", depths.size(), groups);
    return stage -> new Block.Bottleneck(bottleneckRatios.get(stage), groups.get(stage));
  }

  /** Every stage but the first halves height and width. */
  private static ResNetSpec standard(
      String name,
      TensorShape input,
      int classes,
      List<Integer> depths,
      List<Integer> widths,
      IntFunction<Block> block) {
    List<Integer> strides = new ArrayList<>();
    for (int i = 0; i < depths.size(); i++) {
      strides.add(i == 0 ? 1 : 2);
    }
    return new ResNetSpec(
        name, input, classes, Stem.STANDARD, stages(depths, widths, strides, block));
  }

  private static List<Stage> stages(
      List<Integer> depths, List<Integer> widths, List<Integer> strides, IntFunction<Block> block) {
    requireSize("widths", depths.size(), widths);
    requireSize("strides", depths.size(), strides);
    List<Stage> stages = new ArrayList<>();
    for (int i = 0; i < depths.size(); i++) {
      stages.add(new Stage(block.apply(i), depths.get(i), widths.get(i), strides.get(i)));
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
      x = addStage(graph, "stage" + (stage + 1), stages.get(stage), x);
    }
    x = graph.add("head.pool", new GlobalAveragePool(), x);
    graph.add("fc", new Linear(classes), x);
    return graph.build();
  }

  private int addStem(OpGraph.Builder graph) {
    Convolution convolution = new Convolution(stem.width(), Window.square(3, stem.stride()), 1);
    int x = graph.add("stem.conv", convolution, graph.input());
    return graph.add("stem.relu", new Relu(), graph.add("stem.bn", BatchNorm.DEFAULT, x));
  }

  private static int addStage(OpGraph.Builder graph, String name, Stage stage, int input) {
    int x = input;
    for (int i = 0; i < stage.depth(); i++) {
      int stride = i == 0 ? stage.stride() : 1;
      x = stage.block().addTo(graph, name + ".block" + i, x, stage.width(), stride);
    }
    return x;
  }
}
