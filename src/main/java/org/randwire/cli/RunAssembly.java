// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.IntFunction;
import org.randwire.backend.Backend;
import org.randwire.backend.cpu.CpuBackend;
import org.randwire.backend.cuda.Cuda;
import org.randwire.backend.reference.ReferenceBackend;
import org.randwire.cli.config.LoadedConfig;
import org.randwire.cli.config.RunConfig;
import org.randwire.cli.config.RunConfig.Family;
import org.randwire.cli.config.RunConfig.RandomWiring;
import org.randwire.data.DataSplit;
import org.randwire.data.Dataset;
import org.randwire.data.PixelDataset;
import org.randwire.data.Synthetic;
import org.randwire.data.augment.Augmentation;
import org.randwire.data.augment.ColourChange;
import org.randwire.data.augment.ResizedCrop;
import org.randwire.data.cifar.Cifar10;
import org.randwire.data.imagefolder.ImageFolder;
import org.randwire.data.mnist.Mnist;
import org.randwire.graph.BarabasiAlbert;
import org.randwire.graph.Dag;
import org.randwire.graph.ErdosRenyi;
import org.randwire.graph.GraphFiles;
import org.randwire.graph.GraphFormatException;
import org.randwire.graph.GraphGenerator;
import org.randwire.graph.NetworkxGraphs;
import org.randwire.graph.RandomGraph;
import org.randwire.graph.WattsStrogatz;
import org.randwire.network.NetworkSpec;
import org.randwire.network.cell.Cell;
import org.randwire.network.cell.CellNetworkSpec;
import org.randwire.network.cell.CellOutput;
import org.randwire.network.randwire.RandWireSpec;
import org.randwire.network.randwire.Regime;
import org.randwire.network.randwire.StageGraphs;
import org.randwire.network.resnet.ResNetSpec;
import org.randwire.op.OpGraph;
import org.randwire.random.RandomStreams;
import org.randwire.tensor.DataType;
import org.randwire.tensor.TensorShape;
import org.randwire.training.EdgeDrop;
import org.randwire.training.LearningRate;
import org.randwire.training.Trainer;
import org.randwire.training.TrainingSettings;

/** Turns a configuration into the things a command works with. */
final class RunAssembly {

  private final LoadedConfig loaded;
  private final RunConfig config;

  RunAssembly(LoadedConfig loaded) {
    this.loaded = loaded;
    this.config = loaded.config();
  }

  RunConfig config() {
    return config;
  }

  // Network

  private Regime regime() {
    String name = config.network().name();
    return switch (name) {
      case "randwire-mnist" -> Regime.MNIST;
      case "randwire-cifar" -> Regime.CIFAR;
      case "randwire-small" -> Regime.SMALL;
      case "randwire-regular-109", "randwire-regular-154" -> Regime.REGULAR;
      default -> throw new IllegalStateException("no regime belongs to " + name);
    };
  }

  /** The graphs of the stages, drawn or read; none where stages are not randomly wired. */
  List<Dag> stageGraphs() {
    if (config.network().family() != Family.RANDWIRE) {
      return List.of();
    }
    RandomWiring wiring = config.network().graph();
    Regime regime = regime();
    if (!wiring.files().isEmpty()) {
      return readGraphs(wiring.files(), regime);
    }
    try {
      if (wiring.networkxSeed()) {
        return networkxGraphs(wiring, regime);
      }
      return StageGraphs.draw(regime, wiring.nodes(), generator(wiring), wiring.seed());
    } catch (IllegalArgumentException e) {
      // The half-size first stage of the regular regime may be too small for k or m.
      throw loaded.refusal("network.graph", String.valueOf(e.getMessage()));
    }
  }

  private static IntFunction<GraphGenerator> generator(RandomWiring wiring) {
    return nodes ->
        switch (wiring.generator()) {
          case WS -> new WattsStrogatz(nodes, wiring.k(), wiring.p());
          case ER -> new ErdosRenyi(nodes, wiring.p());
          case BA -> new BarabasiAlbert(nodes, wiring.m());
        };
  }

  /** Stage {@code i} is the graph that networkx draws from seed + i. */
  private static List<Dag> networkxGraphs(RandomWiring wiring, Regime regime) {
    List<Dag> graphs = new ArrayList<>();
    for (int stage = 0; stage < regime.stages(); stage++) {
      int nodes = regime.nodes(stage, wiring.nodes());
      long seed = wiring.seed() + stage;
      RandomGraph graph =
          switch (wiring.generator()) {
            case WS -> NetworkxGraphs.wattsStrogatz(nodes, wiring.k(), wiring.p(), seed);
            case ER -> NetworkxGraphs.erdosRenyi(nodes, wiring.p(), seed);
            case BA -> NetworkxGraphs.barabasiAlbert(nodes, wiring.m(), seed);
          };
      graphs.add(new Dag(graph));
    }
    return graphs;
  }

