// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;
import org.randwire.backend.Backend;
import org.randwire.cli.config.RunConfig;
import org.randwire.compile.CompiledProgram;
import org.randwire.compile.Profile;
import org.randwire.compile.Session;
import org.randwire.data.Batch;
import org.randwire.data.BatchLoader;
import org.randwire.data.DataSplit;
import org.randwire.data.LoaderSettings;
import org.randwire.data.Synthetic;
import org.randwire.data.augment.Augmentation;
import org.randwire.op.OpGraph;
import org.randwire.random.RandomStreams;
import org.randwire.tensor.TensorShape;
import org.randwire.training.Trainer;
import org.randwire.training.TrainingSettings;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code randwire bench}: how fast a network trains here, and what the time goes into. */
@Command(
    name = "bench",
    mixinStandardHelpOptions = true,
    description = {
      "Measure how fast a network trains here.",
      "A step on made-up images, without a data set: images in, forward, backward,"
          + " gradient norm, update."
    })
final class BenchCommand implements Callable<Integer> {

  /** Profiled steps: enough for a mean, few enough not to take as long as the measurement. */
  private static final int MOST_PROFILED_STEPS = 10;

  @Mixin private final ConfigArguments arguments = new ConfigArguments();

  @Mixin private final ResultOutput output = new ResultOutput();

  @Option(
      names = "--steps",
      paramLabel = "N",
      defaultValue = "20",
      description = "Steps to measure; ${DEFAULT-VALUE} if not given.")
  private int steps;

  @Option(
      names = "--warmup",
      paramLabel = "N",
      defaultValue = "5",
      description = "Steps before them, which are not measured; ${DEFAULT-VALUE} if not given.")
  private int warmup;

  @Option(
      names = "--trace",
      paramLabel = "FILE",
      description = {
        "Write forward and backward of one step, run after the measured ones, as a Chrome trace,",
        "for chrome://tracing and ui.perfetto.dev: what each worker did of each kernel call."
      })
  private @Nullable Path trace;

  /** Durations of one step in milliseconds. */
  private record StepTime(double input, double forwardBackward, double update) {
    double total() {
      return input + forwardBackward + update;
    }
  }

  /**
   * What the workers did in the profiled steps.
   *
   * @param kernelNanos of all workers together
   * @param workerNanos duration of the steps times the number of workers
   * @param last the last of them
   */
  private record Breakdown(
      int steps, Map<String, Long> kernelNanos, long workerNanos, Profile last) {

    long waitingNanos() {
      return workerNanos - kernelNanos.values().stream().mapToLong(Long::longValue).sum();
    }
  }

  @Override
  public Integer call() throws IOException {
    if (steps < 1 || warmup < 0) {
      throw new CliException(
          ExitStatus.USAGE,
          "--steps must be at least 1 and --warmup at least 0, got " + steps + " and " + warmup);
    }
    if (trace != null) {
      ChromeTrace.requirePlace(trace);
    }
    RunAssembly assembly = new RunAssembly(arguments.load());
    OpGraph network = assembly.network(assembly.stageGraphs());
    DataSplit images = images(assembly);
    try (Backend backend = assembly.backend();
        Trainer trainer = assembly.trainer(network, backend, images)) {
      measure(assembly, backend, trainer.session(), images);
    }
    return ExitStatus.DONE.code();
  }

  /** One batch of made-up images in the shape of the network's. */
  private static DataSplit images(RunAssembly assembly) {
    TensorShape shape = assembly.imageShape();
    RunConfig config = assembly.config();
    return new Synthetic(
            new RandomStreams(config.seed()),
            shape.channels(),
            shape.height(),
            shape.width(),
            assembly.classes())
        .split(config.data().batch(), 1);
  }

  private void measure(RunAssembly assembly, Backend backend, Session session, DataSplit images)
      throws IOException {
    RunConfig config = assembly.config();
    CompiledProgram program = session.training();
    LoaderSettings loading =
        Trainer.loading(
            session, LoaderSettings.training(config.data().batch(), 1, Trainer.layout(program)));
    try (BatchLoader loader =
        new BatchLoader(
            images.train(), Augmentation.NONE, new RandomStreams(config.seed()), loading)) {
      loader.start(0, 0);
      Batch batch = loader.next();
      StepTime[] times = new StepTime[steps];
      for (int i = -warmup; i < steps; i++) {
        StepTime time = step(session, batch, assembly.settings(), config);
        if (i >= 0) {
          times[i] = time;
        }
      }
      requireFinite(program);
      Breakdown breakdown = profile(program, backend.workers());
      if (trace != null) {
        String title =
            config.network().name()
                + ", batch "
                + config.data().batch()
                + ", "
                + Devices.precision(backend);
        ChromeTrace.write(trace, title, breakdown.last().spans(), backend.workers());
        output.note("trace written to " + trace);
      }
      report(config, backend, times, breakdown);
    }
  }

  /** As the trainer does it, without what it writes down. */
  private static StepTime step(
      Session session, Batch batch, TrainingSettings settings, RunConfig config) {
    long start = System.nanoTime();
    Trainer.fill(session.training(), batch);
    long filled = System.nanoTime();
    session.training().run();
    long computed = System.nanoTime();
    session.update(
        config.training().schedule().base(),
        settings.momentum(),
        settings.weightDecay(),
        settings.gradientClip(),
        settings.averageDecay());
    session.gradientNorm(); // Waits for a device that has only been told.
    long updated = System.nanoTime();
    return new StepTime(
        (filled - start) / 1e6, (computed - filled) / 1e6, (updated - computed) / 1e6);
  }

