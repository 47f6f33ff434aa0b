// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.randwire.cli.config.RunConfig;
import org.randwire.export.EventFile;
import org.randwire.training.MetricsLog;
import org.randwire.training.Trainer;

/** The lines of a run's metrics as scalars for TensorBoard, if the configuration asks for them. */
final class EventLog implements AutoCloseable {

  /** What becomes of a line's members. */
  private static final Map<String, String> TAGS =
      Map.of(
          "loss", "train/loss",
          "learningRate", "train/learning_rate",
          "gradientNorm", "train/gradient_norm",
          "trainLoss", "train/epoch_loss",
          "trainError", "train/error",
          "testLoss", "test/loss",
          "testError", "test/error",
          "testTop5Error", "test/top5_error");

  private final @Nullable EventFile file;
  private final Trainer trainer;

  private EventLog(@Nullable EventFile file, Trainer trainer) {
    this.file = file;
    this.trainer = trainer;
  }

  /**
   * Begins a file at the step that the trainer has come to. That step counts anew: whether its end
   * of an epoch is still to come is known from the metrics, which have been cut back to the
   * checkpoint before.
   */
  static EventLog open(RunConfig config, RunFolder folder, Trainer trainer) {
    if (!config.training().tensorboard()) {
      return new EventLog(null, trainer);
    }
    long step = trainer.stepsDone();
    EventLog log = new EventLog(EventFile.begin(folder.path(), step), trainer);
    try {
      for (Map<String, @Nullable Object> line : MetricsLog.read(folder.metrics())) {
        if (line.get("step") instanceof Long done && done == step) {
          log.append(step, line);
        }
      }
      return log;
    } catch (RuntimeException | Error e) {
      log.close();
      throw e;
    }
  }

  void append(long step, Map<String, ?> line) {
    if (file == null) {
      return;
    }
    Map<String, Double> scalars = new LinkedHashMap<>();
    line.forEach(
        (name, value) -> {
          String tag = TAGS.get(name);
          if (tag != null && value instanceof Number number) {
            scalars.put(tag, number.doubleValue());
          }
        });
    if (!scalars.isEmpty()) {
      file.append(step, scalars);
    }
  }

  /** The speed since this process began. */
  void appendSpeed(long step) {
    if (file != null && Double.isFinite(trainer.imagesPerSecond())) {
      file.append(step, Map.of("train/images_per_second", trainer.imagesPerSecond()));
    }
  }

  @Override
  public void close() {
    if (file != null) {
      file.close();
    }
  }
}