  private List<Dag> readGraphs(List<String> files, Regime regime) {
    if (files.size() != regime.stages()) {
      throw loaded.refusal(
          "network.graph.files",
          config.network().name()
              + " has "
              + regime.stages()
              + " stages, found "
              + files.size()
              + " files");
    }
    List<Dag> graphs = new ArrayList<>();
    for (String file : files) {
      if (!Files.isRegularFile(Path.of(file))) {
        throw loaded.refusal("network.graph.files", "no such file: " + file);
      }
      try {
        graphs.add(GraphFiles.read(Path.of(file)));
      } catch (GraphFormatException e) {
        throw new CliException(ExitStatus.USAGE, String.valueOf(e.getMessage()), e);
      }
    }
    return graphs;
  }

  /** The network for images and classes of the configured data set. */
  OpGraph network(List<Dag> stageGraphs) {
    RunConfig.Network network = config.network();
    String name = network.name();
    TensorShape image = imageShape();
    RunConfig.Stages s = network.stages();
    NetworkSpec spec =
        switch (network.family()) {
          case RANDWIRE -> randWire(network, stageGraphs);
          case VANILLA -> ResNetSpec.vanilla(name, image, classes(), s.depths(), s.widths());
          case RESNET -> ResNetSpec.resnet(name, image, classes(), s.depths(), s.widths());
          case RESNEXT ->
              ResNetSpec.resnext(
                  name, image, classes(), s.depths(), s.widths(), s.bottleneckRatios(), s.groups());
          case ANYNET ->
              ResNetSpec.anyNet(
                  name,
                  image,
                  classes(),
                  new ResNetSpec.Stem(s.stemWidth(), s.stemStride()),
                  s.strides(),
                  s.depths(),
                  s.widths(),
                  s.bottleneckRatios(),
                  s.groups());
          case CELL -> cells(name, network.cell());
        };
    return spec.build();
  }

  /**
   * The channels at which a randomly wired network of this configuration comes nearest a number of
   * multiply-adds, all else as it is.
   */
  int channelsFor(long multiplyAdds, List<Dag> stageGraphs) {
    return randWire(config.network(), stageGraphs).matching(multiplyAdds).channels();
  }

  private RandWireSpec randWire(RunConfig.Network network, List<Dag> stageGraphs) {
    return new RandWireSpec(
        network.name(),
        regime(),
        imageShape(),
        classes(),
        network.channels(),
        stageGraphs,
        network.nodeOp().op(),
        network.edgeWeightInit(),
        network.dropout());
  }

  private CellNetworkSpec cells(String name, RunConfig.Cells cells) {
    CellNetworkSpec.Stem stem =
        switch (cells.stem()) {
          case CIFAR -> CellNetworkSpec.Stem.CIFAR;
          case IMAGENET -> CellNetworkSpec.Stem.IMAGENET;
        };
    CellOutput output =
        switch (cells.output()) {
          case LOOSE -> CellOutput.LOOSE;
          case ALL -> CellOutput.ALL;
        };
    return new CellNetworkSpec(
        name,
        imageShape(),
        classes(),
        stem,
        cells.width(),
        cells.depth(),
        Cell.of(cells.normal()),
        Cell.of(cells.reduction()),
        output,
        new CellNetworkSpec.Regularisation(
            cells.auxiliaryWeight(), config.training().labelSmoothing(), cells.dropPath()));
  }

  // Data

  /** The shape of one image, known without reading the data. */
  TensorShape imageShape() {
    return switch (config.data().name()) {
      case MNIST -> TensorShape.example(1, 28, 28);
      case CIFAR10 -> TensorShape.example(3, 32, 32);
      case SYNTHETIC, IMAGEFOLDER ->
          TensorShape.example(3, config.data().size(), config.data().size());
    };
  }

  int classes() {
    return switch (config.data().name()) {
      case MNIST, CIFAR10 -> 10;
      case SYNTHETIC, IMAGEFOLDER -> config.data().classes();
    };
  }

