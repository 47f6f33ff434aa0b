// SPDX-License-Identifier: Apache-2.0
package org.randwire.export;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.IntFunction;
import org.randwire.graph.BarabasiAlbert;
import org.randwire.graph.ErdosRenyi;
import org.randwire.graph.GraphGenerator;
import org.randwire.graph.WattsStrogatz;
import org.randwire.network.randwire.NodeOp;
import org.randwire.network.randwire.RandWireSpec;
import org.randwire.network.randwire.Regime;
import org.randwire.network.randwire.StageGraphs;
import org.randwire.op.OpGraph;
import org.randwire.op.OpNode;
import org.randwire.op.ParameterSpec;
import org.randwire.space.Complexity.Measure;
import org.randwire.space.Constraint;
import org.randwire.space.Sampler;
import org.randwire.space.Spaces;
import org.randwire.tensor.NamedTensor;
import org.randwire.tensor.TensorShape;

/** Networks of every generator and every design space, with weights as training leaves them. */
final class RandomNetworks {

  private static final TensorShape IMAGE = TensorShape.example(3, 32, 32);
  private static final int CLASSES = 7;
  private static final long MOST_MULTIPLY_ADDS = 60_000_000;

  private RandomNetworks() {}

  record Network(String name, OpGraph graph) {
    @Override
    public String toString() {
      return name;
    }
  }

  /** The first {@code count}: the generators with every node operation and the spaces by turns. */
  static List<Network> first(int count) {
    List<Network> networks = new ArrayList<>();
    List<String> spaces = Spaces.names();
    for (int i = 0; networks.size() < count; i++) {
      networks.add(randWire(i));
      networks.add(sampled(spaces.get(i % spaces.size()), i));
    }
    return networks.subList(0, count);
  }

  private static Network randWire(int seed) {
    int nodes = 6 + seed % 5;
    List<IntFunction<GraphGenerator>> generators =
        List.of(
            n -> new WattsStrogatz(n, 4, 0.75),
            n -> new ErdosRenyi(n, 0.4),
            n -> new BarabasiAlbert(n, 2));
    NodeOp[] ops = NodeOp.values();
    NodeOp op = ops[seed / 3 % ops.length];
    Regime regime = seed % 2 == 0 ? Regime.MNIST : Regime.CIFAR;
    int generator = seed % 3;
    OpGraph graph =
        new RandWireSpec(
                "random",
                regime,
                IMAGE,
                CLASSES,
                5 + seed % 7,
                StageGraphs.draw(regime, nodes, generators.get(generator), seed),
                op,
                0.3,
                0.2)
            .build();
    String name = List.of("ws", "er", "ba").get(generator);
    return new Network(name + " " + nodes + " " + op + " seed " + seed, graph);
  }

  private static Network sampled(String space, int seed) {
    Constraint small =
        new Constraint(
            List.of(new Constraint.Range(Measure.MULTIPLY_ADDS, 0, MOST_MULTIPLY_ADDS)), false);
    Sampler sampler =
        new Sampler(Spaces.find(space).orElseThrow(), seed, IMAGE, CLASSES, small, 10_000);
    return new Network(space + " seed " + seed, sampler.draw(seed).spec().build());
  }

  /** Parameters and running statistics of a network, none at its start value. */
  static Map<String, NamedTensor> weights(OpGraph graph, long seed) {
    Random random = new Random(seed);
    Map<String, NamedTensor> weights = new LinkedHashMap<>();
    for (OpNode node : graph.nodes()) {
      List<TensorShape> shapes = graph.inputShapes(node, 1);
      for (ParameterSpec spec : node.op().parameters(shapes)) {
        double deviation = spec.standardDeviation();
        put(weights, node, spec, random, deviation > 0 ? deviation : 0.3);
      }
      node.op().states(shapes).forEach(spec -> put(weights, node, spec, random, 0.2));
    }
    return weights;
  }

  private static void put(
      Map<String, NamedTensor> weights,
      OpNode node,
      ParameterSpec spec,
      Random random,
      double deviation) {
    float[] values = new float[(int) spec.elements()];
    for (int i = 0; i < values.length; i++) {
      float value = (float) (spec.mean() + deviation * random.nextGaussian());
      values[i] = spec.name().equals("running_var") ? Math.max(0.05f, value) : value;
    }
    String name = node.name() + "." + spec.name();
    weights.put(name, new NamedTensor(name, spec.exportShape(), values));
  }
}
