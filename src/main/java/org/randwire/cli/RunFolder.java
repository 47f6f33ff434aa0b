// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.randwire.cli.config.ConfigLoader;
import org.randwire.cli.config.ConfigWriter;
import org.randwire.cli.config.LoadedConfig;
import org.randwire.report.TrainingCurve;
import org.randwire.training.CheckpointStore;
import org.randwire.training.MetricsLog;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * The folder of one run: {@code config.yaml} (merged), {@code metrics.jsonl}, {@code checkpoints/},
 * {@code run.log} and, at the end, {@code result.json} and {@code curve.svg}.
 */
record RunFolder(Path path) {

  private static final JsonMapper JSON =
      JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

  Path config() {
    return path.resolve("config.yaml");
  }

  Path metrics() {
    return path.resolve("metrics.jsonl");
  }

  Path checkpoints() {
    return path.resolve("checkpoints");
  }

  Path log() {
    return path.resolve("run.log");
  }

  Path curve() {
    return path.resolve("curve.svg");
  }

  Path result() {
    return path.resolve("result.json");
  }

  /** Makes the folder; one that already holds a run is refused. */
  static RunFolder create(Path path, LoadedConfig config) throws IOException {
    RunFolder folder = new RunFolder(path);
    if (Files.exists(folder.config())) {
      throw new CliException(
          ExitStatus.USAGE,
          path
              + " already holds a run; go on with it by --resume "
              + path
              + " or name another folder by --output");
    }
    Files.createDirectories(folder.checkpoints());
    folder.replace(folder.config(), ConfigWriter.toYaml(config.config()));
    return folder;
  }

  /** A folder that holds a run, or a checkpoint inside one. */
  static RunFolder containing(Path runOrCheckpoint) {
    Path path = runOrCheckpoint;
    if (!Files.exists(path)) {
      throw new CliException(ExitStatus.DATA, path + ": no such file or folder");
    }
    if (Files.isRegularFile(path)) {
      Path checkpoints = path.toAbsolutePath().getParent();
      path = checkpoints == null ? path : checkpoints.getParent();
    }
    RunFolder folder = new RunFolder(path);
    if (!Files.isRegularFile(folder.config())) {
      throw new CliException(
          ExitStatus.USAGE, runOrCheckpoint + " holds no run: there is no " + folder.config());
    }
    return folder;
  }

  /** The configuration of the run, with overrides. */
  LoadedConfig load(List<String> overrides) {
    return ConfigLoader.load(config(), overrides);
  }

  /** The newest checkpoint that can be read. */
  Optional<CheckpointStore.Restored> newestCheckpoint(String fingerprint) {
    return Files.isDirectory(checkpoints())
        ? CheckpointStore.newest(checkpoints(), fingerprint)
        : Optional.empty();
  }

  /** The checkpoint a command was pointed at: a file itself, or the newest of a run. */
  static CheckpointStore.Restored checkpoint(Path runOrCheckpoint) {
    if (Files.isRegularFile(runOrCheckpoint)) {
      return read(runOrCheckpoint);
    }
    RunFolder folder = containing(runOrCheckpoint);
    return CheckpointStore.newest(folder.checkpoints())
        .orElseThrow(
            () -> new CliException(ExitStatus.DATA, folder.checkpoints() + " has no checkpoint"));
  }

  /** The checkpoint of a run that did best on the test set. */
  static CheckpointStore.Restored bestCheckpoint(Path run) {
    if (Files.isRegularFile(run)) {
      throw new CliException(ExitStatus.USAGE, "--best needs a run; " + run + " is a file");
    }
    return read(containing(run).checkpoints().resolve(CheckpointStore.BEST_FILE));
  }

  private static CheckpointStore.Restored read(Path file) {
    return new CheckpointStore.Restored(file, CheckpointStore.read(file), List.of());
  }

  /** Adds a line with the time to the run's log. */
  void log(String line) {
    String stamped = Instant.now().truncatedTo(ChronoUnit.MILLIS) + " " + line;
    try {
      Files.writeString(
          log(),
          stamped + System.lineSeparator(),
          StandardOpenOption.CREATE,
          StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Writes the result. */
  void writeResult(Map<String, ?> result) throws IOException {
    replace(result(), toJson(result));
  }

  /** Writes a file whole: who reads it, or comes after a kill, never sees half of it. */
  private void replace(Path file, String text) throws IOException {
    Path temporary = path.resolve(file.getFileName() + ".tmp");
    Files.writeString(temporary, text);
    Files.move(
        temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  /**
   * Draws the metrics written so far.
   *
   * @param stepsPerEpoch updates of a full epoch
   */
  void writeCurve(String title, long stepsPerEpoch) throws IOException {
    List<TrainingCurve.Step> steps = new ArrayList<>();
    List<TrainingCurve.Epoch> epochs = new ArrayList<>();
    for (Map<String, @Nullable Object> line : MetricsLog.read(metrics())) {
      if (line.containsKey("loss")) {
        steps.add(
            new TrainingCurve.Step(number(line, "step") / stepsPerEpoch, number(line, "loss")));
      } else {
        epochs.add(
            new TrainingCurve.Epoch(
                (int) number(line, MetricsLog.EPOCHS_DONE),
                number(line, "trainError"),
                number(line, "testError")));
      }
    }
    if (!steps.isEmpty() && !epochs.isEmpty()) {
      Files.writeString(curve(), TrainingCurve.svg(title, steps, epochs));
    }
  }

  private static double number(Map<String, @Nullable Object> line, String key) {
    return line.get(key) instanceof Number number ? number.doubleValue() : Double.NaN;
  }

  /** JSON with a line per member; numbers that are not finite become null. */
  static String toJson(Map<String, ?> values) {
    Map<String, Object> finite = new LinkedHashMap<>();
    values.forEach(
        (key, value) ->
            finite.put(key, value instanceof Double d && !Double.isFinite(d) ? null : value));
    return JSON.writeValueAsString(finite) + "\n";
  }

  /** JSON on one line, without a line end. */
  static String toJsonLine(Map<String, ?> values) {
    return JsonMapper.shared().writeValueAsString(values);
  }
}
