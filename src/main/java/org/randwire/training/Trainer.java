// SPDX-License-Identifier: Apache-2.0
package org.randwire.training;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.randwire.backend.Backend;
import org.randwire.compile.CompiledProgram;
import org.randwire.compile.Parameter;
import org.randwire.compile.Session;
import org.randwire.data.Batch;
import org.randwire.data.BatchLayout;
import org.randwire.data.BatchLoader;
import org.randwire.data.DataSplit;
import org.randwire.data.LoaderSettings;
import org.randwire.data.UnreadableExamples;
import org.randwire.data.augment.Augmentation;
import org.randwire.op.OpGraph;
import org.randwire.op.Section;
import org.randwire.random.RandomStreams;
import org.randwire.tensor.NamedTensor;

/**
 * Trains one network. The result is a pure function of (network, data, settings, seed) on one kind
 * of device: neither the number of threads nor interruptions change a bit of it. Not thread-safe
 * but for {@link #requestStop}.
 */
public final class Trainer implements AutoCloseable {

  private static final String PROGRESS = "progress";
  private static final String TALLY = "tally";

  private final OpGraph graph;
  private final DataSplit data;
  private final TrainingSettings settings;
  private final RandomStreams streams;
  private final String fingerprint;
  private final Session session;
  private final BatchLoader trainLoader;
  private final BatchLoader testLoader;
  private final Masks masks;
  private final Weights weights;
  private final Evaluation.Tally trainTally = new Evaluation.Tally();
  private final UnreadableExamples unreadable;

  private long step;
  private int epoch;

  /** Updates of the epoch that are done. */
  private int position;

  private double epochLoss;
  private int epochSteps;
  private double lastTrainLoss = Double.NaN;
  private Evaluation lastTest = new Evaluation(0, Double.NaN, Double.NaN, Double.NaN, 0);
  private double minTestError = Double.NaN;
  private int minTestErrorEpoch;

  /** The step of the last checkpoint; -1 before the first. */
  private long savedStep = -1;

  private long lastCheckpointNanos = System.nanoTime();
  private long trainedExamples;
  private long trainingNanos;
  private long waitedNanos;
  private int lastUnreadable;
  private long epochNanos;
  private long epochWaitedNanos;

