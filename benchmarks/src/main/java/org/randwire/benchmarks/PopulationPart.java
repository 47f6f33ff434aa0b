// SPDX-License-Identifier: Apache-2.0
package org.randwire.benchmarks;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.randwire.benchmarks.engine.Engine;
import org.randwire.benchmarks.engine.LibtorchEngine;
import org.randwire.benchmarks.engine.LibtorchEngine.Layout;
import org.randwire.benchmarks.engine.Precision;
import org.randwire.benchmarks.engine.Problem;
import org.randwire.benchmarks.engine.RandWireEngine;
import org.randwire.benchmarks.engine.Recipe;
import org.randwire.network.resnet.ResNetSpec;
import org.randwire.op.OpGraph;
import org.randwire.space.Complexity;
import org.randwire.space.Constraint;
import org.randwire.space.Sampler;
import org.randwire.space.Spaces;
import org.randwire.tensor.TensorShape;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import tools.jackson.databind.json.JsonMapper;

/** Some networks of a population in this process: what {@link PopulationCommand} starts. */
@Command(name = "population-part", hidden = true, mixinStandardHelpOptions = true)
final class PopulationPart implements Callable<Integer> {

  enum Mode {
    PACKED("RandWire, one network per core"),
    SEQUENTIAL("RandWire, one after the other"),
    LIBTORCH_NCHW("libtorch NCHW, one after the other"),
    LIBTORCH_CHANNELS_LAST("libtorch channels-last, one after the other");

    private final String words;

    Mode(String words) {
      this.words = words;
    }

    boolean isOurs() {
      return this == PACKED || this == SEQUENTIAL;
    }

    String words() {
      return words;
    }
  }

  private static final TensorShape IMAGE = TensorShape.example(3, 32, 32);
  private static final int CLASSES = 10;
  private static final long SEED = 1;
  private static final int TRIES = 10_000;

  /** So small that no network diverges in its first steps, since the losses are compared. */
  private static final double RATE = 0.001;

  @Option(names = "--mode", required = true)
  private Mode mode;

  @Option(names = "--precision", required = true)
  private Precision precision;

  @Option(names = "--from", required = true)
  private int from;

  @Option(names = "--to", required = true)
  private int to;

  @Option(names = "--batch", required = true)
  private int batch;

  @Option(names = "--steps", required = true)
  private int steps;

  @Option(names = "--threads", required = true)
  private int threads;

  @Override
  public Integer call() throws InterruptedException, ExecutionException {
    List<Problem> problems = problems();
    long start = System.nanoTime();
    List<Double> losses = mode == Mode.PACKED ? trainPacked(problems) : trainInTurn(problems);
    double seconds = (System.nanoTime() - start) / 1e9;
    List<String> written = losses.stream().map(String::valueOf).toList(); // JSON has no NaN
    System.out.println(
        JsonMapper.shared()
            .writeValueAsString(Map.of("seconds", seconds, "losses", written)));
    return 0;
  }

  private List<Problem> problems() {
    OpGraph largest =
        ResNetSpec.resnet("resnet-56", IMAGE, CLASSES, List.of(9, 9, 9), List.of(16, 32, 64))
            .build();
    Sampler sampler =
        new Sampler(
            Spaces.find("resnet").orElseThrow(),
            SEED,
            IMAGE,
            CLASSES,
            Constraint.within(Complexity.of(largest)),
            TRIES);
    List<Problem> problems = new ArrayList<>();
    for (int index = from; index < to; index++) {
      OpGraph graph = sampler.draw(index).spec().build();
      problems.add(
          new Problem(graph, batch, Problem.drawWeights(graph), Recipe.withRate(RATE)));
    }
    return problems;
  }

  private List<Double> trainInTurn(List<Problem> problems) {
    return problems.stream().map(problem -> train(problem, threads)).toList();
  }

  private List<Double> trainPacked(List<Problem> problems)
      throws InterruptedException, ExecutionException {
    ExecutorService pool = Executors.newFixedThreadPool(threads);
    try {
      List<Future<Double>> all = new ArrayList<>();
      problems.forEach(problem -> all.add(pool.submit(() -> train(problem, 1))));
      List<Double> losses = new ArrayList<>();
      for (Future<Double> one : all) {
        losses.add(one.get());
      }
      return losses;
    } finally {
      pool.shutdownNow();
    }
  }

  /** The loss of the last step. */
  private double train(Problem problem, int workers) {
    try (Engine engine = open(problem, workers)) {
      for (int step = 0; step < steps; step++) {
        engine.step();
      }
      return engine.loss();
    }
  }

  private Engine open(Problem problem, int workers) {
    return switch (mode) {
      case PACKED, SEQUENTIAL -> new RandWireEngine(problem, precision, workers);
      case LIBTORCH_NCHW -> new LibtorchEngine(problem, precision, workers, Layout.NCHW);
      case LIBTORCH_CHANNELS_LAST ->
          new LibtorchEngine(problem, precision, workers, Layout.CHANNELS_LAST);
    };
  }
}
