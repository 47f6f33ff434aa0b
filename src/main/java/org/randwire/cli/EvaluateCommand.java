// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.randwire.backend.Backend;
import org.randwire.cli.config.RunConfig;
import org.randwire.op.OpGraph;
import org.randwire.training.Checkpoint;
import org.randwire.training.CheckpointStore;
import org.randwire.training.Evaluation;
import org.randwire.training.Trainer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code randwire evaluate}: loss and error of a saved network on the test set. */
@Command(
    name = "evaluate",
    mixinStandardHelpOptions = true,
    description = {
      "Evaluate a saved network on the test set.",
      "Takes the newest checkpoint of a run, or the one named."
    })
final class EvaluateCommand implements Callable<Integer> {

  @Parameters(
      index = "0",
      paramLabel = "RUN|CHECKPOINT",
      description = "Folder of a run, or a checkpoint file inside one.")
  @SuppressWarnings("NullAway.Init") // set by picocli
  private Path path;

  @Parameters(
      index = "1..*",
      paramLabel = "[KEY=VALUE..]",
      hideParamSyntax = true,
      description =
          "Settings that differ from the run's: device, threads, precision, fusion, recompute, data.path,"
              + " data.evaluationBatch, data.threads, and for pictures data.size: the network is"
              + " then tested at another size.")
  private List<String> overrides = new ArrayList<>();

  @Option(names = "--best", description = "Take the run's best checkpoint, not the newest.")
  private boolean best;

  @Mixin private final ResultOutput output = new ResultOutput();

  @Override
  public Integer call() {
    CheckpointStore.Restored found =
        best ? RunFolder.bestCheckpoint(path) : RunFolder.checkpoint(path);
    found.skipped().forEach(line -> output.note("skipped " + line));
    overrides.forEach(EvaluateCommand::requireHarmless);
    RunFolder run = RunFolder.containing(path);
    RunAssembly trained = new RunAssembly(run.load(List.of()));
    RunAssembly assembly = new RunAssembly(run.load(settings(trained.config())));
    requireSize(trained.config(), assembly.config());
    OpGraph graph = assembly.network(assembly.stageGraphs());
    try (Backend backend = assembly.backend();
        Trainer trainer = assembly.trainer(graph, backend, assembly.data())) {
      if (assembly.imageShape().equals(trained.imageShape())) {
        trainer.restore(found.checkpoint());
      } else {
        String name = trained.config().network().name();
        OpGraph own = trained.network(trained.stageGraphs());
        trainer.restoreWeights(found.checkpoint(), Trainer.fingerprint(name, own));
      }
      report(found, assembly.config(), graph, trainer.evaluate());
    }
    return ExitStatus.DONE.code();
  }

  /** No step is done, so the memory of one is not taken, unless it gives the statistics. */
  private List<String> settings(RunConfig trained) {
    List<String> settings = new ArrayList<>(overrides);
    if (trained.training().statistics() == RunConfig.Statistics.RUNNING) {
      settings.add("data.batch=1");
    }
    return settings;
  }

  private static void requireSize(RunConfig trained, RunConfig tested) {
    if (trained.data().size() != tested.data().size()
        && tested.data().name() != RunConfig.DataName.IMAGEFOLDER) {
      throw new CliException(
          ExitStatus.USAGE,
          "data.size: only pictures (data.name imagefolder) can be brought to another size");
    }
  }

  /** Another network or another test set would give a number that is not this run's. */
  static void requireHarmless(String override) {
    if (!override.matches(
        "(device|threads|precision|fusion|recompute|data\\.(path|evaluationBatch|size|threads))=.*")) {
      throw new CliException(
          ExitStatus.USAGE,
          "'"
              + override
              + "' would evaluate something else than this run; device, threads,"
              + " precision, fusion, recompute, data.path, data.evaluationBatch, data.threads and"
              + " data.size may differ");
    }
  }

  private void report(
      CheckpointStore.Restored found, RunConfig config, OpGraph graph, Evaluation test) {
    Checkpoint checkpoint = found.checkpoint();
    Map<String, Object> result = new LinkedHashMap<>();
    result.put("network", checkpoint.network());
    result.putAll(TrainCommand.data(config));
    result.put("testLoss", test.loss());
    result.put("testError", test.top1Error());
    result.put("testTop5Error", test.top5Error());
    result.put("examples", test.examples());
    result.put("unreadable", test.unreadable());
    result.put("params", graph.parameterCount());
    result.put("multiplyAdds", graph.multiplyAdds());
    result.put("checkpoint", found.file().toString());
    result.put("step", checkpoint.step());
    result.put("epoch", checkpoint.epoch());
    output.print(
        result,
        out ->
            out.printf(
                Locale.ROOT,
                "test error %.2f %% (top 5: %.2f %%), loss %.4f on %,d examples%s%n"
                    + "%s, step %d, %d epochs done%n",
                100 * test.top1Error(),
                100 * test.top5Error(),
                test.loss(),
                test.examples(),
                test.unreadable() == 0 ? "" : ", without " + test.unreadable() + " unreadable ones",
                found.file(),
                checkpoint.step(),
                checkpoint.epoch()));
  }
}
