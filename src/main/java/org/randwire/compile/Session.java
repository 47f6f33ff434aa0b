// SPDX-License-Identifier: Apache-2.0
package org.randwire.compile;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.randwire.backend.Backend;
import org.randwire.backend.Buffer;
import org.randwire.backend.OutOfDeviceMemoryException;
import org.randwire.backend.Recording;
import org.randwire.op.Mode;
import org.randwire.op.OpGraph;
import org.randwire.op.Section;
import org.randwire.op.SoftmaxCrossEntropy;

/**
 * A network compiled for training on one device: the training step, evaluation, batch statistics if
 * asked for, and the update, over one set of parameters and one arena. All memory is taken when the
 * session opens and given back when it closes; steps allocate nothing on the device. Not
 * thread-safe.
 */
public final class Session implements AutoCloseable {

  /**
   * What a network is compiled for.
   *
   * @param batch examples of one step
   * @param evaluationBatch examples of one evaluation run
   * @param fusion whether chains of ops may be fused; off to compare with the plain plan
   * @param nesterov Nesterov's form of momentum
   * @param decaysAll weight decay on every parameter; on filters and matrices only otherwise
   * @param averages whether an exponential moving average of the parameters is kept
   * @param accumulate batches whose gradients are averaged for one update
   * @param recompute whether activations are dropped and computed again for the gradients, which
   *     have the same bits: less memory, more time
   * @param statistics whether {@link Session#statistics} is compiled too
   */
  public record Options(
      int batch,
      int evaluationBatch,
      double labelSmoothing,
      boolean fusion,
      boolean nesterov,
      boolean decaysAll,
      boolean averages,
      int accumulate,
      boolean recompute,
      boolean statistics) {

    public Options {
      if (batch < 1 || evaluationBatch < 1 || accumulate < 1) {
        throw new IllegalArgumentException(
            "batches, and how many of them make an update, must be at least 1, got "
                + batch
                + ", "
                + evaluationBatch
                + ", "
                + accumulate);
      }
    }

    /** An update for each batch, nothing recomputed, no batch statistics. */
    public Options(
        int batch,
        int evaluationBatch,
        double labelSmoothing,
        boolean fusion,
        boolean nesterov,
        boolean decaysAll,
        boolean averages) {
      this(
          batch,
          evaluationBatch,
          labelSmoothing,
          fusion,
          nesterov,
          decaysAll,
          averages,
          1,
          false,
          false);
    }

    public Options withAccumulate(int batches) {
      return with(batch, evaluationBatch, batches, recompute, statistics);
    }

    public Options withRecompute(boolean on) {
      return with(batch, evaluationBatch, accumulate, on, statistics);
    }

    public Options withStatistics(boolean on) {
      return with(batch, evaluationBatch, accumulate, recompute, on);
    }

    /** Fused, plain momentum, decay on everything, no average. */
    public static Options of(int batch, double labelSmoothing) {
      return new Options(batch, batch, labelSmoothing, true, false, true, false);
    }

    private Options withBatchAtMost(int largest) {
      return with(
          Math.min(batch, largest),
          Math.min(evaluationBatch, largest),
          accumulate,
          recompute,
          statistics);
    }

    private Options with(
        int newBatch,
        int newEvaluationBatch,
        int newAccumulate,
        boolean newRecompute,
        boolean newStatistics) {
      return new Options(
          newBatch,
          newEvaluationBatch,
          labelSmoothing,
          fusion,
          nesterov,
          decaysAll,
          averages,
          newAccumulate,
          newRecompute,
          newStatistics);
    }
  }

  /**
   * The images a network is trained and evaluated on, which a device may hold.
   *
   * @param training for the training step and batch statistics
   * @param evaluation for evaluation
   */
  public record Data(ImageSource training, ImageSource evaluation) {
    long sizeBytes() {
      return DeviceImages.sizeBytes(training.shape()) + DeviceImages.sizeBytes(evaluation.shape());
    }
  }

  private final Executor executor;
  private final NetworkState state;
  private final Buffer arena;
  private final CompiledProgram training;
  private final CompiledProgram inference;
  private final @Nullable CompiledProgram statistics;
  private final @Nullable CompiledProgram average;
  private final Update update;

  private final List<DeviceImages> data = new ArrayList<>();

  private final int accumulate;

  /** Batches whose gradients wait for the update. */
  private int accumulated;

  /**
   * Training and what follows as one command, where the device offers it; behind the plan that
   * makes the batch, if the session holds a data set.
   */
  private final @Nullable Recording step;

  private final @Nullable Recording part;

