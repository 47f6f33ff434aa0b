// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli.config;

import static java.util.stream.Collectors.joining;
import static java.util.stream.Collectors.toCollection;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.randwire.cli.config.RunConfig.Augmentation;
import org.randwire.cli.config.RunConfig.DataName;
import org.randwire.cli.config.RunConfig.DecayTarget;
import org.randwire.cli.config.RunConfig.Device;
import org.randwire.cli.config.RunConfig.EdgeDropScope;
import org.randwire.cli.config.RunConfig.Family;
import org.randwire.cli.config.RunConfig.Generator;
import org.randwire.cli.config.RunConfig.NodeOperation;
import org.randwire.cli.config.RunConfig.Precision;
import org.randwire.cli.config.RunConfig.ScheduleName;
import org.randwire.cli.config.RunConfig.Statistics;
import org.randwire.cli.config.ValueType.BooleanType;
import org.randwire.cli.config.ValueType.ChoiceType;
import org.randwire.cli.config.ValueType.IntegerType;
import org.randwire.cli.config.ValueType.ListType;
import org.randwire.cli.config.ValueType.NumberType;
import org.randwire.cli.config.ValueType.TextType;

/**
 * The one table of configuration keys: name, type, range, default, meaning. Reading, checking,
 * writing and documenting a {@link RunConfig} all follow it.
 */
public final class ConfigSchema {

  private static final ValueType TEXT = new TextType();
  private static final ValueType SWITCH = new BooleanType();
  private static final ValueType SEED = new IntegerType(Long.MIN_VALUE, Long.MAX_VALUE);
  private static final ValueType NUMBER = new NumberType(-Double.MAX_VALUE, Double.MAX_VALUE, true);
  private static final ValueType AMOUNT = new NumberType(0, Double.MAX_VALUE, true);
  private static final ValueType PROBABILITY = new NumberType(0, 1, true);
  private static final ValueType FRACTION = new NumberType(0, 1, false);
  private static final ValueType COUNT = new IntegerType(0, Integer.MAX_VALUE);
  private static final ValueType POSITIVE = new IntegerType(1, Integer.MAX_VALUE);
  private static final ValueType STEPS = new IntegerType(0, Long.MAX_VALUE);
  private static final ValueType DEPTHS = new ListType(new IntegerType(1, 1024));
  private static final ValueType STRIDES = new ListType(new IntegerType(1, 16));
  private static final ValueType WIDTHS = new ListType(new IntegerType(1, 65_536));

  private static final Set<Family> ALL = EnumSet.allOf(Family.class);
  private static final Set<Family> RANDWIRE = EnumSet.of(Family.RANDWIRE);
  private static final Set<Family> CELL = EnumSet.of(Family.CELL);
  private static final Set<Family> ANYNET = EnumSet.of(Family.ANYNET);

  /** Families whose stages repeat a block. */
  static final Set<Family> STAGED =
      EnumSet.of(Family.VANILLA, Family.RESNET, Family.RESNEXT, Family.ANYNET);

  /** Families whose block has a grouped convolution. */
  static final Set<Family> GROUPED = EnumSet.of(Family.RESNEXT, Family.ANYNET);

