// SPDX-License-Identifier: Apache-2.0
package org.randwire.benchmarks.engine;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.randwire.op.Add;
import org.randwire.op.BatchNorm;
import org.randwire.op.Convolution;
import org.randwire.op.GlobalAveragePool;
import org.randwire.op.Input;
import org.randwire.op.Linear;
import org.randwire.op.Mean;
import org.randwire.op.Op;
import org.randwire.op.OpGraph;
import org.randwire.op.OpNode;
import org.randwire.op.Relu;
import org.randwire.op.WeightedSum;

/**
 * Runs an op graph forward with the calls of another engine, as a careful user of that engine would
 * write the network: ReLUs and sums overwrite their input where autograd has not saved it, and a
 * tensor's handle is given back after its last reader, so that only what autograd saved stays.
 *
 * @param <T> the engine's tensor
 */
final class Interpreter<T> {

  /** What an engine must be able to do. A call in place overwrites and returns its first input. */
  interface Calls<T> {
    T convolution(T x, T filter, Convolution convolution);

    /** In training: by the statistics of the batch, which also update the running ones. */
    T batchNorm(T x, T weight, T bias, T runningMean, T runningVariance, BatchNorm norm);

    T relu(T x, boolean inPlace);

    /** The sum of the inputs, each times the sigmoid of its entry of {@code weight}. */
    T weightedSum(List<T> x, T weight);

    T sum(List<T> x, boolean inPlace);

    T mean(List<T> x, boolean inPlace);

    /** {@code [N, C, H, W]} to {@code [N, C, 1, 1]}. */
    T globalAveragePool(T x);

    /** {@code [N, I, 1, 1]} to {@code [N, O]}. */
    T linear(T x, T weight, T bias);

    void release(T tensor);
  }

  private final OpGraph graph;
  private final Calls<T> calls;
  private final Map<String, T> weights;

  /** How many nodes read a node, and the last of them. */
  private final int[] readers;

  private final int[] lastReader;

  /**
   * @param weights parameters and running statistics by name
   */
  Interpreter(OpGraph graph, Calls<T> calls, Map<String, T> weights) {
    this.graph = graph;
    this.calls = calls;
    this.weights = weights;
    readers = new int[graph.nodes().size()];
    lastReader = new int[graph.nodes().size()];
    Arrays.fill(lastReader, -1);
    for (OpNode node : graph.nodes()) {
      for (int input : node.inputs()) {
        readers[input]++;
        lastReader[input] = node.id();
      }
    }
  }

  /** The logits {@code [N, K]} of a batch, whose handle stays the caller's. */
  T logits(T images) {
    List<T> values = new ArrayList<>();
    for (OpNode node : graph.nodes()) {
      T result = node.op() instanceof Input ? images : run(node, values);
      values.add(result);
      for (int input : node.inputs().stream().distinct().toList()) {
        T read = values.get(input);
        if (lastReader[input] == node.id() && read != images && read != result) {
          calls.release(read);
        }
      }
    }
    return values.get(graph.output().id());
  }

  private T run(OpNode node, List<T> values) {
    List<T> inputs = node.inputs().stream().map(values::get).toList();
    T x = inputs.get(0);
    boolean inPlace = mayOverwrite(node.inputs().get(0));
    Op op = node.op();
    if (op instanceof Convolution convolution) {
      return calls.convolution(x, weight(node, "weight"), convolution);
    } else if (op instanceof BatchNorm norm) {
      return calls.batchNorm(
          x,
          weight(node, "weight"),
          weight(node, "bias"),
          weight(node, "running_mean"),
          weight(node, "running_var"),
          norm);
    } else if (op instanceof Relu) {
      return calls.relu(x, inPlace);
    } else if (op instanceof WeightedSum) {
      return calls.weightedSum(inputs, weight(node, "weight"));
    } else if (op instanceof Add) {
      return calls.sum(inputs, inPlace);
    } else if (op instanceof Mean) {
      return calls.mean(inputs, inPlace);
    } else if (op instanceof GlobalAveragePool) {
      return calls.globalAveragePool(x);
    } else if (op instanceof Linear) {
      return calls.linear(x, weight(node, "weight"), weight(node, "bias"));
    }
    throw new UnsupportedOperationException(
        "node '" + node.name() + "': the peers have no call for " + op);
  }

  /** Whether one node alone reads the value, and the gradient of what made it does not need it. */
  private boolean mayOverwrite(int id) {
    Op producer = graph.node(id).op();
    return readers[id] == 1
        && (producer instanceof WeightedSum
            || producer instanceof BatchNorm
            || producer instanceof Add);
  }

  private T weight(OpNode node, String part) {
    return weights.get(node.name() + "." + part);
  }
}
