// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.randwire.cli.config.ConfigLoader;
import org.randwire.cli.config.LoadedConfig;
import org.randwire.cli.config.RunConfig;
import org.randwire.export.Safetensors;
import org.randwire.op.OpGraph;
import org.randwire.training.Checkpoint;
import org.randwire.training.CheckpointStore;
import org.randwire.training.Trainer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code randwire import}: a run that starts from the weights of a safetensors file. */
@Command(
    name = "import",
    mixinStandardHelpOptions = true,
    description = {
      "Make a run of the weights in a safetensors file: a folder with the configuration",
      "and a checkpoint before the first step, to evaluate, to export or to train on",
      "by --resume. The file must have every tensor of the network and no others."
    })
final class ImportCommand implements Callable<Integer> {

  @Parameters(index = "0", paramLabel = "FILE", description = "The safetensors file.")
  @SuppressWarnings("NullAway.Init") // set by picocli
  private Path file;

  @Parameters(
      index = "1..*",
      paramLabel = "[CONFIG] [KEY=VALUE..]",
      hideParamSyntax = true,
      description =
          "Configuration of the network, a file or FILE:LINE of what sample wrote, and settings"
              + " that override it.")
  private List<String> arguments = new ArrayList<>();

  @Option(
      names = {"-o", "--output"},
      required = true,
      paramLabel = "FOLDER",
      description = "Folder of the run.")
  @SuppressWarnings("NullAway.Init") // set by picocli
  private Path folder;

  @Mixin private final ResultOutput output = new ResultOutput();

  @Override
  public Integer call() throws IOException {
    LoadedConfig loaded = ConfigLoader.load(arguments);
    RunConfig config = loaded.config();
    RunAssembly assembly = new RunAssembly(loaded);
    OpGraph graph = assembly.network(assembly.stageGraphs());
    if (!Files.isRegularFile(file)) {
      throw new CliException(ExitStatus.DATA, file + ": no such file");
    }
    Safetensors.Contents contents = Safetensors.read(file);
    Checkpoint checkpoint = checkpoint(config, graph, contents);
    RunFolder run = RunFolder.create(folder, loaded);
    Path saved = CheckpointStore.open(run.checkpoints()).save(checkpoint);
    run.log("randwire " + Version.release() + " " + Version.commit() + ": weights of " + file);
    Map<String, Object> result = new LinkedHashMap<>();
    result.put("run", folder.toString());
    result.put("checkpoint", saved.toString());
    result.put("network", checkpoint.network());
    result.put("tensors", contents.tensors().size());
    result.put("ignored", contents.ignored());
    output.print(
        result,
        out ->
            out.printf(
                Locale.ROOT,
                "%s: %d tensors of %s%s%n",
                saved,
                contents.tensors().size(),
                file,
                ignored(contents)));
    return ExitStatus.DONE.code();
  }

  private Checkpoint checkpoint(RunConfig config, OpGraph graph, Safetensors.Contents contents) {
    try {
      return Trainer.start(
          config.network().name(),
          graph,
          contents.tensors(),
          config.training().ema() > 0,
          config.seed());
    } catch (IllegalArgumentException e) {
      throw new CliException(ExitStatus.DATA, file + ": " + e.getMessage(), e);
    }
  }

  /** Integers, such as a batch normalisation's count of batches, are no weights. */
  private static String ignored(Safetensors.Contents contents) {
    return contents.ignored().isEmpty()
        ? ""
        : ", without " + contents.ignored().size() + " that are not floating-point";
  }
}