  /** Rows of one section stand together: the writer opens each section once. */
  static final List<ConfigKey> KEYS =
      List.of(
          key("seed", SEED, 1L, "master seed of weights, order, augmentation", RunConfig::seed),
          key("device", choice(Device.class), "auto", "where to compute", RunConfig::device),
          key("threads", integer(0, 1024), 0L, "worker threads; 0 = all cores", RunConfig::threads),
          key(
              "precision",
              choice(Precision.class),
              "auto",
              "format of activations; auto = the fastest the device computes in",
              RunConfig::precision),
          key("fusion", SWITCH, true, "whether ops may be fused", RunConfig::fusion),
          key(
              "recompute",
              SWITCH,
              false,
              "whether activations are dropped and computed again for the gradients: less memory,"
                  + " more time, the same bits",
              RunConfig::recompute),
          network(
              "name",
              new ChoiceType(Presets.NAMES),
              Presets.DEFAULT,
              "preset that fills every value not given",
              ALL,
              n -> n.name()),
          randWire("channels", integer(1, 65_536), 32L, "C, channel base", n -> n.channels()),
          randWire(
              "nodeOp",
              choice(NodeOperation.class),
              "separable",
              "operation of a node: 3x3 separable or dense convolution, 3x3 max or average pooling",
              n -> n.nodeOp()),
          randWire(
              "edgeWeightInit",
              NUMBER,
              0.0,
              "start of the raw aggregation weights; their sigmoid weighs the edges",
              n -> n.edgeWeightInit()),
          randWire("dropout", FRACTION, 0.0, "dropout before the classifier", n -> n.dropout()),
          randWire(
              "edgeDrop.probability",
              PROBABILITY,
              0.0,
              "chance per mini-batch and scope to remove one random edge",
              n -> n.edgeDrop().probability()),
          randWire(
              "edgeDrop.scope",
              choice(EdgeDropScope.class),
              "network",
              "what each draw of edge drop covers",
              n -> n.edgeDrop().scope()),
          graph(
              "generator",
              choice(Generator.class),
              "ws",
              "Watts-Strogatz, Erdos-Renyi or Barabasi-Albert",
              RunConfig.RandomWiring::generator),
          graph("nodes", integer(1, 4096), 32L, "N, nodes of a stage", g -> g.nodes()),
          graph("k", integer(2, 4096), 4L, "ws: ring neighbours of a node, even", g -> g.k()),
          graph("p", PROBABILITY, 0.75, "ws: rewiring, er: edge probability", g -> g.p()),
          graph("m", integer(1, 4096), 5L, "ba: edges of a new node", g -> g.m()),
          graph("seed", SEED, 1L, "seed of the graphs, apart from the weights'", g -> g.seed()),
          graph(
              "networkxSeed",
              SWITCH,
              false,
              "draw the graph that networkx draws from this seed",
              g -> g.networkxSeed()),
          graph(
              "files",
              new ListType(TEXT),
              List.of(),
              "graph files, one per stage, in place of the generator",
              g -> g.files()),
          stages("depths", DEPTHS, STAGED, "blocks of each stage", s -> s.depths()),
          stages("widths", WIDTHS, STAGED, "channels of each stage", s -> s.widths()),
          stages(
              "bottleneckRatios",
              WIDTHS,
              GROUPED,
              "channels of each stage over those of its 3x3 convolutions",
              s -> s.bottleneckRatios()),
          stages(
              "groups",
              WIDTHS,
              GROUPED,
              "groups of each stage's 3x3 convolutions",
              s -> s.groups()),
          stages(
              "strides", STRIDES, ANYNET, "stride of each stage's first block", s -> s.strides()),
          network(
              "stemWidth",
              integer(1, 65_536),
              32L,
              "anynet: channels of the convolution in front of the stages",
              ANYNET,
              n -> n.stages().stemWidth()),
          network(
              "stemStride",
              integer(1, 16),
              1L,
              "anynet: stride of that convolution",
              ANYNET,
              n -> n.stages().stemStride()),
          cell(
              "stem",
              choice(RunConfig.CellStem.class),
              "cifar",
              "one convolution, or three of stride 2 for large images",
              c -> c.stem()),
          cell("width", integer(1, 65_536), 36L, "channels of the first cells", c -> c.width()),
          cell("depth", integer(1, 1024), 20L, "number of cells", c -> c.depth()),
          cell(
              "normal",
              new ListType(TEXT),
              List.of(),
              "edges of a cell, two for each node: an op and the state it reads, such as 'sep3 1'",
              c -> c.normal()),
          cell(
              "reduction",
              new ListType(TEXT),
              List.of(),
              "edges of the cells at a third and two thirds of the depth",
              c -> c.reduction()),
          cell(
              "output",
              choice(RunConfig.CellOutput.class),
              "all",
              "nodes that make up a cell's output: those no other reads, or all",
              c -> c.output()),
          cell(
              "auxiliaryWeight",
              AMOUNT,
              0.0,
              "weight of a second classifier's loss in training; 0 = none",
              c -> c.auxiliaryWeight()),
          cell(
              "dropPath",
              FRACTION,
              0.0,
              "rate of dropped paths, growing from 0 to this with the epochs",
              c -> c.dropPath()),
          data("name", choice(DataName.class), "mnist", "data set", d -> d.name()),
          data("path", TEXT, "", "its folder; empty = the usual place", d -> d.path()),
          data("batch", POSITIVE, 128L, "examples per training step", d -> d.batch()),
          data(
              "evaluationBatch",
              POSITIVE,
              256L,
              "examples per evaluation step",
              d -> d.evaluationBatch()),
          data("limit", COUNT, 0L, "use the first n training examples; 0 = all", d -> d.limit()),
          data(
              "size",
              integer(1, 4096),
              32L,
              "synthetic, imagefolder: image height and width",
              d -> d.size()),
          data(
              "classes",
              integer(2, 1_000_000),
              10L,
              "synthetic, imagefolder: classes",
              d -> d.classes()),
          data("examples", POSITIVE, 1024L, "synthetic: training examples", d -> d.examples()),
          data(
              "threads",
              integer(0, 1024),
              0L,
              "threads that prepare batches; 0 = half as many as threads",
              d -> d.threads()),
          data(
              "badShare",
              FRACTION,
              0.01,
              "imagefolder: share of the files that may be unreadable before the run stops",
              d -> d.badShare()),
          training("epochs", POSITIVE, 100L, "passes over the training data", t -> t.epochs()),
          training(
              "steps", STEPS, 0L, "stop after so many updates; 0 = run all epochs", t -> t.steps()),
          training(
              "accumulate",
              POSITIVE,
              1L,
              "batches of data.batch whose gradients are averaged for one update",
              t -> t.accumulate()),
          training(
              "init",
              TEXT,
              "",
              "safetensors file of starting weights; empty = from the seed",
              t -> t.init()),
          schedule(
              "name",
              choice(ScheduleName.class),
              "cosine",
              "learning rate over time",
              s -> s.name()),
          schedule("base", AMOUNT, 0.1, "learning rate after the warm-up", s -> s.base()),
          schedule(
              "warmupEpochs",
              AMOUNT,
              0.0,
              "epochs of linear growth to the base rate",
              s -> s.warmupEpochs()),
          schedule(
              "milestones",
              new ListType(POSITIVE),
              List.of(),
              "step: epochs at which the rate is multiplied by gamma, ascending",
              s -> s.milestones()),
          schedule("gamma", PROBABILITY, 0.1, "step: factor at a milestone", s -> s.gamma()),
          training("momentum", FRACTION, 0.9, "momentum of SGD", t -> t.momentum()),
          training("nesterov", SWITCH, false, "Nesterov momentum", t -> t.nesterov()),
          training("weightDecay", AMOUNT, 5e-5, "L2 penalty on the weights", t -> t.weightDecay()),
          training(
              "decayOn",
              choice(DecayTarget.class),
              "all",
              "what decays: all trained values, or convolution and linear weights only",
              t -> t.decayOn()),
          training(
              "labelSmoothing",
              FRACTION,
              0.0,
              "share of the target spread over all classes",
              t -> t.labelSmoothing()),
          training(
              "gradientClip",
              AMOUNT,
              0.0,
              "largest global gradient norm; 0 = off",
              t -> t.gradientClip()),
          training("ema", FRACTION, 0.0, "decay of the averaged weights; 0 = off", t -> t.ema()),
          training(
              "augment",
              choice(Augmentation.class),
              "standard",
              "training augmentation",
              t -> t.augment()),
          training(
              "cropScale",
              new NumberType(0.001, 1, true),
              0.08,
              "imagefolder: smallest share of a picture's area in a training crop",
              t -> t.cropScale()),
          colours("brightness", AMOUNT, "half the range of the factor", c -> c.brightness()),
          colours("contrast", AMOUNT, "half the range of the factor", c -> c.contrast()),
          colours("saturation", AMOUNT, "half the range of the factor", c -> c.saturation()),
          colours(
              "lighting",
              AMOUNT,
              "deviation along the principal components of colour, usually 0.1",
              c -> c.lighting()),
          training(
              "cutout",
              integer(0, 4096),
              0L,
              "side of the square cut out of training images; 0 = off",
              t -> t.cutout()),
          training(
              "statistics",
              choice(Statistics.class),
              "running",
              "BN statistics of evaluation: running averages, or a pass over training data",
              t -> t.statistics()),
          training(
              "checkpointEveryMinutes",
              AMOUNT,
              10.0,
              "minutes between checkpoints; 0 = off",
              t -> t.checkpointEveryMinutes()),
          training(
              "checkpointEverySteps",
              STEPS,
              0L,
              "updates between checkpoints; 0 = off",
              t -> t.checkpointEverySteps()),
          training(
              "evaluateEvery",
              COUNT,
              1L,
              "epochs between evaluations; 0 = at the end only",
              t -> t.evaluateEvery()),
          training(
              "tensorboard",
              SWITCH,
              false,
              "whether the run's folder gets event files for TensorBoard beside metrics.jsonl",
              t -> t.tensorboard()));

