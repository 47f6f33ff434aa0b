// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.randwire.backend.Backend;
import org.randwire.cli.config.LoadedConfig;
import org.randwire.cli.config.RunConfig;
import org.randwire.export.Safetensors;
import org.randwire.op.OpGraph;
import org.randwire.training.Checkpoint;
import org.randwire.training.CheckpointStore;
import org.randwire.training.DivergedException;
import org.randwire.training.MetricsLog;
import org.randwire.training.Trainer;
import org.randwire.training.TrainingListener;
import org.randwire.training.TrainingResult;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code randwire train}: one network from the first step to the last. */
@Command(
    name = "train",
    mixinStandardHelpOptions = true,
    description = {
      "Train one network.",
      "Without arguments: a RandWire WS(4, 0.75) network on the bundled MNIST, a minute",
      "or two."
    })
final class TrainCommand implements Callable<Integer> {

  /** How long the end of the process waits for the checkpoint. */
  private static final int CHECKPOINT_SECONDS = 10;

  private final CrashLog crashes;

  @SuppressWarnings("NullAway.Init") // set by picocli
  @Spec
  private CommandSpec spec;

  @Mixin private final ConfigArguments arguments = new ConfigArguments();

  @Mixin private final ResultOutput output = new ResultOutput();

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FOLDER",
      description = "Folder of the run; runs/NAME-TIME if not given.")
  private @Nullable Path newFolder;

  @Option(
      names = "--resume",
      paramLabel = "RUN",
      description = "Go on with the run in this folder from its newest checkpoint.")
  private @Nullable Path resume;

  TrainCommand(CrashLog crashes) {
    this.crashes = crashes;
  }

  @Override
  public Integer call() throws IOException {
    if (resume != null && (!arguments.isEmpty() || newFolder != null)) {
      throw new CliException(
          ExitStatus.USAGE, "--resume takes the configuration of its run; leave the others out");
    }
    LoadedConfig loaded =
        resume != null ? RunFolder.containing(resume).load(List.of()) : arguments.load();
    RunAssembly assembly = new RunAssembly(loaded);
    OpGraph graph = assembly.network(assembly.stageGraphs());
    try (Backend backend = assembly.backend();
        Trainer trainer = assembly.trainer(graph, backend, assembly.data())) {
      return run(loaded, backend, trainer);
    }
  }

  private int run(LoadedConfig loaded, Backend backend, Trainer trainer) throws IOException {
    RunConfig config = loaded.config();
    RunFolder folder;
    if (resume != null) {
      folder = new RunFolder(resume);
      if (!restore(folder, trainer)) {
        initialise(loaded, trainer);
      }
    } else {
      initialise(loaded, trainer);
      folder = RunFolder.create(newFolder != null ? newFolder : defaultFolder(config), loaded);
    }
    crashes.moveTo(folder.log());
    PrintWriter err = spec.commandLine().getErr();
    String start =
        String.format(
            Locale.ROOT,
            "%s on %s: %,d parameters, %.1f M multiply-adds",
            config.network().name(),
            backend.description(),
            trainer.graph().parameterCount(),
            trainer.graph().multiplyAdds() / 1e6);
    err.println(start + "; " + folder.path());
    folder.log("randwire " + Version.release() + " " + Version.commit());
    folder.log(start + "; from step " + trainer.stepsDone());
    try (StopHook hook = new StopHook(trainer::requestStop, CHECKPOINT_SECONDS)) {
      return train(config, backend, trainer, folder, err);
    }
  }

  private int train(
      RunConfig config, Backend backend, Trainer trainer, RunFolder folder, PrintWriter err)
      throws IOException {
    long started = System.nanoTime();
    TrainingResult result;
    try (MetricsLog metrics = openMetrics(folder, trainer);
        Progress progress =
            Progress.onStandardError(
                config.training().epochs(),
                trainer.stepsPerEpoch(),
                config.training().steps(),
                trainer.stepsDone())) {
      CheckpointStore store = CheckpointStore.open(folder.checkpoints());
      result = trainer.train(new Recorder(trainer, folder, metrics, store, progress));
    } catch (DivergedException e) {
      folder.log(String.valueOf(e.getMessage()));
      Map<String, Object> diverged = new LinkedHashMap<>();
      diverged.put("state", "diverged");
      diverged.put("network", trainer.fingerprint());
      diverged.putAll(data(config));
      diverged.put("step", e.step());
      diverged.put("cause", String.valueOf(e.getMessage()));
      folder.writeResult(diverged);
      throw e;
    }
    if (!result.finished()) {
      folder.log("stopped after step " + result.steps() + " with a checkpoint");
      err.printf(
          "stopped after step %d with a checkpoint; go on with: randwire train --resume %s%n",
          result.steps(), folder.path());
      err.flush();
      return ExitStatus.INTERRUPTED.code();
    }
    double seconds = (System.nanoTime() - started) / 1e9;
    Map<String, Object> summary = summary(config, backend, trainer, result, seconds);
    folder.writeCurve(config.network().name() + ", seed " + config.seed(), trainer.stepsPerEpoch());
    folder.writeResult(summary);
    folder.log("done: weights " + result.weightsHash());
    report(summary, trainer, result, folder);
    return ExitStatus.DONE.code();
  }

  private static MetricsLog openMetrics(RunFolder folder, Trainer trainer) {
    return Files.exists(folder.metrics())
        ? MetricsLog.resume(folder.metrics(), trainer.stepsDone(), trainer.epochsDone())
        : MetricsLog.create(folder.metrics());
  }

  private static void initialise(LoadedConfig loaded, Trainer trainer) {
    String init = loaded.config().training().init();
    if (init.isEmpty()) {
      return;
    }
    if (!Files.isRegularFile(Path.of(init))) {
      throw loaded.refusal("training.init", "no such file: " + init);
    }
    Safetensors.Contents contents = Safetensors.read(Path.of(init));
    try {
      trainer.weights().set(contents.tensors());
    } catch (IllegalArgumentException e) {
      throw new CliException(ExitStatus.DATA, init + ": " + e.getMessage(), e);
    }
  }

  /** Returns whether there was a checkpoint; a run may have been killed before its first. */
  private boolean restore(RunFolder folder, Trainer trainer) {
    Optional<CheckpointStore.Restored> restored = folder.newestCheckpoint(trainer.fingerprint());
    restored.ifPresent(
        found -> {
          found.skipped().forEach(line -> spec.commandLine().getErr().println(line));
          found.skipped().forEach(folder::log);
          trainer.restore(found.checkpoint());
        });
    return restored.isPresent();
  }

  private static Path defaultFolder(RunConfig config) {
    String time = LocalDateTime.now().format(DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss"));
    return Path.of("runs", config.network().name() + "-" + time);
  }

  /** What the network was trained or tested on. */
  static Map<String, Object> data(RunConfig config) {
    Map<String, Object> data = new LinkedHashMap<>();
    data.put("data", config.data().name().name().toLowerCase(Locale.ROOT));
    if (config.data().name() == RunConfig.DataName.IMAGEFOLDER) {
      data.put("size", config.data().size());
      data.put("classes", config.data().classes());
    }
    return data;
  }

  private static Map<String, Object> summary(
      RunConfig config, Backend backend, Trainer trainer, TrainingResult result, double seconds) {
    Map<String, Object> summary = new LinkedHashMap<>();
    summary.put("state", "done");
    summary.put("network", trainer.fingerprint());
    summary.putAll(data(config));
    summary.put("seed", config.seed());
    summary.put("epochs", result.epochs());
    summary.put("steps", result.steps());
    summary.put("lastTrainLoss", result.lastTrainLoss());
    summary.put("lastTestLoss", result.lastTestLoss());
    summary.put("lastTestError", result.lastTestError());
    summary.put("lastTestTop5Error", result.lastTestTop5Error());
    summary.put("minTestError", result.minTestError());
    summary.put("minTestErrorEpoch", result.minTestErrorEpoch());
    summary.put("weightsHash", result.weightsHash());
    summary.put("params", trainer.graph().parameterCount());
    summary.put("multiplyAdds", trainer.graph().multiplyAdds());
    summary.put("device", backend.name());
    summary.put("deviceDescription", backend.description());
    summary.put("precision", Devices.precision(backend));
    summary.put("threads", backend.workers());
    summary.put("seconds", seconds);
    summary.put("imagesPerSecond", trainer.imagesPerSecond());
    summary.put("waitingShare", trainer.waitingShare());
    summary.put("unreadable", trainer.unreadable());
    summary.put("version", Version.release());
    summary.put("commit", Version.commit());
    return summary;
  }

  private void report(
      Map<String, Object> summary, Trainer trainer, TrainingResult result, RunFolder folder) {
    output.print(
        summary,
        out ->
            out.printf(
                Locale.ROOT,
                "test accuracy %.2f %% after %d epochs (best %.2f %% after %d), %.0f images/s%s; %s%n",
                100 * (1 - result.lastTestError()),
                result.epochs(),
                100 * (1 - result.minTestError()),
                result.minTestErrorEpoch(),
                trainer.imagesPerSecond(),
                trainer.unreadable() == 0
                    ? ""
                    : ", " + trainer.unreadable() + " files unreadable in the last epoch",
                folder.path()));
  }

  /** Writes what training tells into the run's folder and onto the terminal. */
  private record Recorder(
      Trainer trainer,
      RunFolder folder,
      MetricsLog metrics,
      CheckpointStore store,
      Progress progress)
      implements TrainingListener {

    @Override
    public void stepDone(Step step) {
      Map<String, Object> line = new LinkedHashMap<>(); // the order of Map.of differs per process
      line.put("epoch", step.epoch());
      line.put("loss", step.loss());
      line.put("learningRate", step.learningRate());
      line.put("gradientNorm", step.gradientNorm());
      metrics.append(step.step(), line);
      progress.step(step.examples());
      progress.measured(step.loss(), Double.NaN);
    }

    @Override
    public void epochDone(EpochEnd epoch) {
      Map<String, Object> line = new LinkedHashMap<>();
      line.put(MetricsLog.EPOCHS_DONE, epoch.epoch());
      line.put("trainLoss", epoch.trainLoss());
      line.put("trainError", epoch.trainError());
      if (epoch.unreadable() > 0) {
        line.put("unreadable", epoch.unreadable());
      }
      epoch
          .test()
          .ifPresent(
              test -> {
                line.put("testLoss", test.loss());
                line.put("testError", test.top1Error());
                line.put("testTop5Error", test.top5Error());
                if (test.unreadable() > 0) {
                  line.put("testUnreadable", test.unreadable());
                }
              });
      metrics.append(epoch.step(), line);
      // Times are for the log: the metrics are the same in every run of the same seed.
      folder.log(
          String.format(
              Locale.ROOT,
              "%s; %.2f s, of which %.3f s waiting for data",
              line,
              trainer.epochSeconds(),
              trainer.epochWaitedSeconds()));
      progress.epochEnd(
          epoch.trainLoss(), epoch.test().map(test -> 1 - test.top1Error()).orElse(Double.NaN));
    }

    @Override
    public void checkpoint(Checkpoint checkpoint, boolean best) {
      metrics.force();
      store.save(checkpoint);
      if (best) {
        store.saveBest(checkpoint);
      }
    }
  }
}
