// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli;

import static java.util.Objects.requireNonNull;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.randwire.export.Onnx;
import org.randwire.export.Safetensors;
import org.randwire.op.OpGraph;
import org.randwire.tensor.NamedTensor;
import org.randwire.training.Checkpoint;
import org.randwire.training.CheckpointStore;
import org.randwire.training.Trainer;
import org.randwire.training.Weights;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code randwire export}: the weights of a saved network for other programs. */
@Command(
    name = "export",
    mixinStandardHelpOptions = true,
    description = {
      "Write a saved network for other programs: its weights with the batch-norm",
      "statistics (safetensors), or the whole network as it is evaluated (ONNX).",
      "A run starts from a safetensors file by training.init, or by import."
    })
final class ExportCommand implements Callable<Integer> {

  @Parameters(
      paramLabel = "RUN|CHECKPOINT",
      description = "Folder of a run, whose newest checkpoint is taken, or a checkpoint file.")
  @SuppressWarnings("NullAway.Init") // set by picocli
  private Path path;

  @ArgGroup(multiplicity = "1")
  @SuppressWarnings("NullAway.Init") // set by picocli
  private Format format;

  /** Exactly one is given. */
  private static final class Format {
    @Option(
        names = "--safetensors",
        required = true,
        paramLabel = "FILE",
        description = "Write a safetensors file of float32 tensors.")
    private @Nullable Path safetensors;

    @Option(
        names = "--onnx",
        required = true,
        paramLabel = "FILE",
        description = "Write an ONNX file in float32, for batches of any size.")
    private @Nullable Path onnx;

    Path file() {
      return safetensors != null ? safetensors : requireNonNull(onnx);
    }
  }

  @Option(names = "--best", description = "Take the run's best checkpoint, not the newest.")
  private boolean best;

  @Option(
      names = "--average",
      description = "Write the moving average of the weights, which training.ema keeps.")
  private boolean average;

  @Option(names = "--force", description = "Replace the file if it exists.")
  private boolean force;

  @Mixin private final ResultOutput output = new ResultOutput();

  @Override
  public Integer call() {
    Path file = format.file();
    if (Files.exists(file) && !force) {
      throw new CliException(ExitStatus.USAGE, file + " exists already; --force replaces it");
    }
    CheckpointStore.Restored found =
        best ? RunFolder.bestCheckpoint(path) : RunFolder.checkpoint(path);
    found.skipped().forEach(line -> output.note("skipped " + line));
    Checkpoint checkpoint = found.checkpoint();
    Map<String, NamedTensor> weights = Weights.of(checkpoint, average);
    if (format.onnx == null) {
      Safetensors.write(file, weights.values(), metadata(checkpoint));
    } else {
      writeOnnx(file, checkpoint, weights);
    }
    long values = weights.values().stream().mapToLong(tensor -> tensor.values().length).sum();
    Map<String, Object> result = new LinkedHashMap<>();
    result.put("file", file.toString());
    result.put("checkpoint", found.file().toString());
    result.put("step", checkpoint.step());
    result.put("tensors", weights.size());
    result.put("values", values);
    output.print(
        result,
        out ->
            out.printf(
                Locale.ROOT,
                "%s: %d tensors, %,d values, of %s%n",
                file,
                weights.size(),
                values,
                found.file()));
    return ExitStatus.DONE.code();
  }

  /** The network is built from the configuration of the run around the checkpoint. */
  private void writeOnnx(Path file, Checkpoint checkpoint, Map<String, NamedTensor> weights) {
    RunAssembly assembly = new RunAssembly(RunFolder.containing(path).load(List.of()));
    OpGraph graph = assembly.network(assembly.stageGraphs());
    String name = assembly.config().network().name();
    checkpoint.requireNetwork(path.toString(), Trainer.fingerprint(name, graph));
    try {
      Onnx.write(file, name, graph, weights, metadata(checkpoint));
    } catch (IllegalArgumentException e) {
      throw new CliException(ExitStatus.DATA, path + ": " + e.getMessage(), e);
    }
  }

  private static Map<String, String> metadata(Checkpoint checkpoint) {
    Map<String, String> metadata = new LinkedHashMap<>();
    metadata.put("network", checkpoint.network());
    metadata.put("step", String.valueOf(checkpoint.step()));
    metadata.put("epoch", String.valueOf(checkpoint.epoch()));
    metadata.put("seed", String.valueOf(checkpoint.seed()));
    metadata.put("version", "randwire " + Version.release());
    return metadata;
  }
}