  private static final Map<String, ConfigKey> BY_PATH = byPath();
  private static final Set<String> SECTIONS = sections();

  private ConfigSchema() {}

  /** Every key in documentation order, such as {@code training.schedule.base}. */
  public static List<String> paths() {
    return List.copyOf(BY_PATH.keySet());
  }

  /**
   * The reference of the configuration: one line per key with its default, accepted values and
   * meaning.
   */
  public static String describe() {
    int keyWidth = KEYS.stream().mapToInt(k -> k.path().length()).max().orElse(0);
    int defaultWidth =
        KEYS.stream().mapToInt(k -> ConfigWriter.yaml(k.defaultValue()).length()).max().orElse(0);
    String format = "%-" + keyWidth + "s  %-" + defaultWidth + "s  %s (%s)%n".replace("%n", "\n");
    StringBuilder text = new StringBuilder();
    for (ConfigKey key : KEYS) {
      text.append(
          format.formatted(
              key.path(),
              ConfigWriter.yaml(key.defaultValue()),
              key.meaning(),
              key.type().expected()));
    }
    return text.toString();
  }

  /** The rows that networks of a family have. */
  static List<ConfigKey> keys(Family family) {
    return KEYS.stream().filter(key -> key.families().contains(family)).toList();
  }

  /** The row of a key, or null for a section or an unknown key. */
  static @Nullable ConfigKey key(String path) {
    return BY_PATH.get(path);
  }