  DataSplit data() {
    DataSplit split =
        switch (config.data().name()) {
          case MNIST -> Mnist.load(dataFolder("mnist"));
          case CIFAR10 -> Cifar10.load(dataFolder("cifar10"));
          case SYNTHETIC -> synthetic();
          case IMAGEFOLDER -> photographs();
        };
    int limit = config.data().limit();
    if (limit == 0 || limit >= split.train().size()) {
      return split;
    }
    return new DataSplit(
        leading("data.limit", split.train(), limit), split.test(), split.standardAugmentation());
  }

  private DataSplit photographs() {
    Path folder = dataFolder("imagefolder");
    DataSplit split = ImageFolder.load(folder, config.data().size(), config.data().badShare());
    int found = split.train().classes();
    if (found != config.data().classes()) {
      throw loaded.refusal(
          "data.classes",
          "%d, but %s has %d classes: set data.classes=%3$d"
              .formatted(config.data().classes(), folder.resolve("train"), found));
    }
    return split;
  }

  /**
   * The data with fewer test images.
   *
   * @param testImages how many of the first; 0 for all
   */
  DataSplit evaluationData(int testImages) {
    DataSplit split = data();
    return testImages == 0 || testImages >= split.test().size()
        ? split
        : new DataSplit(
            split.train(),
            leading("--limit", split.test(), testImages),
            split.standardAugmentation());
  }

  private static PixelDataset leading(String setting, Dataset data, int size) {
    if (data instanceof PixelDataset pixels) {
      return new Leading(pixels, size);
    }
    throw new CliException(
        ExitStatus.USAGE,
        setting
            + ": pictures of folders stand class by class, so the first "
            + size
            + " would be of few classes");
  }

  private DataSplit synthetic() {
    RunConfig.Data data = config.data();
    RandomStreams streams = new RandomStreams(config.seed());
    int testExamples = Math.max(1, data.examples() / 10);
    return new Synthetic(streams, 3, data.size(), data.size(), data.classes())
        .split(data.examples(), testExamples);
  }

  /** The folder named in the configuration, else the one beside the program, else ./data/NAME. */
  private Path dataFolder(String name) {
    if (!config.data().path().isEmpty()) {
      return Path.of(config.data().path());
    }
    return bundledData(name).orElse(Path.of("data", name));
  }

  /** The folder of a data set that came with the program. */
  static Optional<Path> bundledData(String name) {
    return Optional.ofNullable(System.getProperty("randwire.home"))
        .map(home -> Path.of(home, "target", "data", name))
        .filter(Files::isDirectory);
  }

  private Augmentation augmentation(DataSplit split) {
    RunConfig.Training training = config.training();
    Augmentation augmentation =
        training.augment() == RunConfig.Augmentation.STANDARD
            ? split.standardAugmentation()
            : Augmentation.NONE;
    if (split.standardAugmentation().crop() != null) { // pictures, and not made-up pixels
      RunConfig.Colours colours = training.colours();
      augmentation =
          augmentation.withColours(
              new ColourChange(
                  colours.brightness(),
                  colours.contrast(),
                  colours.saturation(),
                  colours.lighting()));
      if (training.augment() == RunConfig.Augmentation.STANDARD) {
        ResizedCrop standard = ResizedCrop.STANDARD;
        augmentation =
            augmentation.withCrop(
                new ResizedCrop(
                    training.cropScale(),
                    standard.maxScale(),
                    standard.minRatio(),
                    standard.maxRatio()));
      }
    }
    return augmentation.withCutout(training.cutout());
  }

  /** The first examples of a data set. */
  private record Leading(PixelDataset all, int size) implements PixelDataset {
    @Override
    public String name() {
      return all.name();
    }

    @Override
    public int classes() {
      return all.classes();
    }

    @Override
    public int channels() {
      return all.channels();
    }

    @Override
    public int height() {
      return all.height();
    }

    @Override
    public int width() {
      return all.width();
    }

    @Override
    public org.randwire.data.Normalization normalization() {
      return all.normalization();
    }

    @Override
    public int label(int example) {
      return all.label(example);
    }

    @Override
    public void pixels(int example, byte[] into) {
      all.pixels(example, into);
    }
  }

  // Device

  int threads() {
    return config.threads() == 0 ? Runtime.getRuntime().availableProcessors() : config.threads();
  }

