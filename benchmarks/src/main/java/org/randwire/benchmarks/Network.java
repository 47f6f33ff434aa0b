// SPDX-License-Identifier: Apache-2.0
package org.randwire.benchmarks;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.randwire.benchmarks.engine.Recipe;
import org.randwire.graph.Dag;
import org.randwire.graph.GraphFiles;
import org.randwire.graph.WattsStrogatz;
import org.randwire.network.randwire.NodeOp;
import org.randwire.network.randwire.RandWireSpec;
import org.randwire.network.randwire.Regime;
import org.randwire.network.randwire.StageGraphs;
import org.randwire.network.resnet.ResNetSpec;
import org.randwire.op.OpGraph;
import org.randwire.tensor.TensorShape;

/**
 * The networks that are measured. Their learning rates are low enough that rounding grows little
 * within the five steps after which losses are compared, and high enough that the losses fall by
 * some percent.
 */
public enum Network {
  /**
   * Small regime of the RandWire paper, WS(4, 0.75) with 32 nodes, 224x224 images. On so small a
   * batch libtorch's own layouts differ by 0.4 % at rate 0.01.
   */
  RANDWIRE_SMALL(8, 78, 0.0005, "ws-n32-k4-p0.75", channels -> randWire(channels, true)),

  /** The same idea at the size of CIFAR, WS(4, 0.75) with 16 nodes. */
  RANDWIRE_CIFAR(128, 32, 0.02, "ws-cifar-n16-k4-p0.75", channels -> randWire(channels, false)),

  /** Basic blocks, three a stage. */
  RESNET(128, 16, 0.02, "", Network::resNet),

  /** Bottlenecks of ratio 2 with 8 groups, three a stage. */
  RESNEXT(128, 64, 0.02, "", Network::resNext);

  private static final TensorShape CIFAR_IMAGE = TensorShape.example(3, 32, 32);
  private static final int CIFAR_CLASSES = 10;
  private static final List<Integer> DEPTHS = List.of(3, 3, 3);
  private static final long GENERATOR_SEED = 1;

  private final int batch;
  private final int channels;
  private final double learningRate;
  private final String edgeLists;
  private final IntFunction<OpGraph> builder;

  Network(
      int batch,
      int channels,
      double learningRate,
      String edgeLists,
      IntFunction<OpGraph> builder) {
    this.batch = batch;
    this.channels = channels;
    this.learningRate = learningRate;
    this.edgeLists = edgeLists;
    this.builder = builder;
  }

  /**
   * Builds the network.
   *
   * @param width channels of the first stage
   */
  public OpGraph build(int width) {
    return builder.apply(width);
  }

  /** Examples of a step unless another batch is asked for. */
  public int batch() {
    return batch;
  }

  /** Channels of the first stage unless others are asked for. */
  public int channels() {
    return channels;
  }

  public Recipe recipe() {
    return Recipe.withRate(learningRate);
  }

  /** Where the wiring comes from; empty for networks whose wiring is not random. */
  String wiring() {
    if (edgeLists.isEmpty()) {
      return "";
    }
    return files(edgeLists).isPresent()
        ? "edge lists " + edgeLists
        : "WS(4, 0.75) drawn with seed " + GENERATOR_SEED + ", since there are no edge lists";
  }

  /** The word of the command line. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  private static OpGraph randWire(int channels, boolean small) {
    Network network = small ? RANDWIRE_SMALL : RANDWIRE_CIFAR;
    Regime regime = small ? Regime.SMALL : Regime.CIFAR;
    return new RandWireSpec(
            network.toString(),
            regime,
            regime.defaultInput(),
            small ? 1000 : CIFAR_CLASSES,
            channels,
            stages(network.edgeLists, regime, small ? 32 : 16),
            NodeOp.SEPARABLE,
            0,
            0)
        .build();
  }

  private static List<Dag> stages(String edgeLists, Regime regime, int nodes) {
    return files(edgeLists)
        .map(files -> files.stream().map(GraphFiles::read).toList())
        .orElseGet(
            () ->
                StageGraphs.draw(
                    regime, nodes, n -> new WattsStrogatz(n, 4, 0.75), GENERATOR_SEED));
  }

  /** One file per stage below {@code randwire.testdata}, if they are all there. */
  private static Optional<List<Path>> files(String edgeLists) {
    Path folder =
        Path.of(System.getProperty("randwire.testdata", "../shared/data"), "graphs", "edge-lists");
    List<Path> files =
        IntStream.rangeClosed(1, 3)
            .mapToObj(stage -> folder.resolve(edgeLists + "-stage" + stage + ".txt"))
            .toList();
    return files.stream().allMatch(Files::isRegularFile) ? Optional.of(files) : Optional.empty();
  }

  private static OpGraph resNet(int channels) {
    return ResNetSpec.resnet("resnet", CIFAR_IMAGE, CIFAR_CLASSES, DEPTHS, widths(channels))
        .build();
  }

  private static OpGraph resNext(int channels) {
    return ResNetSpec.resnext(
            "resnext",
            CIFAR_IMAGE,
            CIFAR_CLASSES,
            DEPTHS,
            widths(channels),
            List.of(2, 2, 2),
            List.of(8, 8, 8))
        .build();
  }

  private static List<Integer> widths(int channels) {
    return List.of(channels, 2 * channels, 4 * channels);
  }
}