  /** Whether the path names a group of keys; the empty path is the whole configuration. */
  static boolean isSection(String path) {
    return SECTIONS.contains(path);
  }

  /** Paths of the keys and sections directly inside a section. */
  static Set<String> children(String section) {
    Set<String> children = new LinkedHashSet<>();
    String prefix = section.isEmpty() ? "" : section + ".";
    for (ConfigKey key : KEYS) {
      if (key.path().startsWith(prefix)) {
        int end = key.path().indexOf('.', prefix.length());
        children.add(end < 0 ? key.path() : key.path().substring(0, end));
      }
    }
    return children;
  }

  /**
   * What is wrong with a configuration made by hand: values out of range and values that contradict
   * each other, one line each; empty if nothing is.
   */
  public static List<String> violations(RunConfig config) {
    List<String> violations = new ArrayList<>();
    for (ConfigKey key : keys(config.network().family())) {
      Object value = ConfigWriter.plain(key.value().apply(config));
      try {
        key.type().read(ConfigText.parse(ConfigWriter.yaml(value), Place.BUILT_IN));
      } catch (ValueType.Refusal refusal) {
        violations.add(key.path() + ": " + refusal.getMessage());
      }
    }
    ConfigRules.violations(config).forEach(v -> violations.add(v.message()));
    return violations;
  }