  /** Arithmetic on values that are not finite may take another time than training does. */
  private void requireFinite(CompiledProgram program) {
    if (!Double.isFinite(Arrays.stream(program.losses()).sum())) {
      throw new CliException(
          ExitStatus.DIVERGED,
          "the loss is no longer finite after "
              + (warmup + steps)
              + " steps, so their time says nothing; lower training.schedule.base");
    }
  }

  private Breakdown profile(CompiledProgram program, int workers) {
    int profiled = Math.min(steps, MOST_PROFILED_STEPS);
    Map<String, Long> nanos = new TreeMap<>();
    long workerNanos = 0;
    Profile profile = program.profile();
    for (int i = 0; i < profiled; i++) {
      profile = program.profile();
      profile.nanosByKernel().forEach((kernel, spent) -> nanos.merge(kernel, spent, Long::sum));
      workerNanos +=
          workers * profile.events().stream().mapToLong(Profile.Event::endNanos).max().orElse(0);
    }
    return new Breakdown(profiled, nanos, workerNanos, profile);
  }

  // Results

  private void report(RunConfig config, Backend backend, StepTime[] times, Breakdown breakdown) {
    double median = quantile(times, 0.5, StepTime::total);
    double imagesPerSecond = 1000 * config.data().batch() / median;
    Map<String, Object> result = new LinkedHashMap<>();
    result.put("imagesPerSecond", imagesPerSecond);
    result.put("msPerStep", median);
    result.put("msPerStepLowerQuartile", quantile(times, 0.25, StepTime::total));
    result.put("msPerStepUpperQuartile", quantile(times, 0.75, StepTime::total));
    result.put("steps", steps);
    result.put("warmup", warmup);
    result.put("network", config.network().name());
    result.put("batch", config.data().batch());
    result.put("device", backend.name());
    result.put("deviceDescription", backend.description());
    result.put("precision", Devices.precision(backend));
    result.put("threads", backend.workers());
    result.put("msImages", quantile(times, 0.5, StepTime::input));
    result.put("msForwardBackward", quantile(times, 0.5, StepTime::forwardBackward));
    result.put("msUpdate", quantile(times, 0.5, StepTime::update));
    result.put("profiledSteps", breakdown.steps());
    result.put("kernels", kernels(breakdown));
    result.put("waitingShare", breakdown.waitingNanos() / (double) breakdown.workerNanos());
    result.put("version", Version.release());
    result.put("commit", Version.commit());
    output.print(
        result,
        out -> {
          step(out, config, backend, times, imagesPerSecond);
          kernels(out, breakdown);
        });
  }

  /** Linear between the two measurements around it. */
  private static double quantile(StepTime[] times, double q, ToDoubleFunction<StepTime> part) {
    double[] sorted = Arrays.stream(times).mapToDouble(part).sorted().toArray();
    double at = q * (sorted.length - 1);
    int below = (int) at;
    int above = Math.min(below + 1, sorted.length - 1);
    return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
  }

  private static Map<String, Object> kernels(Breakdown breakdown) {
    Map<String, Object> kernels = new LinkedHashMap<>();
    for (Map.Entry<String, Long> kernel : longestFirst(breakdown)) {
      Map<String, Object> values = new LinkedHashMap<>();
      values.put("share", kernel.getValue() / (double) breakdown.workerNanos());
      values.put("workerMsPerStep", kernel.getValue() / 1e6 / breakdown.steps());
      kernels.put(kernel.getKey(), values);
    }
    return kernels;
  }

  private static List<Map.Entry<String, Long>> longestFirst(Breakdown breakdown) {
    return breakdown.kernelNanos().entrySet().stream()
        .sorted(Map.Entry.<String, Long>comparingByValue().reversed())
        .toList();
  }

  private void step(
      PrintWriter out,
      RunConfig config,
      Backend backend,
      StepTime[] times,
      double imagesPerSecond) {
    out.printf(
        Locale.ROOT,
        "%s, batch %d, %s on %s:%n%s%n%n",
        config.network().name(),
        config.data().batch(),
        Devices.precision(backend),
        backend.name(),
        backend.description());
    out.printf(
        Locale.ROOT,
        "%.2f ms per step (median of %d; quartiles %.2f and %.2f): %,.0f images/s%n",
        quantile(times, 0.5, StepTime::total),
        steps,
        quantile(times, 0.25, StepTime::total),
        quantile(times, 0.75, StepTime::total),
        imagesPerSecond);
    String row = "  %-20s %9.2f ms%n";
    out.printf(Locale.ROOT, row, "images in", quantile(times, 0.5, StepTime::input));
    out.printf(
        Locale.ROOT, row, "forward, backward", quantile(times, 0.5, StepTime::forwardBackward));
    out.printf(Locale.ROOT, row, "gradient norm, update", quantile(times, 0.5, StepTime::update));
  }

  private static void kernels(PrintWriter out, Breakdown breakdown) {
    out.printf(
        "%nForward, backward by kernel: time of all workers, mean of %d profiled steps%n",
        breakdown.steps());
    for (Map.Entry<String, Long> kernel : longestFirst(breakdown)) {
      kernel(out, breakdown, kernel.getKey(), kernel.getValue());
    }
    kernel(out, breakdown, "(workers waiting)", breakdown.waitingNanos());
  }

  private static void kernel(PrintWriter out, Breakdown breakdown, String name, long nanos) {
    out.printf(
        Locale.ROOT,
        "%9.2f ms %5.1f %%  %s%n",
        nanos / 1e6 / breakdown.steps(),
        100.0 * nanos / breakdown.workerNanos(),
        name);
  }
}
