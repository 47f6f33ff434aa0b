// SPDX-License-Identifier: Apache-2.0
package org.randwire.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.randwire.benchmarks.Variant.EngineName;
import org.randwire.benchmarks.engine.DjlEngine;
import org.randwire.benchmarks.engine.Engine;
import org.randwire.benchmarks.engine.LibtorchEngine;
import org.randwire.benchmarks.engine.LibtorchEngine.Layout;
import org.randwire.benchmarks.engine.Precision;
import org.randwire.benchmarks.engine.Problem;
import org.randwire.benchmarks.engine.RandWireEngine;
import org.randwire.export.Safetensors;
import org.randwire.op.OpGraph;
import org.randwire.tensor.NamedTensor;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import tools.jackson.databind.json.JsonMapper;

/** One engine and one network in this process: what {@link Measuring} starts. */
@Command(
    name = "measure",
    mixinStandardHelpOptions = true,
    description = "Measure one engine in this process; prints one line of JSON.")
final class MeasureCommand implements Runnable {

  /** The loss of the last shows five updates. */
  private static final int COMPARED_STEPS = 6;

  private static final int FEWEST_STEPS = 3;

  @Option(names = "--network", required = true)
  private Network network;

  @Option(names = "--batch", required = true)
  private int batch;

  @Option(names = "--channels", required = true)
  private int channels;

  @Option(names = "--engine", required = true)
  private EngineName engine;

  @Option(names = "--precision", required = true)
  private Precision precision;

  @Option(names = "--threads", required = true)
  private int threads;

  @Option(names = "--layout", defaultValue = "CHANNELS_LAST")
  private Layout layout;

  @Option(names = "--seconds", defaultValue = "2", description = "How long to measure.")
  private double seconds;

  @Option(names = "--weights", required = true, description = "First weights, safetensors.")
  private Path weights;

  /** The arguments that make another process measure this. */
  static List<String> arguments(Subject subject, Variant variant, double seconds, Path weights) {
    return List.of(
        "measure",
        "--network=" + subject.network().name(),
        "--batch=" + subject.batch(),
        "--channels=" + subject.channels(),
        "--engine=" + variant.engine(),
        "--precision=" + variant.precision(),
        "--threads=" + variant.threads(),
        "--layout=" + variant.layout(),
        "--seconds=" + seconds,
        "--weights=" + weights);
  }

  @Override
  public void run() {
    Variant variant = new Variant(engine, precision, threads, layout);
    OpGraph graph = network.build(channels);
    Map<String, NamedTensor> tensors = Safetensors.read(weights).tensors();
    Problem problem = new Problem(graph, batch, tensors, network.recipe());
    try (Engine trained = open(problem)) {
      List<Double> losses = new ArrayList<>();
      for (int i = 0; i < COMPARED_STEPS; i++) {
        trained.step();
        losses.add(trained.loss());
      }
      List<Double> stepMillis = time(trained);
      Measurement measurement =
          new Measurement(
              new Subject(network, batch, channels),
              variant,
              losses,
              stepMillis,
              peakBytes(),
              trained.description());
      System.out.println(JsonMapper.shared().writeValueAsString(measurement));
    }
  }

  private Engine open(Problem problem) {
    return switch (engine) {
      case RANDWIRE -> new RandWireEngine(problem, precision, threads);
      case LIBTORCH -> new LibtorchEngine(problem, precision, threads, layout);
      case DJL -> new DjlEngine(problem);
    };
  }

  private List<Double> time(Engine trained) {
    List<Double> stepMillis = new ArrayList<>();
    long begin = System.nanoTime();
    long start = begin;
    while (stepMillis.size() < FEWEST_STEPS || start - begin < seconds * 1e9) {
      trained.step();
      long end = System.nanoTime();
      stepMillis.add((end - start) / 1e6);
      start = end;
    }
    return stepMillis;
  }

  /** The high-water mark of resident memory, as Linux counts it. */
  private static long peakBytes() {
    try (Stream<String> lines = Files.lines(Path.of("/proc/self/status"))) {
      return lines
          .filter(line -> line.startsWith("VmHWM:"))
          .mapToLong(line -> 1024 * Long.parseLong(line.replaceAll("\\D", "")))
          .findFirst()
          .orElse(0);
    } catch (IOException e) {
      return 0;
    }
  }
}
