// SPDX-License-Identifier: Apache-2.0
package org.randwire.training;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.randwire.backend.Backend;
import org.randwire.compile.CompiledProgram;
import org.randwire.compile.NetworkState;
import org.randwire.compile.Parameter;
import org.randwire.compile.Session;
import org.randwire.data.Batch;
import org.randwire.data.BatchLayout;
import org.randwire.data.BatchLoader;
import org.randwire.data.DataSplit;
import org.randwire.data.LoaderSettings;
import org.randwire.data.augment.Augmentation;
import org.randwire.op.OpGraph;
import org.randwire.op.Section;
import org.randwire.random.PhiloxStream;
import org.randwire.random.Purpose;
import org.randwire.random.RandomStreams;
import org.randwire.tensor.NamedTensor;

/**
 * Trains one network. The result is a pure function of (network, data, settings, seed) on one kind
 * of device: neither the number of threads nor interruptions change a bit of it. Not thread-safe
 * but for {@link #requestStop}.
 */
public final class Trainer implements AutoCloseable {

  private final OpGraph graph;
  private final DataSplit data;
  private final TrainingSettings settings;
  private final RandomStreams streams;
  private final String fingerprint;
  private final Session session;
  private final BatchLoader trainLoader;
  private final BatchLoader testLoader;
  private final Masks masks;
  private final Evaluation.Tally trainTally = new Evaluation.Tally();

  private long step;
  private int epoch;
  private int position;
  private double epochLoss;
  private int epochSteps;
  private double lastTrainLoss = Double.NaN;
  private Evaluation lastTest = new Evaluation(0, Double.NaN, Double.NaN, Double.NaN);
  private double minTestError = Double.NaN;
  private int minTestErrorEpoch;

  /** The step of the last checkpoint; -1 before the first. */
  private long savedStep = -1;

  private long lastCheckpointNanos = System.nanoTime();
  private long trainedExamples;
  private long trainingNanos;
  private volatile boolean stopRequested;

  /**
   * Compiles the network, takes all memory, and draws the initial weights from the seed.
   *
   * @param name short name of the network; with a hash of its ops it marks the checkpoints
   * @throws org.randwire.backend.OutOfDeviceMemoryException if the forecast does not fit
   */
  public Trainer(
      String name,
      OpGraph graph,
      Backend backend,
      DataSplit data,
      Augmentation augmentation,
      TrainingSettings settings,
      long seed) {
    requireFitting(graph, data);
    this.graph = graph;
    this.data = data;
    this.settings = settings;
    this.streams = new RandomStreams(seed);
    this.fingerprint = name + "#" + hash(graph);
    this.session = Session.open(graph, settings.session(), backend);
    List<AutoCloseable> opened = new ArrayList<>(List.of(session));
    try {
      int threads = settings.dataThreads();
      trainLoader =
          new BatchLoader(
              data.train(),
              augmentation,
              streams,
              LoaderSettings.training(settings.batch(), threads, layout(session.training())));
      opened.add(trainLoader);
      testLoader =
          new BatchLoader(
              data.test(),
              Augmentation.NONE,
              streams,
              LoaderSettings.evaluation(
                  settings.evaluationBatch(), threads, layout(session.inference())));
      opened.add(testLoader);
      masks = new Masks(graph, session.training(), settings.edgeDrop(), streams);
      drawWeights();
    } catch (RuntimeException | Error e) {
      opened.forEach(Trainer::closeAfterFailure);
      throw e;
    }
  }

