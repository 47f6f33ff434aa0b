// SPDX-License-Identifier: Apache-2.0
package org.randwire.benchmarks;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.randwire.benchmarks.Variant.EngineName;
import org.randwire.benchmarks.engine.Problem;
import org.randwire.export.Safetensors;
import org.randwire.op.OpGraph;
import tools.jackson.databind.json.JsonMapper;

/**
 * Measures every engine in a process of its own, so that none inherits another's memory, threads or
 * libraries. Draws the first weights once and hands them to all.
 */
final class Measuring implements AutoCloseable {

  /**
   * libtorch's threads spin at their barriers: beside another busy process a step takes seconds.
   */
  private static final long LIMIT_SECONDS = 120;

  private final double seconds;
  private final Path folder;
  private final Map<String, Path> weights = new HashMap<>();

  /** Ended with this process, however that ends. */
  private volatile @Nullable Process running;

  /**
   * @param seconds how long each process measures
   */
  Measuring(double seconds) {
    this.seconds = seconds;
    try {
      folder = Files.createTempDirectory("randwire-benchmarks");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Runtime.getRuntime().addShutdownHook(new Thread(this::endRunning));
  }

  private void endRunning() {
    Process process = running;
    if (process != null) {
      process.destroyForcibly();
    }
  }

  /** Runs one process; empty, with a line on the standard error, if it fails. */
  Optional<Measurement> measure(Subject subject, Variant variant) {
    try {
      Path output = folder.resolve("output");
      Path errors = folder.resolve("errors");
      Process process =
          builder(subject, variant)
              .redirectOutput(output.toFile())
              .redirectError(errors.toFile())
              .start();
      running = process;
      if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly().waitFor();
        System.err.println(subject + ", " + variant + ": not done in " + LIMIT_SECONDS + " s");
        return Optional.empty();
      }
      if (process.exitValue() != 0) {
        System.err.println(subject + ", " + variant + ": " + cause(errors, process.exitValue()));
        return Optional.empty();
      }
      List<String> lines = Files.readAllLines(output);
      Measurement measurement =
          JsonMapper.shared().readValue(lines.get(lines.size() - 1), Measurement.class);
      System.err.printf(
          "%-36s %-44s %8.1f images/s, %5.0f MB%n",
          subject, variant, measurement.imagesPerSecond(), measurement.peakBytes() / 1e6);
      return Optional.of(measurement);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    }
  }

  private static String cause(Path errors, int status) throws IOException {
    try (Stream<String> lines = Files.lines(errors)) {
      return lines
          .filter(line -> line.contains("Exception") || line.contains("Error"))
          .findFirst()
          .orElse("status " + status);
    }
  }

  /** The command line of a process like this one, up to the name of the main class. */
  static List<String> java() {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    // As the launcher: tensors live outside the heap, and the serial collector adds no threads.
    command.addAll(
        List.of(
            "-XX:+UseSerialGC",
            "-Xmx1g",
            "-Dorg.bytedeco.javacpp.maxBytes=0",
            "-Dorg.bytedeco.javacpp.maxPhysicalBytes=0"));
    Optional.ofNullable(System.getProperty("randwire.testdata"))
        .ifPresent(value -> command.add("-Drandwire.testdata=" + value));
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName()));
    return command;
  }

  /** What the launcher sets; the peers run with the defaults they come with. */
  static void asTheLauncher(ProcessBuilder builder) {
    builder.environment().put("OMP_NUM_THREADS", "1");
    builder.environment().put("OMP_WAIT_POLICY", "passive");
    builder.environment().put("MALLOC_ARENA_MAX", "1");
  }

  private ProcessBuilder builder(Subject subject, Variant variant) {
    List<String> command = new ArrayList<>(java());
    command.addAll(
        1,
        List.of(
            "-Dai.djl.pytorch.num_threads=" + variant.threads(),
            "-Dai.djl.pytorch.num_interop_threads=1"));
    command.addAll(MeasureCommand.arguments(subject, variant, seconds, weightsOf(subject)));
    ProcessBuilder builder = new ProcessBuilder(command);
    if (variant.engine() == EngineName.RANDWIRE) {
      asTheLauncher(builder);
    }
    builder.environment().put("OPT_OUT_TRACKING", "true"); // DJL reports its use otherwise.
    builder.environment().put("DJL_OFFLINE", "true");
    builder
        .environment()
        .put("DJL_CACHE_DIR", Path.of("target", "djl").toAbsolutePath().toString());
    return builder;
  }

  private Path weightsOf(Subject subject) {
    String name = subject.network().name() + "-" + subject.channels();
    return weights.computeIfAbsent(
        name,
        key -> {
          OpGraph graph = subject.network().build(subject.channels());
          Path file = folder.resolve(key + ".safetensors");
          Safetensors.write(file, Problem.drawWeights(graph).values(), Map.of());
          return file;
        });
  }

  /** Deletes the weights. */
  @Override
  public void close() {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
