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
import org.randwire.cli.config.LoadedConfig;
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
          "Settings that differ from the run's: device, threads, precision, fusion, data.path and"
              + " data.evaluationBatch.")
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
    LoadedConfig loaded = RunFolder.containing(path).load(overrides);
    RunAssembly assembly = new RunAssembly(loaded);
    OpGraph graph = assembly.network(assembly.stageGraphs());
    try (Backend backend = assembly.backend();
        Trainer trainer = assembly.trainer(graph, backend, assembly.data())) {
      trainer.restore(found.checkpoint());
      report(found, trainer.evaluate());
    }
    return ExitStatus.DONE.code();
  }

  /** Another network or another test set would give a number that is not this run's. */
  static void requireHarmless(String override) {
    if (!override.matches("(device|threads|precision|fusion|data\\.(path|evaluationBatch))=.*")) {
      throw new CliException(
          ExitStatus.USAGE,
          "'"
              + override
              + "' would evaluate something else than this run; device, threads,"
              + " precision, fusion, data.path and data.evaluationBatch may differ");
    }
  }

  private void report(CheckpointStore.Restored found, Evaluation test) {
    Checkpoint checkpoint = found.checkpoint();
    Map<String, Object> result = new LinkedHashMap<>();
    result.put("testLoss", test.loss());
    result.put("testError", test.top1Error());
    result.put("testTop5Error", test.top5Error());
    result.put("examples", test.examples());
    result.put("checkpoint", found.file().toString());
    result.put("step", checkpoint.step());
    result.put("epoch", checkpoint.epoch());
    output.print(
        result,
        out ->
            out.printf(
                Locale.ROOT,
                "test error %.2f %% (top 5: %.2f %%), loss %.4f on %,d examples%n"
                    + "%s, step %d, %d epochs done%n",
                100 * test.top1Error(),
                100 * test.top5Error(),
                test.loss(),
                test.examples(),
                found.file(),
                checkpoint.step(),
                checkpoint.epoch()));
  }
}