  /** The epoch whose batches are being prepared, from {@link #position} on; -1 for none. */
  private int startedEpoch = -1;

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
    requireFitting(graph, data, settings);
    this.graph = graph;
    this.data = data;
    unreadable = new UnreadableExamples(data.train());
    this.settings = settings;
    this.streams = new RandomStreams(seed);
    this.fingerprint = fingerprint(name, graph);
    this.session =
        Session.open(
            graph, settings.session(), backend, DatasetImages.of(data, augmentation, streams));
    List<AutoCloseable> opened = new ArrayList<>(List.of(session));
    try {
      int threads = settings.dataThreads();
      trainLoader =
          new BatchLoader(
              data.train(),
              augmentation,
              streams,
              loading(
                  session,
                  LoaderSettings.training(settings.batch(), threads, layout(session.training()))));
      opened.add(trainLoader);
      testLoader =
          new BatchLoader(
              data.test(),
              Augmentation.NONE,
              streams,
              loading(
                  session,
                  LoaderSettings.evaluation(
                      settings.evaluationBatch(), threads, layout(session.inference()))));
      opened.add(testLoader);
      masks = new Masks(graph, session.training(), settings.edgeDrop(), streams);
      weights = new Weights(session.state());
      weights.draw(streams);
    } catch (RuntimeException | Error e) {
      opened.forEach(Trainer::closeAfterFailure);
      throw e;
    }
  }

  /** How batches for {@link #fill} are loaded: without images where the device makes them. */
  public static LoaderSettings loading(Session session, LoaderSettings settings) {
    return session.holdsData() ? settings.withoutImages() : settings;
  }

  /** Hands a batch to a program: its images, or its examples where the device makes them. */
  public static void fill(CompiledProgram program, Batch batch) {
    if (batch.images().length == 0) {
      program.setExamples(batch.epoch(), batch.examples(), batch.size());
    } else {
      program.setImages(batch.images());
      program.setLabels(batch.labels());
    }
  }

  private static void closeAfterFailure(AutoCloseable resource) {
    try {
      resource.close();
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  private static void requireFitting(OpGraph graph, DataSplit data, TrainingSettings settings) {
    var train = data.train();
    if (settings.accumulate() > 1 && train.size() < settings.updateExamples()) {
      throw new IllegalArgumentException(
          "%s has %d examples, too few for an update of %d"
              .formatted(train.name(), train.size(), settings.updateExamples()));
    }
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

  /** What marks the checkpoints of a network: its short name with a hash of its ops. */
  public static String fingerprint(String name, OpGraph graph) {
    MessageDigest digest = sha256();
    graph.nodes().forEach(node -> digest.update(node.toString().getBytes(StandardCharsets.UTF_8)));
    return name + "#" + HexFormat.of().formatHex(digest.digest(), 0, 8);
  }

  static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  /**
   * The checkpoint of a run that starts from given weights, before its first step: what {@link
   * #checkpoint} gives then, without data or device.
   *
   * @param weights all parameters and running statistics by name
   * @param averages whether the run keeps a moving average of the parameters
   * @throws IllegalArgumentException naming a tensor that is missing, misshapen or not the
   *     network's
   */
  public static Checkpoint start(
      String name, OpGraph graph, Map<String, NamedTensor> weights, boolean averages, long seed) {
    Map<String, Checkpoint.Section> sections = Weights.start(graph, weights, averages);
    sections.put(
        PROGRESS,
        new Checkpoint.Doubles(
            new double[] {0, 0, Double.NaN, 0, Double.NaN, Double.NaN, Double.NaN, Double.NaN, 0}));
    sections.put(TALLY, new Checkpoint.Longs(new Evaluation.Tally().toArray()));
    return new Checkpoint(fingerprint(name, graph), seed, 0, 0, 0, Map.of(), sections);
  }

  /** The trained values. */
  public Weights weights() {
    return weights;
  }

  /** The compiled network. */
  public Session session() {
    return session;
  }

  /** Name and hash of the network, as checkpoints carry it. */
  public String fingerprint() {
    return fingerprint;
  }

  /** Updates of an epoch; batches left over for less than an update are left out. */
  public long stepsPerEpoch() {
    return trainLoader.batchesPerEpoch() / settings.accumulate();
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

  /**
   * How many examples could not be read in the last epoch: training examples, which were replaced,
   * and those that the last evaluation left out.
   */
  public int unreadable() {
    return lastUnreadable + lastTest.unreadable();
  }

  /** How long the steps of the last epoch took, or what this process did of it. */
  public double epochSeconds() {
    return epochNanos / 1e9;
  }

  /** How much of {@link #epochSeconds} steps waited for their batches. */
  public double epochWaitedSeconds() {
    return epochWaitedNanos / 1e9;
  }

  /** Share of this process's training time in which steps waited for data; NaN before any. */
  public double waitingShare() {
    return (double) waitedNanos / trainingNanos;
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
      if (startedEpoch != epoch) {
        trainLoader.start(epoch, position * settings.accumulate());
      }
      startedEpoch = -1;
      long started = System.nanoTime();
      long waited = trainLoader.waitedNanos();
      while (!isEpochUsedUp() && !stopRequested && !stepsUsedUp()) {
        listener.stepDone(trainStep());
        if (isCheckpointDue()) {
          save(listener, false);
        }
      }
      epochNanos = System.nanoTime() - started;
      epochWaitedNanos = trainLoader.waitedNanos() - waited;
      trainingNanos += epochNanos;
      waitedNanos += epochWaitedNanos;
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

  private boolean isEpochUsedUp() {
    return position == stepsPerEpoch();
  }

  private boolean isCheckpointDue() {
    if (isEpochUsedUp() || stepsUsedUp()) {
      return false; // The end of the epoch saves anyway.
    }
    double minutes = (System.nanoTime() - lastCheckpointNanos) / 60e9;
    return (settings.checkpointEverySteps() > 0 && step % settings.checkpointEverySteps() == 0)
        || (settings.checkpointEveryMinutes() > 0 && minutes >= settings.checkpointEveryMinutes());
  }

  private TrainingListener.Step trainStep() {
    double rate =
        settings.learningRate().at(epoch + (double) position / stepsPerEpoch(), settings.epochs());
    int examples = 0;
    double loss = 0;
    for (int part = 1; part <= settings.accumulate(); part++) {
      Batch batch = Objects.requireNonNull(trainLoader.next(), "the epoch has this batch");
      loss += runBatch(batch, part, rate) / settings.accumulate();
      examples += batch.size();
    }
    double norm = session.gradientNorm();
    if (!Double.isFinite(norm)) {
      throw new DivergedException(step + 1, firstNonFiniteGradient());
    }
    trainedExamples += examples;
    step++;
    position++;
    epochLoss += loss;
    epochSteps++;
    return new TrainingListener.Step(step, epoch + 1, examples, loss, rate, norm);
  }

  /** One batch of an update, and the update with the last one; the mean of its losses. */
  private double runBatch(Batch batch, int part, double rate) {
    unreadable.add(batch);
    CompiledProgram program = session.training();
    fill(program, batch);
    masks.draw(step * settings.accumulate() + part - 1, (double) epoch / settings.epochs());
    if (part < settings.accumulate()) {
      session.accumulate();
    } else {
      session.step(
          rate,
          settings.momentum(),
          settings.weightDecay(),
          settings.gradientClip(),
          settings.averageDecay());
    }
    double loss = mean(program.losses());
    if (!Double.isFinite(loss)) {
      throw new DivergedException(step + 1, program.firstNonFinite().orElse("the loss"));
    }
    trainTally.add(program.logits(), batch.labels(), batch.size(), data.train().classes());
    return loss;
  }

  private String firstNonFiniteGradient() {
    Section gradients = settings.accumulate() > 1 ? Section.MEAN_GRADIENTS : Section.GRADIENTS;
    for (Parameter parameter : session.state().parameters()) {
      for (double value : session.state().get(gradients, parameter.name())) {
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
    lastUnreadable = unreadable.count();
    unreadable.reset(0);
    boolean last = epoch == settings.epochs() || stepsUsedUp();
    boolean evaluates =
        last || (settings.evaluateEvery() > 0 && epoch % settings.evaluateEvery() == 0);
    boolean best = false;
    if (!last && !settings.preciseStatistics()) {
      // The next epoch's first batches are ready when the evaluation is done; precise statistics
      // need the loader themselves.
      trainLoader.start(epoch, 0);
      startedEpoch = epoch;
    }
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
            lastUnreadable,
            evaluates ? Optional.of(lastTest) : Optional.empty()));
    save(listener, best);
  }

  /**
   * Evaluates the network, or its moving average if one is kept, on the test set. With precise
   * statistics they are computed first, from training batches of the current epoch.
   */
  public Evaluation evaluate() {
    if (settings.preciseStatistics()) {
      startedEpoch = -1;
      CompiledProgram program = session.statistics().orElseThrow();
      PreciseStatistics.compute(program, trainLoader, session.state(), epoch);
    }
    return evaluateAsIs();
  }

  /** As {@link #evaluate}, with the running statistics there are. */
  Evaluation evaluateAsIs() {
    return Evaluation.of(evaluated(), testLoader, data.test());
  }

  /** The program that evaluates, with the moving average if one is kept. */
  CompiledProgram evaluated() {
    return session.averageInference().orElse(session.inference());
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
        weights.hash());
  }

  private void save(TrainingListener listener, boolean best) {
    lastCheckpointNanos = System.nanoTime();
    savedStep = step;
    listener.checkpoint(currentCheckpoint(), best);
  }

  /** The whole state of the run, to go on from with {@link #restore}. */
  public Checkpoint checkpoint() {
    return currentCheckpoint().loaded();
  }

  /** The same as long as no step is done: parameters are read when they are wanted. */
  private Checkpoint currentCheckpoint() {
    Map<String, Checkpoint.Section> sections = new LinkedHashMap<>();
    weights.save(sections);
    sections.put(
        PROGRESS,
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
              minTestErrorEpoch,
              unreadable.count(),
              lastTest.unreadable()
            }));
    sections.put(TALLY, new Checkpoint.Longs(trainTally.toArray()));
    return new Checkpoint(
        fingerprint, streams.masterSeed(), epoch, step, position, Map.of(), sections);
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
    weights.restore(checkpoint);
    epoch = checkpoint.epoch();
    step = checkpoint.step();
    savedStep = step;
    position = Math.toIntExact(checkpoint.positionInEpoch());
    double[] progress = checkpoint.doubles(PROGRESS);
    epochLoss = progress[0];
    epochSteps = (int) progress[1];
    lastTrainLoss = progress[2];
    boolean counts = progress.length > 9; // earlier versions did not count what is unreadable
    unreadable.reset(counts ? (int) progress[9] : 0);
    startedEpoch = -1;
    lastTest =
        new Evaluation(
            (int) progress[3],
            progress[4],
            progress[5],
            progress[6],
            counts ? (int) progress[10] : 0);
    minTestError = progress[7];
    minTestErrorEpoch = (int) progress[8];
    trainTally.set(checkpoint.longs(TALLY));
  }

  /**
   * Takes over the weights of a checkpoint of a network that differs in the size of its images
   * alone, to be evaluated at this size.
   *
   * @param network what marks the checkpoints of that network ({@link #fingerprint(String,
   *     OpGraph)})
   * @throws CheckpointException if it is of another network
   */
  public void restoreWeights(Checkpoint checkpoint, String network) {
    checkpoint.requireNetwork("checkpoint", network);
    weights.restore(checkpoint);
    epoch = checkpoint.epoch();
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