  private static void closeAfterFailure(AutoCloseable resource) {
    try {
      resource.close();
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  private static void requireFitting(OpGraph graph, DataSplit data) {
    var train = data.train();
    var input = graph.inputShape();
    if (input.channels() != train.channels()
        || input.height() != train.height()
        || input.width() != train.width()
        || graph.output().shape().channels() != train.classes()) {
      throw new IllegalArgumentException(
          "%s has images [%d, %d, %d] of %d classes, the network takes [%d, %d, %d] of %d"
              .formatted(
                  train.name(),
                  train.channels(),
                  train.height(),
                  train.width(),
                  train.classes(),
                  input.channels(),
                  input.height(),
                  input.width(),
                  graph.output().shape().channels()));
    }
  }

  /** How a program takes its images. */
  public static BatchLayout layout(CompiledProgram program) {
    return program.channelsLast()
        ? BatchLayout.channelsLast(program.imageChannels())
        : BatchLayout.channelsFirst(program.imageChannels());
  }

  private static String hash(OpGraph graph) {
    MessageDigest digest = sha256();
    graph.nodes().forEach(node -> digest.update(node.toString().getBytes(StandardCharsets.UTF_8)));
    return HexFormat.of().formatHex(digest.digest(), 0, 8);
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  /** Each parameter from a stream of its own, in the order of its logical elements. */
  private void drawWeights() {
    List<Parameter> parameters = session.state().parameters();
    for (int i = 0; i < parameters.size(); i++) {
      Parameter parameter = parameters.get(i);
      double deviation = parameter.spec().standardDeviation();
      if (deviation > 0) {
        PhiloxStream random = streams.stream(Purpose.WEIGHTS, i, 0);
        double[] values = new double[Math.toIntExact(parameter.spec().elements())];
        for (int j = 0; j < values.length; j++) {
          values[j] = parameter.spec().mean() + deviation * random.nextGaussian();
        }
        session.state().set(Section.PARAMETERS, parameter.name(), values);
      }
    }
    startAverage();
  }

  private void startAverage() {
    if (session.state().averages()) {
      for (Parameter parameter : session.state().parameters()) {
        session
            .state()
            .set(
                Section.AVERAGE,
                parameter.name(),
                session.state().get(Section.PARAMETERS, parameter.name()));
      }
    }
  }

  /**
   * Sets parameters and running statistics by name; those not named keep their values.
   *
   * @throws IllegalArgumentException naming a tensor that the network does not have or that has
   *     another shape
   */
  public void setWeights(Map<String, NamedTensor> tensors) {
    Map<String, Parameter> byName = new LinkedHashMap<>();
    session.state().parameters().forEach(p -> byName.put(p.name(), p));
    session.state().states().forEach(p -> byName.put(p.name(), p));
    for (NamedTensor tensor : tensors.values()) {
      Parameter parameter = byName.get(tensor.name());
      if (parameter == null) {
        throw new IllegalArgumentException(
            "the network has no tensor '"
                + tensor.name()
                + "'; it begins with '"
                + byName.keySet().iterator().next()
                + "'");
      }
      if (!parameter.exportShape().equals(tensor.shape())) {
        throw new IllegalArgumentException(
            "tensor '"
                + tensor.name()
                + "' is "
                + tensor.shape()
                + ", the network's is "
                + parameter.exportShape());
      }
    }
    for (NamedTensor tensor : tensors.values()) {
      double[] values = new double[tensor.values().length];
      for (int i = 0; i < values.length; i++) {
        values[i] = tensor.values()[i];
      }
      session.state().set(sectionOf(byName.get(tensor.name())), tensor.name(), values);
    }
    startAverage();
  }

  private static Section sectionOf(Parameter parameter) {
    return parameter.value().section();
  }

  /** All parameters and running statistics by name, in the order of the network's buffers. */
  public Map<String, NamedTensor> weights() {
    Map<String, NamedTensor> tensors = new LinkedHashMap<>();
    for (List<Parameter> group : List.of(session.state().parameters(), session.state().states())) {
      for (Parameter parameter : group) {
        double[] values = session.state().get(sectionOf(parameter), parameter.name());
        float[] floats = new float[values.length];
        for (int i = 0; i < floats.length; i++) {
          floats[i] = (float) values[i];
        }
        tensors.put(
            parameter.name(), new NamedTensor(parameter.name(), parameter.exportShape(), floats));
      }
    }
    return tensors;
  }

  /**
   * The weights of a checkpoint, as {@link #weights} gives them once it is restored; no network is
   * needed.
   *
   * @param averaged the moving average of the parameters in place of the parameters
   * @throws CheckpointException if it holds no parameters, or no average where one is wanted
   */
  public static Map<String, NamedTensor> weights(Checkpoint checkpoint, boolean averaged) {
    Map<String, NamedTensor> tensors = new LinkedHashMap<>();
    Section parameters = averaged ? Section.AVERAGE : Section.PARAMETERS;
    for (Section section : List.of(parameters, Section.STATE)) {
      String prefix = key(section, "");
      checkpoint
          .sections()
          .forEach(
              (key, values) -> {
                if (key.startsWith(prefix)) {
                  String name = key.substring(prefix.length());
                  tensors.put(name, new NamedTensor(name, values.shape(), floats(values)));
                }
              });
      if (tensors.isEmpty()) {
        throw new CheckpointException(
            "checkpoint", averaged ? "has no averaged weights" : "has no weights");
      }
    }
    return tensors;
  }

  private static float[] floats(Checkpoint.Section section) {
    if (section instanceof Checkpoint.Floats floats) {
      return floats.values();
    }
    double[] values = ((Checkpoint.Doubles) section).values();
    float[] floats = new float[values.length];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = (float) values[i];
    }
    return floats;
  }

  /** SHA-256 over the float64 values of all parameters and running statistics in order. */
  public String weightsHash() {
    MessageDigest digest = sha256();
    for (List<Parameter> group : List.of(session.state().parameters(), session.state().states())) {
      for (Parameter parameter : group) {
        double[] values = session.state().get(sectionOf(parameter), parameter.name());
        ByteBuffer bytes = ByteBuffer.allocate(8 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asDoubleBuffer().put(values);
        digest.update(bytes);
      }
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  /** The compiled network. */
  public Session session() {
    return session;
  }

  /** Name and hash of the network, as checkpoints carry it. */
  public String fingerprint() {
    return fingerprint;
  }

  public long stepsPerEpoch() {
    return trainLoader.batchesPerEpoch();
  }

  public long stepsDone() {
    return step;
  }

  /** Epochs that have ended, evaluation and all. */
  public int epochsDone() {
    return epoch;
  }

  /** Speed of this process's training steps, evaluation not counted; NaN before the first epoch. */
  public double imagesPerSecond() {
    return trainedExamples / (trainingNanos / 1e9);
  }

  /** Asks the run to end after the step under way, with a checkpoint; from any thread. */
  public void requestStop() {
    stopRequested = true;
  }

  /**
   * Trains from the current point to the end of the settings, or until asked to stop.
   *
   * @throws DivergedException if a value is no longer finite; the parameters are those before the
   *     step
   */
  public TrainingResult train(TrainingListener listener) {
    // Steps may be used up within an epoch whose end, evaluation and all, is still to come.
    while (epoch < settings.epochs() && !stopRequested && !(stepsUsedUp() && position == 0)) {
      trainLoader.start(epoch, position);
      long started = System.nanoTime();
      for (Batch batch = trainLoader.next();
          batch != null && !stopRequested && !stepsUsedUp();
          batch = trainLoader.next()) {
        listener.stepDone(trainStep(batch));
        if (isCheckpointDue()) {
          save(listener, false);
        }
      }
      trainingNanos += System.nanoTime() - started;
      if (!stopRequested) {
        endEpoch(listener);
      }
    }
    if (stopRequested && savedStep != step) {
      save(listener, false);
    }
    return result();
  }

  private boolean stepsUsedUp() {
    return settings.maxSteps() > 0 && step >= settings.maxSteps();
  }

  private boolean isCheckpointDue() {
    if (position == trainLoader.batchesPerEpoch() || stepsUsedUp()) {
      return false; // The end of the epoch saves anyway.
    }
    double minutes = (System.nanoTime() - lastCheckpointNanos) / 60e9;
    return (settings.checkpointEverySteps() > 0 && step % settings.checkpointEverySteps() == 0)
        || (settings.checkpointEveryMinutes() > 0 && minutes >= settings.checkpointEveryMinutes());
  }

  private TrainingListener.Step trainStep(Batch batch) {
    CompiledProgram program = session.training();
    program.setImages(batch.images());
    program.setLabels(batch.labels());
    masks.draw(step);
    program.run();
    double loss = mean(program.losses());
    if (!Double.isFinite(loss)) {
      throw new DivergedException(step + 1, program.firstNonFinite().orElse("the loss"));
    }
    double norm = session.gradientNorm();
    if (!Double.isFinite(norm)) {
      throw new DivergedException(step + 1, firstNonFiniteGradient());
    }
    double clip = settings.gradientClip();
    double rate =
        settings
            .learningRate()
            .at(epoch + (double) position / trainLoader.batchesPerEpoch(), settings.epochs());
    session.update(
        rate,
        settings.momentum(),
        settings.weightDecay(),
        clip > 0 && norm > clip ? clip / norm : 1,
        settings.averageDecay());
    trainTally.add(program.logits(), batch.labels(), batch.size(), data.train().classes());
    trainedExamples += batch.size();
    step++;
    position++;
    epochLoss += loss;
    epochSteps++;
    return new TrainingListener.Step(step, epoch + 1, batch.size(), loss, rate, norm);
  }

  private String firstNonFiniteGradient() {
    for (Parameter parameter : session.state().parameters()) {
      for (double value : session.state().get(Section.GRADIENTS, parameter.name())) {
        if (!Double.isFinite(value)) {
          return "the gradient of " + parameter.name();
        }
      }
    }
    return "the norm of the gradients, which overflows";
  }

  private static double mean(double[] values) {
    double sum = 0;
    for (double value : values) {
      sum += value;
    }
    return sum / values.length;
  }

  private void endEpoch(TrainingListener listener) {
    lastTrainLoss = epochLoss / Math.max(1, epochSteps);
    double trainError = trainTally.isEmpty() ? Double.NaN : trainTally.top1Error();
    epoch++;
    position = 0;
    epochLoss = 0;
    epochSteps = 0;
    trainTally.clear();
    boolean last = epoch == settings.epochs() || stepsUsedUp();
    boolean evaluates =
        last || (settings.evaluateEvery() > 0 && epoch % settings.evaluateEvery() == 0);
    boolean best = false;
    if (evaluates) {
      lastTest = evaluate();
      best = !(lastTest.top1Error() >= minTestError);
      if (best) {
        minTestError = lastTest.top1Error();
        minTestErrorEpoch = epoch;
      }
    }
    listener.epochDone(
        new TrainingListener.EpochEnd(
            step,
            epoch,
            lastTrainLoss,
            trainError,
            evaluates ? Optional.of(lastTest) : Optional.empty()));
    save(listener, best);
  }

  /**
   * Evaluates the network, or its moving average if one is kept, on the test set. With precise
   * statistics they are computed first, from training batches of the current epoch.
   */
  public Evaluation evaluate() {
    if (settings.preciseStatistics()) {
      PreciseStatistics.compute(session.statistics(), trainLoader, session.state(), epoch);
    }
    CompiledProgram program = session.averageInference().orElse(session.inference());
    return Evaluation.of(program, testLoader, data.test().classes());
  }

  private TrainingResult result() {
    return new TrainingResult(
        !stopRequested || epoch == settings.epochs(),
        epoch,
        step,
        lastTrainLoss,
        lastTest.loss(),
        lastTest.top1Error(),
        lastTest.top5Error(),
        minTestError,
        minTestErrorEpoch,
        weightsHash());
  }

  private void save(TrainingListener listener, boolean best) {
    lastCheckpointNanos = System.nanoTime();
    savedStep = step;
    listener.checkpoint(checkpoint(), best);
  }

  /** The whole state of the run, to go on from with {@link #restore}. */
  public Checkpoint checkpoint() {
    Map<String, Checkpoint.Section> sections = new LinkedHashMap<>();
    NetworkState state = session.state();
    put(sections, Section.PARAMETERS, state.parameters());
    put(sections, Section.MOMENTUM, state.parameters());
    if (state.averages()) {
      put(sections, Section.AVERAGE, state.parameters());
    }
    put(sections, Section.STATE, state.states());
    sections.put(
        "progress",
        new Checkpoint.Doubles(
            new double[] {
              epochLoss,
              epochSteps,
              lastTrainLoss,
              lastTest.examples(),
              lastTest.loss(),
              lastTest.top1Error(),
              lastTest.top5Error(),
              minTestError,
              minTestErrorEpoch
            }));
    sections.put("tally", new Checkpoint.Longs(trainTally.toArray()));
    return new Checkpoint(
        fingerprint, streams.masterSeed(), epoch, step, position, Map.of(), sections);
  }

  private void put(
      Map<String, Checkpoint.Section> sections, Section section, List<Parameter> parameters) {
    for (Parameter parameter : parameters) {
      double[] values = session.state().get(section, parameter.name());
      sections.put(
          key(section, parameter.name()), exact(parameter.exportShape(), parameter, values));
    }
  }

  private static Checkpoint.Section exact(
      List<Integer> shape, Parameter parameter, double[] values) {
    if (parameter.value().type().sizeBytes() == Double.BYTES) {
      return new Checkpoint.Doubles(shape, values);
    }
    float[] floats = new float[values.length];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = (float) values[i];
    }
    return new Checkpoint.Floats(shape, floats);
  }

  private static String key(Section section, String parameter) {
    return section.name().toLowerCase(java.util.Locale.ROOT) + "/" + parameter;
  }

  /**
   * Goes back to a checkpoint of the same network.
   *
   * @throws CheckpointException if it is of another network or another seed
   */
  public void restore(Checkpoint checkpoint) {
    checkpoint.requireNetwork("checkpoint", fingerprint);
    if (checkpoint.seed() != streams.masterSeed()) {
      throw new CheckpointException(
          "checkpoint",
          "was written with seed " + checkpoint.seed() + ", this run has " + streams.masterSeed());
    }
    restoreWeights(checkpoint);
    NetworkState state = session.state();
    get(checkpoint, Section.MOMENTUM, state.parameters());
    if (state.averages()) {
      get(checkpoint, Section.AVERAGE, state.parameters());
    }
    epoch = checkpoint.epoch();
    step = checkpoint.step();
    savedStep = step;
    position = Math.toIntExact(checkpoint.positionInEpoch());
    double[] progress = checkpoint.doubles("progress");
    epochLoss = progress[0];
    epochSteps = (int) progress[1];
    lastTrainLoss = progress[2];
    lastTest = new Evaluation((int) progress[3], progress[4], progress[5], progress[6]);
    minTestError = progress[7];
    minTestErrorEpoch = (int) progress[8];
    trainTally.set(checkpoint.longs("tally"));
  }

  /** Takes parameters and running statistics of a checkpoint of the same network, nothing else. */
  public void restoreWeights(Checkpoint checkpoint) {
    checkpoint.requireNetwork("checkpoint", fingerprint);
    get(checkpoint, Section.PARAMETERS, session.state().parameters());
    get(checkpoint, Section.STATE, session.state().states());
    boolean averaged =
        session.state().averages()
            && session.state().parameters().stream()
                .allMatch(p -> checkpoint.sections().containsKey(key(Section.AVERAGE, p.name())));
    if (averaged) {
      get(checkpoint, Section.AVERAGE, session.state().parameters());
    } else {
      startAverage();
    }
  }

  private void get(Checkpoint checkpoint, Section section, List<Parameter> parameters) {
    for (Parameter parameter : parameters) {
      String key = key(section, parameter.name());
      double[] values;
      if (checkpoint.sections().get(key) instanceof Checkpoint.Doubles) {
        values = checkpoint.doubles(key);
      } else {
        float[] floats = checkpoint.floats(key);
        values = new double[floats.length];
        for (int i = 0; i < values.length; i++) {
          values[i] = floats[i];
        }
      }
      session.state().set(section, parameter.name(), values);
    }
  }

  @Override
  public void close() {
    trainLoader.close();
    testLoader.close();
    session.close();
  }

  /** The network being trained. */
  public OpGraph graph() {
    return graph;
  }
}