  private static Map<String, ConfigKey> byPath() {
    Map<String, ConfigKey> keys = new LinkedHashMap<>();
    KEYS.forEach(key -> keys.put(key.path(), key));
    return keys;
  }

  private static Set<String> sections() {
    Set<String> sections =
        KEYS.stream().map(ConfigKey::section).collect(toCollection(LinkedHashSet::new));
    sections.add("");
    return sections;
  }

  private static ValueType integer(long min, long max) {
    return new IntegerType(min, max);
  }

  private static ValueType choice(Class<? extends Enum<?>> type) {
    return ChoiceType.of(type);
  }

  private static ConfigKey key(
      String path,
      ValueType type,
      Object byDefault,
      String meaning,
      Function<RunConfig, Object> get) {
    return new ConfigKey(path, type, byDefault, meaning, ALL, get);
  }

  private static ConfigKey network(
      String name,
      ValueType type,
      Object byDefault,
      String meaning,
      Set<Family> families,
      Function<RunConfig.Network, Object> get) {
    return new ConfigKey(
        "network." + name,
        type,
        byDefault,
        meaning,
        families,
        config -> get.apply(config.network()));
  }

  private static ConfigKey randWire(
      String name,
      ValueType type,
      Object byDefault,
      String meaning,
      Function<RunConfig.Network, Object> get) {
    return network(name, type, byDefault, "randwire: " + meaning, RANDWIRE, get);
  }

  private static ConfigKey stages(
      String name,
      ValueType type,
      Set<Family> families,
      String meaning,
      Function<RunConfig.Stages, Object> get) {
    String names = families.stream().map(ChoiceType::name).collect(joining(", "));
    return network(
        name,
        type,
        List.of(),
        names + ": " + meaning,
        families,
        network -> get.apply(network.stages()));
  }

  private static ConfigKey cell(
      String name,
      ValueType type,
      Object byDefault,
      String meaning,
      Function<RunConfig.Cells, Object> get) {
    return network(
        "cell." + name, type, byDefault, meaning, CELL, network -> get.apply(network.cell()));
  }

  private static ConfigKey graph(
      String name,
      ValueType type,
      Object byDefault,
      String meaning,
      Function<RunConfig.RandomWiring, Object> get) {
    return network(
        "graph." + name, type, byDefault, meaning, RANDWIRE, network -> get.apply(network.graph()));
  }

  private static ConfigKey data(
      String name,
      ValueType type,
      Object byDefault,
      String meaning,
      Function<RunConfig.Data, Object> get) {
    return key("data." + name, type, byDefault, meaning, config -> get.apply(config.data()));
  }

  private static ConfigKey training(
      String name,
      ValueType type,
      Object byDefault,
      String meaning,
      Function<RunConfig.Training, Object> get) {
    return key(
        "training." + name, type, byDefault, meaning, config -> get.apply(config.training()));
  }

  private static ConfigKey colours(
      String name, ValueType type, String meaning, Function<RunConfig.Colours, Object> get) {
    return training(
        "colours." + name,
        type,
        0.0,
        "imagefolder: " + name + " of training pictures: " + meaning + "; 0 = as it is",
        training -> get.apply(training.colours()));
  }

  private static ConfigKey schedule(
      String name,
      ValueType type,
      Object byDefault,
      String meaning,
      Function<RunConfig.Schedule, Object> get) {
    return training(
        "schedule." + name, type, byDefault, meaning, training -> get.apply(training.schedule()));
  }
}