  private Session(Plans plans, Options options, Backend backend, @Nullable Data held) {
    var closing = new java.util.ArrayDeque<AutoCloseable>();
    try {
      executor = push(closing, new Executor(backend));
      state = push(closing, new NetworkState(plans.training.program(), options, backend));
      arena = push(closing, backend.allocate(plans.arenaBytes(backend.workers())));
      training = push(closing, program(plans.training, backend, Section.PARAMETERS));
      inference = push(closing, program(plans.inference, backend, Section.PARAMETERS));
      Section evaluated = options.averages() ? Section.AVERAGE : Section.PARAMETERS;
      statistics =
          plans.statistics != null
              ? push(closing, program(plans.statistics, backend, evaluated))
              : null;
      average =
          options.averages()
              ? push(closing, program(plans.inference, backend, Section.AVERAGE))
              : null;
      update =
          push(
              closing,
              new Update(
                  plans.training.program(),
                  state,
                  training.lossSlice(),
                  options,
                  backend,
                  executor));
      if (held != null && held.sizeBytes() <= backend.dataBytes()) {
        int classes = plans.training.program().logits().shape().channels();
        DeviceImages trained = push(closing, new DeviceImages(held.training(), classes, backend));
        data.add(trained);
        training.attach(trained);
        if (statistics != null) {
          statistics.attach(trained);
        }
        DeviceImages tested = push(closing, new DeviceImages(held.evaluation(), classes, backend));
        data.add(tested);
        inference.attach(tested);
        if (average != null) {
          average.attach(tested);
        }
      }
      accumulate = options.accumulate();
      step = recorded(closing, update.plan(), backend);
      part = accumulate > 1 ? recorded(closing, update.mean(), backend) : null;
    } catch (RuntimeException | Error e) {
      closing.forEach(Session::closeQuietly);
      throw e;
    }
  }

  private @Nullable Recording recorded(
      java.util.ArrayDeque<AutoCloseable> closing, ExecutionPlan next, Backend backend) {
    List<ExecutionPlan> whole = new ArrayList<>(training.feed().stream().toList());
    whole.addAll(List.of(training.execution(), next));
    Recording recording = ExecutionPlan.record(whole, backend).orElse(null);
    if (recording != null) {
      closing.push(recording::close);
    }
    return recording;
  }

  private CompiledProgram program(CompiledProgram.Plan plan, Backend backend, Section weights) {
    return new CompiledProgram(plan, backend, executor, state, arena, weights);
  }

  private static <T extends AutoCloseable> T push(
      java.util.ArrayDeque<AutoCloseable> stack, T resource) {
    stack.push(resource);
    return resource;
  }