  /**
   * Opens the device; one that was named and cannot be had ends the command. {@code auto} is the
   * processor: no kernel for GPUs has been checked on one yet (docs/gpu-checks.md).
   */
  Backend backend() {
    return switch (config.device()) {
      case AUTO, CPU -> cpu();
      case CUDA -> {
        Optional<String> absence = Cuda.absence();
        if (absence.isPresent()) {
          throw new CliException(
              ExitStatus.DEVICE, loaded.refusal("device", "cuda: " + absence.get()).getMessage());
        }
        yield cuda();
      }
      case REFERENCE -> reference();
    };
  }

  /** bfloat16 unless float32 is asked for: every GPU that is used multiplies it. */
  private Backend cuda() {
    return Cuda.open(
        config.precision() == RunConfig.Precision.FP32 ? DataType.FLOAT32 : DataType.BFLOAT16);
  }

  private Backend cpu() {
    if (config.precision() == RunConfig.Precision.FP32) {
      return new CpuBackend(DataType.FLOAT32, threads());
    }
    if (config.precision() == RunConfig.Precision.AUTO) {
      DataType type = Devices.multipliesBfloat16() ? DataType.BFLOAT16 : DataType.FLOAT32;
      return new CpuBackend(type, threads());
    }
    Optional<String> missing = Devices.bfloat16Absence();
    if (missing.isPresent()) {
      throw new CliException(
          ExitStatus.DEVICE, loaded.refusal("precision", "bf16: " + missing.get()).getMessage());
    }
    return new CpuBackend(DataType.BFLOAT16, threads());
  }

  private Backend reference() {
    return switch (config.precision()) {
      case AUTO -> new ReferenceBackend(DataType.FLOAT64, threads());
      case FP32 -> new ReferenceBackend(DataType.FLOAT32, threads());
      case BF16 ->
          throw loaded.refusal("precision", "the reference device has fp32 and, by auto, fp64");
    };
  }

  // Training

  /** A trainer of the network on the data, its weights drawn from the seed. */
  Trainer trainer(OpGraph graph, Backend backend, DataSplit data) {
    requireABatch(data);
    return new Trainer(
        config.network().name(),
        graph,
        backend,
        data,
        augmentation(data),
        settings(),
        config.seed());
  }

  private void requireABatch(DataSplit data) {
    int examples = data.train().size();
    long update = (long) config.data().batch() * config.training().accumulate();
    if (examples >= config.data().batch() && examples < update) {
      throw loaded.refusal(
          "training.accumulate",
          config.training().accumulate()
              + " batches of "
              + config.data().batch()
              + " are more than the "
              + examples
              + " training examples of "
              + data.train().name());
    }
    if (examples < config.data().batch()) {
      throw loaded.refusal(
          "data.batch",
          config.data().batch()
              + " is more than the "
              + examples
              + " training examples of "
              + data.train().name());
    }
  }

  TrainingSettings settings() {
    RunConfig.Training training = config.training();
    return new TrainingSettings(
        config.data().batch(),
        config.data().evaluationBatch(),
        training.epochs(),
        training.steps(),
        learningRate(training.schedule()),
        training.momentum(),
        training.nesterov(),
        training.weightDecay(),
        training.decayOn() == RunConfig.DecayTarget.ALL,
        training.labelSmoothing(),
        training.gradientClip(),
        training.ema(),
        edgeDrop(),
        training.statistics() == RunConfig.Statistics.PRECISE,
        training.evaluateEvery(),
        training.checkpointEverySteps(),
        training.checkpointEveryMinutes(),
        dataThreads(),
        config.fusion(),
        training.accumulate(),
        config.recompute());
  }

  /** Half of the workers, which is enough for pixels; pictures may need more on a GPU. */
  private int dataThreads() {
    return config.data().threads() == 0 ? Math.max(1, threads() / 2) : config.data().threads();
  }

  private static LearningRate learningRate(RunConfig.Schedule schedule) {
    return switch (schedule.name()) {
      case COSINE -> new LearningRate.Cosine(schedule.base(), schedule.warmupEpochs());
      case CONSTANT -> new LearningRate.Constant(schedule.base(), schedule.warmupEpochs());
      case STEP ->
          new LearningRate.Step(
              schedule.base(), schedule.warmupEpochs(), schedule.milestones(), schedule.gamma());
    };
  }

  private EdgeDrop edgeDrop() {
    RunConfig.EdgeDrop drop = config.network().edgeDrop();
    return new EdgeDrop(
        drop.probability(),
        switch (drop.scope()) {
          case NETWORK -> EdgeDrop.Scope.NETWORK;
          case STAGE -> EdgeDrop.Scope.STAGE;
          case NODE -> EdgeDrop.Scope.NODE;
        });
  }
}
