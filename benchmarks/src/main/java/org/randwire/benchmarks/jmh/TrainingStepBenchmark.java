// SPDX-License-Identifier: Apache-2.0
package org.randwire.benchmarks.jmh;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import org.randwire.benchmarks.Network;
import org.randwire.benchmarks.engine.Precision;
import org.randwire.benchmarks.engine.Problem;
import org.randwire.benchmarks.engine.RandWireEngine;
import org.randwire.op.OpGraph;

/** A whole training step of each network at its usual batch: images in, to the update. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 3, time = 2)
@Fork(
    value = 1,
    jvmArgsAppend = {"-XX:+UseSerialGC", "-Dorg.bytedeco.javacpp.maxPhysicalBytes=0"})
public class TrainingStepBenchmark {

  @Param({"RANDWIRE_SMALL", "RANDWIRE_CIFAR", "RESNET", "RESNEXT"})
  public Network network;

  @Param({"FP32", "BF16"})
  public Precision precision;

  @Param({"2", "1"})
  public int threads;

  private RandWireEngine engine;

  @Setup
  public void open() {
    OpGraph graph = network.build(network.channels());
    Problem problem =
        new Problem(graph, network.batch(), Problem.drawWeights(graph), network.recipe());
    engine = new RandWireEngine(problem, precision, threads);
  }

  @TearDown
  public void close() {
    if (!Double.isFinite(engine.loss())) {
      throw new IllegalStateException("the loss is not finite, so the time says nothing");
    }
    engine.close();
  }

  @Benchmark
  public void step() {
    engine.step();
  }
}
