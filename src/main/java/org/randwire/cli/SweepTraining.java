// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.randwire.backend.Backend;
import org.randwire.cli.config.LoadedConfig;
import org.randwire.cli.config.RunConfig;
import org.randwire.cli.config.SweepConfig;
import org.randwire.data.DataSplit;
import org.randwire.data.Dataset;
import org.randwire.op.OpGraph;
import org.randwire.population.EnergyMeter;
import org.randwire.population.EpochRecord;
import org.randwire.population.MemberTraining;
import org.randwire.population.RunState;
import org.randwire.population.SweepFolder;
import org.randwire.population.SweepMember;
import org.randwire.population.SweepSettings;
import org.randwire.training.Checkpoint;
import org.randwire.training.CheckpointStore;
import org.randwire.training.DivergedException;
import org.randwire.training.MetricsLog;
import org.randwire.training.Trainer;
import org.randwire.training.TrainingListener;
import org.randwire.training.TrainingResult;

/**
 * Trains members of a sweep by its recipe. Networks that are trained at the same time have a
 * backend each and share the data set.
 */
final class SweepTraining implements MemberTraining {

  private record Data(DataSplit split, String hash) {}

  private final SweepFolder folder;
  private final SweepConfig config;
  private final Map<RunConfig.Data, Data> data = new ConcurrentHashMap<>();

  SweepTraining(SweepFolder folder, SweepConfig config) {
    this.folder = folder;
    this.config = config;
  }

  private LoadedConfig load(SweepMember member, long seed) {
    return config
        .recipe()
        .ofMember(
            folder.population(),
            member.number() + 1,
            List.of("threads=" + config.workers().threads(), "seed=" + seed));
  }

  @Override
  public Result train(SweepMember member, Run run) throws IOException {
    RunAssembly assembly = new RunAssembly(load(member, member.seed()));
    OpGraph graph = assembly.network(assembly.stageGraphs());
    Data examples = data(member, assembly.config().data());
    try (Backend backend = assembly.backend();
        Trainer trainer = assembly.trainer(graph, backend, examples.split)) {
      return train(run, assembly.config(), trainer, provenance(backend, trainer, examples));
    }
  }

  /** Made-up images come from the seed of the sweep: all its networks see the same ones. */
  private Data data(SweepMember member, RunConfig.Data described) {
    return data.computeIfAbsent(
        described,
        key -> {
          DataSplit split = new RunAssembly(load(member, config.seed())).data();
          return new Data(split, hash(split));
        });
  }

  private static String hash(DataSplit split) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      for (Dataset half : List.of(split.train(), split.test())) {
        digest.update((half.name() + half.size()).getBytes(StandardCharsets.UTF_8));
        for (int i = 0; i < half.size(); i++) {
          half.identify(i, digest);
        }
      }
      return HexFormat.of().formatHex(digest.digest(), 0, 16);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  private Map<String, String> provenance(Backend backend, Trainer trainer, Data examples) {
    Map<String, String> provenance = new LinkedHashMap<>();
    provenance.put("device", backend.name());
    provenance.put("deviceDescription", backend.description());
    provenance.put("precision", Devices.precision(backend));
    provenance.put("threads", Integer.toString(backend.workers()));
    provenance.put("network", trainer.fingerprint());
    provenance.put("data", examples.split.train().name() + " " + examples.hash);
    provenance.put("version", Version.release());
    provenance.put("commit", Version.commit());
    return provenance;
  }

  private Result train(Run run, RunConfig member, Trainer trainer, Map<String, String> provenance)
      throws IOException {
    Path path = run.folder();
    Optional<CheckpointStore.Restored> restored =
        CheckpointStore.newest(path.resolve("checkpoints"), trainer.fingerprint());
    restored.ifPresent(found -> trainer.restore(found.checkpoint()));
    try (MetricsLog metrics =
        MetricsLog.resume(
            path.resolve("metrics.jsonl"), trainer.stepsDone(), trainer.epochsDone())) {
      CheckpointStore store = CheckpointStore.open(path.resolve("checkpoints"));
      Progress progress = new Progress(run, member, trainer, metrics, store);
      progress.take(MetricsLog.read(path.resolve("metrics.jsonl")));
      run.onStop(progress::stop);
      return progress.train(provenance);
    }
  }

  /** One training: its epochs so far, its checkpoints, its end. */
  private final class Progress implements TrainingListener {
    private final Run run;
    private final RunConfig member;
    private final Trainer trainer;
    private final MetricsLog metrics;
    private final CheckpointStore store;
    private final List<EpochRecord> epochs = new ArrayList<>();
    private long epochNanos = System.nanoTime();
    private long savedNanos = System.nanoTime();
    private double seconds;
    private double lastError = Double.NaN;
    private double minError = Double.NaN;
    private boolean stopsEarly;
    private boolean resumed;
    private volatile boolean interrupted;