  private static void closeQuietly(AutoCloseable resource) {
    try {
      resource.close();
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  /** The plans of all programs, before any memory is taken. */
  private record Plans(
      CompiledProgram.Plan training,
      CompiledProgram.Plan inference,
      CompiledProgram.@Nullable Plan statistics) {

    static Plans of(OpGraph graph, Options options, Backend backend) {
      SoftmaxCrossEntropy smoothed = new SoftmaxCrossEntropy(options.labelSmoothing());
      SoftmaxCrossEntropy plain = new SoftmaxCrossEntropy(0);
      Plans plans =
          new Plans(
              plan(graph, options.batch(), Mode.TRAINING, smoothed, options, backend),
              plan(graph, options.evaluationBatch(), Mode.INFERENCE, plain, options, backend),
              options.statistics()
                  ? plan(graph, options.batch(), Mode.STATISTICS, plain, options, backend)
                  : null);
      return plans.evaluationDecides() ? plans.withLeastEvaluation(backend) : plans;
    }

    /** Whether the arena would be smaller if evaluation needed less. */
    private boolean evaluationDecides() {
      long bytes = inference.memory().arenaBytes();
      return bytes > training.memory().arenaBytes()
          && (statistics == null || bytes > statistics.memory().arenaBytes());
    }

    /**
     * Nodes one after the other where that takes less memory. Nodes side by side fill many cores
     * with few examples, so they stay so where less memory would save none.
     */
    private Plans withLeastEvaluation(Backend backend) {
      CompiledProgram.Plan ordered = inference.ordered(backend);
      return ordered.memory().arenaBytes() < inference.memory().arenaBytes()
          ? new Plans(training, ordered, statistics)
          : this;
    }

    private static CompiledProgram.Plan plan(
        OpGraph graph,
        int batch,
        Mode mode,
        SoftmaxCrossEntropy loss,
        Options options,
        Backend backend) {
      Program lowered = Lowering.lower(graph, batch, mode, loss, backend);
      return CompiledProgram.Plan.of(lowered, options, backend);
    }

    long arenaBytes(int workers) {
      return all().mapToLong(plan -> bytes(plan, workers)).max().orElseThrow();
    }

    /** The bytes that belong to one program alone, of all of them. */
    long hostFilledBytes(Backend backend) {
      return all().mapToLong(plan -> plan.hostFilledBytes(backend.parameterType())).sum();
    }

    private Stream<CompiledProgram.Plan> all() {
      return Stream.of(training, inference, statistics).filter(Objects::nonNull);
    }

    private static long bytes(CompiledProgram.Plan plan, int workers) {
      return Math.max(
          64, plan.memory().arenaBytes() + workers * plan.memory().workerScratchBytes());
    }
  }

  /** Device memory a session would take. */
  public record Forecast(long arenaBytes, long stateBytes, long batchBytes) {
    public long totalBytes() {
      return arenaBytes + stateBytes + batchBytes;
    }
  }

  private static Forecast forecast(Plans plans, Options options, Backend backend) {
    Map<Section, Long> sizes =
        NetworkState.sizes(plans.training.program(), options, backend.parameterType());
    return new Forecast(
        plans.arenaBytes(backend.workers()),
        sizes.values().stream().mapToLong(Long::longValue).sum(),
        plans.hostFilledBytes(backend));
  }

  /**
   * The training step and the memory that {@link #open} would take, without taking it.
   *
   * @param evaluation what evaluation needs in two orders of its nodes
   * @param traffic of forward and backward; the update is not in it
   * @param planNanos what it took to compile the training step, evaluation, and batch statistics if
   *     they are asked for
   */
  public record Description(
      CompiledProgram.Summary trainingStep,
      Evaluation evaluation,
      Traffic traffic,
      Forecast forecast,
      long planNanos) {}

  /**
   * The arena of evaluation.
   *
   * @param levelsBytes with all nodes side by side that can be, as early as they can
   * @param orderedBytes with one node after the other, in the order found for least memory
   * @param isOrdered whether the session takes that order: where evaluation would otherwise decide
   *     the size of the arena
   */
  public record Evaluation(long levelsBytes, long orderedBytes, boolean isOrdered) {}

  private static Evaluation evaluation(Plans plans, OpGraph graph, Options o, Backend backend) {
    CompiledProgram.Plan levels =
        Plans.plan(
            graph, o.evaluationBatch(), Mode.INFERENCE, new SoftmaxCrossEntropy(0), o, backend);
    return new Evaluation(
        levels.memory().arenaBytes(),
        levels.ordered(backend).memory().arenaBytes(),
        plans.inference.memory().arenaBytes() < levels.memory().arenaBytes());
  }

  /** Compiles without taking memory. */
  public static Description describe(OpGraph graph, Options options, Backend backend) {
    backend.prepareWorker(); // As open does; it loads libraries, which is not planning.
    long start = System.nanoTime();
    Plans plans = Plans.of(graph, options, backend);
    long planNanos = System.nanoTime() - start;
    return new Description(
        plans.training.summary(),
        evaluation(plans, graph, options, backend),
        Traffic.of(plans.training.program(), graph, backend),
        forecast(plans, options, backend),
        planNanos);
  }

  /**
   * Compiles {@code graph} and takes the memory.
   *
   * @throws OutOfDeviceMemoryException if the forecast exceeds what the device has; nothing is
   *     taken then
   * @throws UnsupportedOperationException if the device has no kernel for an op
   */
  public static Session open(OpGraph graph, Options options, Backend backend) {
    return open(graph, options, backend, null);
  }

  /**
   * The same, with the data set copied to the device if it makes batches there and has room beside
   * the network: {@link #holdsData} says whether it was.
   *
   * @throws IllegalArgumentException if a label is not one of the network's classes
   */
  public static Session open(OpGraph graph, Options options, Backend backend, @Nullable Data data) {
    backend.prepareWorker();
    Plans plans = Plans.of(graph, options, backend);
    Forecast forecast = forecast(plans, options, backend);
    long available = backend.availableBytes();
    if (forecast.totalBytes() > available) {
      throw new OutOfDeviceMemoryException(
          String.format(
              Locale.ROOT,
              "training with batch %d and evaluating with %d needs %.2f GiB (activations %.2f,"
                  + " parameters %.2f) and %.2f are free; %s",
              options.batch(),
              options.evaluationBatch(),
              gib(forecast.totalBytes()),
              gib(forecast.arenaBytes()),
              gib(forecast.stateBytes()),
              gib(available),
              advice(graph, options, backend, available)));
    }
    return new Session(plans, options, backend, data);
  }

  /** What fits, found by compiling: neither arena nor scratch is linear in the batch. */
  private static String advice(OpGraph graph, Options options, Backend backend, long available) {
    Options less = options.withRecompute(true);
    if (options.recompute() || !fits(graph, less, backend, available)) {
      return batchAdvice(graph, options, backend, available);
    }
    return "with recompute: true it would fit; " + batchAdvice(graph, options, backend, available);
  }

  private static boolean fits(OpGraph graph, Options options, Backend backend, long available) {
    Plans plans = Plans.of(graph, options, backend);
    return forecast(plans, options, backend).totalBytes() <= available;
  }

  private static String batchAdvice(
      OpGraph graph, Options options, Backend backend, long available) {
    int fits = 0;
    int tooLarge = Math.max(options.batch(), options.evaluationBatch());
    while (tooLarge - fits > Math.max(1, fits / 16)) {
      int middle = fits + (tooLarge - fits) / 2;
      if (fits(graph, options.withBatchAtMost(middle), backend, available)) {
        fits = middle;
      } else {
        tooLarge = middle;
      }
    }
    if (fits == 0) {
      return "not even batch 1 would fit";
    }
    Options fitting = options.withBatchAtMost(fits);
    int parts = Math.floorDiv(options.batch() + fitting.batch() - 1, fitting.batch());
    int accumulate = options.accumulate() * parts;
    boolean accumulates =
        parts > 1 && fits(graph, fitting.withAccumulate(accumulate), backend, available);
    return "batch "
        + fitting.batch()
        + " with evaluation batch "
        + fitting.evaluationBatch()
        + " would fit"
        + (accumulates
            ? ", and with training.accumulate: " + accumulate + " make updates of no fewer examples"
            : "");
  }

  private static double gib(long bytes) {
    return bytes / (double) (1L << 30);
  }

  /**
   * Whether the data set lies on the device, so that programs take their batches by {@link
   * CompiledProgram#setExamples}.
   */
  public boolean holdsData() {
    return !data.isEmpty();
  }

  public NetworkState state() {
    return state;
  }

  /** Forward and backward; fills the gradients and updates the running statistics. */
  public CompiledProgram training() {
    return training;
  }

  /** Forward with running statistics. */
  public CompiledProgram inference() {
    return inference;
  }

  /** Forward with running statistics and the moving average of the parameters, if one is kept. */
  public Optional<CompiledProgram> averageInference() {
    return Optional.ofNullable(average);
  }

  /**
   * Forward with batch statistics, for precise batch normalisation, with the weights that are
   * evaluated: the moving average if one is kept. Empty where {@link Options#statistics} is off.
   */
  public Optional<CompiledProgram> statistics() {
    return Optional.ofNullable(statistics);
  }

  /** The Euclidean norm of the gradients at the last step or update, averaged over its batches. */
  public double gradientNorm() {
    return update.gradientNorm();
  }

  /**
   * One training run whose gradients wait for those of the next; {@link #step} does the last of the
   * {@code accumulate} batches of an update and the update. Batch statistics are those of each
   * batch, and each changes the running statistics.
   *
   * @throws IllegalStateException if no batch but the last is missing
   */
  public void accumulate() {
    if (accumulated + 1 >= accumulate) {
      throw new IllegalStateException(
          accumulated + " of " + accumulate + " batches wait already; the next makes an update");
    }
    update.setMean(++accumulated);
    if (part != null && isAsRecorded()) {
      part.run();
    } else {
      training.run();
      update.runMean();
    }
  }

  /**
   * One training run and the update with its gradients, or with the mean of them and of those that
   * were {@linkplain #accumulate accumulated}: one command where the device can record them. If a
   * loss or a gradient is not finite, parameters, momentum and average stay as they are.
   *
   * @param gradientClip norm to which larger gradients are scaled; 0 for none
   * @param averageDecay what the moving average keeps of itself
   * @throws IllegalStateException if batches of the update are missing
   */
  public void step(
      double learningRate,
      double momentum,
      double weightDecay,
      double gradientClip,
      double averageDecay) {
    endAccumulation();
    update.set(learningRate, momentum, weightDecay, gradientClip, averageDecay);
    if (step != null && isAsRecorded()) {
      step.run();
    } else {
      training.run();
      update.run();
    }
  }

  /** The second half of {@link #step}, with the gradients of the last training run. */
  public void update(
      double learningRate,
      double momentum,
      double weightDecay,
      double gradientClip,
      double averageDecay) {
    endAccumulation();
    update.set(learningRate, momentum, weightDecay, gradientClip, averageDecay);
    update.run();
  }

  /** Whether the batch is one that the recorded command makes, or none is made by it. */
  private boolean isAsRecorded() {
    return training.feeding().isPresent() == holdsData();
  }

  private void endAccumulation() {
    if (accumulated + 1 != accumulate) {
      throw new IllegalStateException(
          "an update is of " + accumulate + " batches, " + accumulated + " wait");
    }
    accumulated = 0;
    if (accumulate > 1) {
      update.setMean(accumulate);
    }
  }

  @Override
  public void close() {
    if (part != null) {
      part.close();
    }
    if (step != null) {
      step.close();
    }
    update.close();
    if (average != null) {
      average.close();
    }
    if (statistics != null) {
      statistics.close();
    }
    inference.close();
    training.close();
    data.forEach(DeviceImages::close);
    arena.close();
    state.close();
    executor.close();
  }
}
