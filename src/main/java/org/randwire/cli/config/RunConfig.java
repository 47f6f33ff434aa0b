// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli.config;

import static java.util.Objects.requireNonNull;

import java.util.List;
import java.util.Locale;
import org.randwire.network.randwire.NodeOp;

/**
 * Everything a command needs to know about one run, merged from defaults, preset, file and command
 * line.
 *
 * <p>Key names, ranges and meanings stand once, in {@link ConfigSchema}; {@link ConfigLoader} is
 * the way to an instance whose values have passed them. {@link ConfigSchema#violations} checks one
 * that was made by hand.
 *
 * @param seed master seed of weights, example order, augmentation, dropout and edge drop
 * @param threads worker threads; 0 stands for all cores
 * @param fusion whether the compiler may fuse ops
 * @param recompute whether activations are dropped and computed again for the gradients
 */
public record RunConfig(
    long seed,
    Device device,
    int threads,
    Precision precision,
    boolean fusion,
    boolean recompute,
    Network network,
    Data data,
    Training training) {

  public RunConfig {
    requireNonNull(device);
    requireNonNull(precision);
    requireNonNull(network);
    requireNonNull(data);
    requireNonNull(training);
  }

  /** Where a run computes. */
  public enum Device {
    AUTO,
    CPU,
    CUDA,
    REFERENCE
  }

  /** Number format of activations and pointwise products; master weights are always fp32. */
  public enum Precision {
    AUTO,
    FP32,
    BF16
  }

  /** What a network is built of; {@code network.name} begins with it, or with {@code darts}. */
  public enum Family {
    RANDWIRE,
    VANILLA,
    RESNET,
    RESNEXT,
    ANYNET,
    CELL;

    /** The family of a preset. */
    static Family of(String preset) {
      String first = preset.split("-", 2)[0];
      return first.equals("darts") ? CELL : valueOf(first.toUpperCase(Locale.ROOT));
    }
  }

  /** The convolution or pooling inside a node (RandWire, node operation ablation). */
  public enum NodeOperation {
    SEPARABLE(NodeOp.SEPARABLE),
    DENSE(NodeOp.DENSE),
    MAXPOOL(NodeOp.MAX_POOL),
    AVGPOOL(NodeOp.AVERAGE_POOL);

    private final NodeOp op;

    NodeOperation(NodeOp op) {
      this.op = op;
    }

    /** What the network calls it. */
    public NodeOp op() {
      return op;
    }
  }

  /** How many edges one draw of edge drop may remove: one per network, per stage or per node. */
  public enum EdgeDropScope {
    NETWORK,
    STAGE,
    NODE
  }

  /** Random graph model: Watts-Strogatz, Erdos-Renyi or Barabasi-Albert. */
  public enum Generator {
    WS,
    ER,
    BA
  }

  /** The data sets a run can read. */
  public enum DataName {
    MNIST,
    CIFAR10,
    SYNTHETIC,
    IMAGEFOLDER
  }

  /** Shape of the learning rate over time. */
  public enum ScheduleName {
    COSINE,
    STEP,
    CONSTANT
  }

  /** What weight decay applies to: every trained value, or convolution and linear weights only. */
  public enum DecayTarget {
    ALL,
    WEIGHTS
  }

  /** Training-time image augmentation. */
  public enum Augmentation {
    STANDARD,
    NONE
  }

  /**
   * Source of the BN statistics in evaluation: the running averages, or a pass over training data.
   */
  public enum Statistics {
    RUNNING,
    PRECISE
  }

  /**
   * The network to build. Its family uses some of the values; the others are at their defaults.
   *
   * @param name preset that filled the values not given
   * @param channels C of the paper's Table 1
   * @param edgeWeightInit start of the raw aggregation weight, before the sigmoid
   * @param dropout probability of dropping a value before the classifier
   */
  public record Network(
      String name,
      int channels,
      NodeOperation nodeOp,
      double edgeWeightInit,
      EdgeDrop edgeDrop,
      double dropout,
      RandomWiring graph,
      Stages stages,
      Cells cell) {

    public Network {
      requireNonNull(name);
      requireNonNull(nodeOp);
      requireNonNull(edgeDrop);
      requireNonNull(graph);
      requireNonNull(stages);
      requireNonNull(cell);
    }

    public Family family() {
      return Family.of(name);
    }
  }

  /**
   * The stages of a Vanilla, ResNet, ResNeXt or AnyNet network, one value for each.
   *
   * @param depths blocks
   * @param widths channels
   * @param bottleneckRatios ResNeXt, AnyNet: channels over those of the 3x3 convolution
   * @param groups ResNeXt, AnyNet: groups of the 3x3 convolution
   * @param strides AnyNet: stride of the first block
   * @param stemWidth AnyNet: channels of the convolution in front of the stages
   * @param stemStride AnyNet: its stride
   */
  public record Stages(
      List<Integer> depths,
      List<Integer> widths,
      List<Integer> bottleneckRatios,
      List<Integer> groups,
      List<Integer> strides,
      int stemWidth,
      int stemStride) {

    public Stages {
      depths = List.copyOf(depths);
      widths = List.copyOf(widths);
      bottleneckRatios = List.copyOf(bottleneckRatios);
      groups = List.copyOf(groups);
      strides = List.copyOf(strides);
    }
  }

  /** What stands in front of the cells. */
  public enum CellStem {
    CIFAR,
    IMAGENET
  }

  /** Which nodes a cell's output is made of: those that no other reads, or all. */
  public enum CellOutput {
    LOOSE,
    ALL
  }

  /**
   * A network of searched cells.
   *
   * @param width channels of a node in the first cells
   * @param depth number of cells
   * @param normal edges of a cell, two for each node, such as {@code sep3 1}
   * @param reduction edges of a cell that halves height and width
   * @param auxiliaryWeight weight of the loss of a second classifier; 0 for none
   * @param dropPath rate of dropped paths at the end of training
   */
  public record Cells(
      CellStem stem,
      int width,
      int depth,
      List<String> normal,
      List<String> reduction,
      CellOutput output,
      double auxiliaryWeight,
      double dropPath) {

    public Cells {
      requireNonNull(stem);
      normal = List.copyOf(normal);
      reduction = List.copyOf(reduction);
      requireNonNull(output);
    }
  }

  /**
   * Removal of random edges during training.
   *
   * @param probability chance, per mini-batch and scope, that one edge is removed
   */
  public record EdgeDrop(double probability, EdgeDropScope scope) {

    public EdgeDrop {
      requireNonNull(scope);
    }
  }

  /**
   * The random graphs of the stages.
   *
   * @param nodes N, nodes of one stage
   * @param k ws: ring neighbours of a node, even
   * @param p ws: rewiring probability; er: edge probability
   * @param m ba: edges of a new node
   * @param seed seed of the graphs alone, separate from the weights'
   * @param networkxSeed whether the seed draws the graph that networkx draws from it
   * @param files graph files, one per stage, in place of the generator; empty to generate
   */
  public record RandomWiring(
      Generator generator,
      int nodes,
      int k,
      double p,
      int m,
      long seed,
      boolean networkxSeed,
      List<String> files) {

    public RandomWiring {
      requireNonNull(generator);
      files = List.copyOf(files);
    }
  }

  /**
   * The examples to train and evaluate on.
   *
   * @param path folder of the data set; empty for the data set's usual place
   * @param batch examples per training step
   * @param evaluationBatch examples per evaluation step
   * @param limit number of leading training examples to use; 0 for all
   * @param size synthetic, imagefolder: height and width of an image in pixels
   * @param classes synthetic, imagefolder: number of classes
   * @param examples synthetic: number of training examples
   * @param threads threads that prepare batches; 0 for half of the workers
   * @param badShare imagefolder: share of the files that may be unreadable
   */
  public record Data(
      DataName name,
      String path,
      int batch,
      int evaluationBatch,
      int limit,
      int size,
      int classes,
      int examples,
      int threads,
      double badShare) {

    public Data {
      requireNonNull(name);
      requireNonNull(path);
    }
  }

  /**
   * How the weights are fitted.
   *
   * @param steps training ends after this many updates, if above 0 and before the last epoch
   * @param accumulate batches whose gradients are averaged for one update
   * @param tensorboard whether event files are written beside the metrics
   * @param init safetensors file of starting weights; empty to draw them from the seed
   * @param gradientClip largest global gradient norm; 0 for no clipping
   * @param cropScale imagefolder: smallest share of a picture's area that is cropped for training
   * @param cutout side in pixels of the square cut out of training images; 0 for none
   * @param ema decay of the averaged weights; 0 for no averaging
   * @param checkpointEveryMinutes minutes between checkpoints; 0 for none by time
   * @param checkpointEverySteps updates between checkpoints; 0 for none by step
   * @param evaluateEvery epochs between evaluations; 0 to evaluate after the last one only
   */
  public record Training(
      int epochs,
      long steps,
      int accumulate,
      String init,
      Schedule schedule,
      double momentum,
      boolean nesterov,
      double weightDecay,
      DecayTarget decayOn,
      double labelSmoothing,
      double gradientClip,
      double ema,
      Augmentation augment,
      double cropScale,
      Colours colours,
      int cutout,
      Statistics statistics,
      double checkpointEveryMinutes,
      long checkpointEverySteps,
      int evaluateEvery,
      boolean tensorboard) {

    public Training {
      requireNonNull(init);
      requireNonNull(schedule);
      requireNonNull(decayOn);
      requireNonNull(augment);
      requireNonNull(colours);
      requireNonNull(statistics);
    }
  }

  /**
   * Random changes of colour in training pictures; 0 leaves one out.
   *
   * @param brightness half the range of the factor around 1
   * @param contrast likewise
   * @param saturation likewise
   * @param lighting standard deviation of the multiples of the principal components of colour
   */
  public record Colours(double brightness, double contrast, double saturation, double lighting) {}

  /**
   * The learning rate.
   *
   * @param base rate after the warm-up
   * @param warmupEpochs epochs of linear growth to the base rate, possibly fractional
   * @param milestones step: epochs at which the rate is multiplied by gamma, ascending
   * @param gamma step: factor at a milestone
   */
  public record Schedule(
      ScheduleName name, double base, double warmupEpochs, List<Integer> milestones, double gamma) {

    public Schedule {
      requireNonNull(name);
      milestones = List.copyOf(milestones);
    }
  }
}
