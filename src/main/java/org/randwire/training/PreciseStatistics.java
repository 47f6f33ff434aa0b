// SPDX-License-Identifier: Apache-2.0
package org.randwire.training;

import java.util.LinkedHashMap;
import java.util.Map;
import org.randwire.compile.CompiledProgram;
import org.randwire.compile.NetworkState;
import org.randwire.data.Batch;
import org.randwire.data.BatchLoader;
import org.randwire.op.Section;

/**
 * Precise batch-norm statistics as the design spaces paper's code computes them (PAPERS: over 1024
 * training examples, after every epoch, before testing): the mean of the batches' means, and E[x^2]
 * minus its square, in place of the running averages.
 */
final class PreciseStatistics {

  private static final int EXAMPLES = 1024;

  private PreciseStatistics() {}

  static void compute(CompiledProgram program, BatchLoader loader, NetworkState state, int epoch) {
    int wanted = Math.max(1, EXAMPLES / program.batch());
    Map<String, double[]> means = new LinkedHashMap<>();
    Map<String, double[]> squares = new LinkedHashMap<>();
    int batches = 0;
    loader.start(epoch, 0);
    for (Batch batch = loader.next();
        batch != null && batches < wanted;
        batch = loader.next(), batches++) {
      Trainer.fill(program, batch);
      program.run();
      Map<String, double[]> statistics = program.statistics();
      for (String name : statistics.keySet()) {
        if (name.endsWith(".mean")) {
          String node = name.substring(0, name.length() - ".mean".length());
          add(node, statistics.get(name), statistics.get(node + ".variance"), means, squares);
        }
      }
    }
    for (String node : means.keySet()) {
      double[] mean = means.get(node);
      double[] variance = squares.get(node);
      for (int c = 0; c < mean.length; c++) {
        mean[c] /= batches;
        variance[c] = Math.max(0, variance[c] / batches - mean[c] * mean[c]);
      }
      state.set(Section.STATE, node + ".running_mean", mean);
      state.set(Section.STATE, node + ".running_var", variance);
    }
  }

  private static void add(
      String node,
      double[] mean,
      double[] variance,
      Map<String, double[]> means,
      Map<String, double[]> squares) {
    double[] meanSum = means.computeIfAbsent(node, n -> new double[mean.length]);
    double[] squareSum = squares.computeIfAbsent(node, n -> new double[mean.length]);
    for (int c = 0; c < mean.length; c++) {
      meanSum[c] += mean[c];
      squareSum[c] += variance[c] + mean[c] * mean[c];
    }
  }
}