    /** Energy of the machine is that of a run only where it is the only one. */
    private final @Nullable EnergyMeter meter =
        config.workers().count() * config.workers().pack() == 1
            ? EnergyMeter.find().orElse(null)
            : null;

    Progress(
        Run run, RunConfig member, Trainer trainer, MetricsLog metrics, CheckpointStore store) {
      this.run = run;
      this.member = member;
      this.trainer = trainer;
      this.metrics = metrics;
      this.store = store;
    }

    void stop() {
      interrupted = true;
      trainer.requestStop();
    }

    /** The epochs before the checkpoint that the run goes on from. */
    void take(List<Map<String, @Nullable Object>> lines) {
      for (Map<String, @Nullable Object> line : lines) {
        seconds += number(line, "seconds");
        add(
            new EpochRecord(
                (int) number(line, MetricsLog.EPOCHS_DONE),
                number(line, "trainLoss"),
                number(line, "trainError"),
                number(line, "testLoss"),
                number(line, "testError")));
      }
      resumed = trainer.stepsDone() > 0;
      run.progress(trainer.stepsDone(), epochs.size(), member.training().epochs(), lastError);
    }

    private static double number(Map<String, @Nullable Object> line, String key) {
      return line.get(key) instanceof Number number ? number.doubleValue() : Double.NaN;
    }

    private void add(EpochRecord epoch) {
      epochs.add(epoch);
      double error = epoch.testError();
      if (!Double.isNaN(error)) {
        lastError = error;
        minError = Double.isNaN(minError) ? error : Math.min(minError, error);
        stopsEarly |= run.stopsAfter(epoch.epoch(), error);
      }
    }

    Result train(Map<String, String> provenance) {
      try {
        if (!stopsEarly) {
          TrainingResult result = trainer.train(this);
          if (!result.finished() && !stopsEarly) {
            return Result.interrupted();
          }
        }
      } catch (DivergedException e) {
        return result(
            RunState.DIVERGED,
            e.getMessage(),
            e.step() - 1,
            Double.NaN,
            Double.NaN,
            "",
            provenance);
      }
      return result(
          RunState.DONE,
          null,
          trainer.stepsDone(),
          minError,
          lastError,
          trainer.weights().hash(),
          provenance);
    }

    private Result result(
        RunState state,
        @Nullable String cause,
        long steps,
        double min,
        double last,
        String hash,
        Map<String, String> provenance) {
      boolean early = stopsEarly && epochs.size() < member.training().epochs();
      return new Result(
          state,
          state == RunState.DONE ? null : state.name(),
          cause,
          epochs,
          steps,
          min,
          last,
          hash,
          seconds,
          meter == null || resumed ? null : meter.joules(),
          early ? List.of("stopped after epoch " + epochs.size()) : List.of(),
          provenance);
    }

    @Override
    public void stepDone(Step step) {
      run.progress(step.step(), step.epoch() - 1, member.training().epochs(), lastError);
    }

    @Override
    public void epochDone(EpochEnd end) {
      long now = System.nanoTime();
      double took = (now - epochNanos) / 1e9;
      epochNanos = now;
      seconds += took;
      Map<String, Object> line = new LinkedHashMap<>();
      line.put(MetricsLog.EPOCHS_DONE, end.epoch());
      line.put("trainLoss", end.trainLoss());
      line.put("trainError", end.trainError());
      end.test()
          .ifPresent(
              test -> {
                line.put("testLoss", test.loss());
                line.put("testError", test.top1Error());
              });
      line.put("seconds", took);
      metrics.append(end.step(), line);
      add(
          new EpochRecord(
              end.epoch(),
              end.trainLoss(),
              end.trainError(),
              end.test().map(test -> test.loss()).orElse(Double.NaN),
              end.test().map(test -> test.top1Error()).orElse(Double.NaN)));
      run.progress(end.step(), end.epoch(), member.training().epochs(), lastError);
      if (stopsEarly) {
        trainer.requestStop();
      }
    }

    @Override
    public void checkpoint(Checkpoint checkpoint, boolean best) {
      if (meter != null) {
        meter.joules(); // before the counter runs over
      }
      boolean keeps = config.workers().keep() != SweepSettings.Keep.NONE;
      boolean isEnd = checkpoint.epoch() == member.training().epochs() || stopsEarly;
      boolean midEpoch = checkpoint.positionInEpoch() > 0;
      double age = (System.nanoTime() - savedNanos) / 1e9;
      boolean due = midEpoch || interrupted || age >= config.workers().checkpointSeconds();
      if (isEnd ? keeps : due) {
        metrics.force();
        store.save(checkpoint);
        savedNanos = System.nanoTime();
      }
    }
  }
}
