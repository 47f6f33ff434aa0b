// SPDX-License-Identifier: Apache-2.0
package org.randwire.population.spark;

import java.io.IOException;
import java.io.OutputStream;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.spark.TaskContext;
import org.apache.spark.resource.ResourceInformation;

/**
 * What a Spark task does: one worker process, watched to its end. A worker that is killed by a
 * crash or by the kernel takes no executor with it; its task fails, and Spark starts it again.
 *
 * @param folder of the sweep
 * @param classPath of RandWire on the executor's machine
 */
record WorkerTask(String folder, String classPath) implements Serializable {

  private static final long POLL_MILLIS = 200;

  /** How long a worker may take for the checkpoints of its members when its task is killed. */
  private static final long STOP_SECONDS = 60;

  private static final int MESSAGE_BYTES = 2000;

  /**
   * Runs a worker until it ends.
   *
   * @param place number of the task
   * @throws IOException if the worker cannot be started, or with the end of its messages if it
   *     ended with another status than 0
   */
  void run(int place) throws IOException, InterruptedException {
    Path messages = Files.createTempFile("randwire-worker-" + place + "-", ".log");
    try {
      Process worker = builder(messages).start();
      // Its standard input ends with this process, even if that is killed, and so the worker does.
      try (OutputStream open = worker.getOutputStream()) {
        watch(worker);
      } finally {
        stop(worker);
      }
      if (worker.exitValue() != 0) {
        throw new IOException(
            "the worker ended with status " + worker.exitValue() + ": " + tail(messages));
      }
    } finally {
      Files.deleteIfExists(messages);
    }
  }

  private ProcessBuilder builder(Path messages) {
    ProcessBuilder builder =
        new ProcessBuilder(
                List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-XX:+UseSerialGC",
                    "-XX:+ExitOnOutOfMemoryError",
                    "-XX:-CreateCoredumpOnCrash",
                    "-Dfile.encoding=UTF-8",
                    "-Dorg.bytedeco.javacpp.maxBytes=0",
                    "-Dorg.bytedeco.javacpp.maxPhysicalBytes=0",
                    "-cp",
                    classPath,
                    "org.randwire.cli.Main",
                    "sweep",
                    "worker",
                    folder,
                    "--wait",
                    "--attached"))
            .redirectErrorStream(true)
            .redirectOutput(messages.toFile());
    // As the launcher: the engine brings its own threads and one heap for all of them.
    builder.environment().putIfAbsent("OMP_NUM_THREADS", "1");
    builder.environment().putIfAbsent("OMP_WAIT_POLICY", "passive");
    builder.environment().putIfAbsent("MALLOC_ARENA_MAX", "1");
    ResourceInformation gpus = TaskContext.get().resourcesJMap().get("gpu");
    if (gpus != null) {
      builder.environment().put("CUDA_VISIBLE_DEVICES", String.join(",", gpus.addresses()));
    }
    return builder;
  }

  private static void watch(Process worker) throws InterruptedException {
    while (!worker.waitFor(POLL_MILLIS, TimeUnit.MILLISECONDS)) {
      if (TaskContext.get().isInterrupted()) {
        return;
      }
    }
  }

  private static void stop(Process worker) {
    try {
      if (worker.isAlive()) {
        worker.destroy();
        worker.waitFor(STOP_SECONDS, TimeUnit.SECONDS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      worker.destroyForcibly().onExit().join();
    }
  }

  private static String tail(Path messages) throws IOException {
    String text = Files.readString(messages, StandardCharsets.UTF_8).strip();
    return text.substring(Math.max(0, text.length() - MESSAGE_BYTES));
  }
}
