// SPDX-License-Identifier: Apache-2.0
package org.randwire.space;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.randwire.network.NetworkSpec;
import org.randwire.network.randwire.NodeOp;
import org.randwire.network.randwire.RandWireSpec;
import org.randwire.network.randwire.Regime;
import org.randwire.network.randwire.StageGraphs;
import org.randwire.tensor.TensorShape;

/**
 * Randomly wired networks as a space: generator, nodes of a stage, channels, and the seed that
 * picks one of the generator's graphs.
 *
 * @param regime CIFAR, MNIST or SMALL
 * @param nodeOp what every node computes
 * @param wirings graph models with their parameters
 * @param nodes N, above every k and m
 * @param channels C
 * @param seeds of the graphs
 */
public record RandWireSpace(
    String name,
    String description,
    Regime regime,
    NodeOp nodeOp,
    List<Wiring> wirings,
    List<Integer> nodes,
    List<Integer> channels,
    List<Integer> seeds)
    implements DesignSpace {

  /**
   * Checks the value sets.
   *
   * @throws IllegalArgumentException if one is empty or has a value twice, or a generator needs
   *     more nodes than a stage may have
   */
  public RandWireSpace {
    wirings = List.copyOf(wirings);
    nodes = List.copyOf(nodes);
    channels = List.copyOf(channels);
    seeds = List.copyOf(seeds);
    parameters(wirings, nodes, channels, seeds);
    if (regime == Regime.REGULAR) {
      throw new IllegalArgumentException(
          "regime: the regular one has a first stage of half the nodes and is not sampled");
    }
    for (Wiring wiring : wirings) {
      for (int number : nodes) {
        try {
          wiring.generator(number);
        } catch (IllegalArgumentException e) {
          throw new IllegalArgumentException(
              "generator: " + wiring + " contradicts nodes " + number + ": " + e.getMessage(), e);
        }
      }
    }
  }

  @Override
  public List<Parameter> parameters() {
    return parameters(wirings, nodes, channels, seeds);
  }

  private static List<Parameter> parameters(
      List<Wiring> wirings, List<Integer> nodes, List<Integer> channels, List<Integer> seeds) {
    return List.of(
        new Parameter("generator", wirings.stream().map(Wiring::toString).toList()),
        new Parameter("nodes", nodes),
        new Parameter("channels", channels),
        new Parameter("seed", seeds));
  }

  private Wiring wiring(Choice choice) {
    return Wiring.of((String) choice.value(0));
  }

  private String preset() {
    return "randwire-" + regime.name().toLowerCase(Locale.ROOT);
  }

  @Override
  public NetworkSpec network(Choice choice, TensorShape input, int classes) {
    return new RandWireSpec(
        preset(),
        regime,
        input,
        classes,
        choice.integer(2),
        StageGraphs.draw(regime, choice.integer(1), wiring(choice)::generator, choice.integer(3)),
        nodeOp,
        0,
        0);
  }

  @Override
  public Map<String, Object> settings(Choice choice) {
    Map<String, Object> graph = new LinkedHashMap<>(wiring(choice).settings());
    graph.put("nodes", choice.integer(1));
    graph.put("seed", choice.integer(3));
    Map<String, Object> settings = new LinkedHashMap<>();
    settings.put("name", preset());
    settings.put("channels", choice.integer(2));
    if (nodeOp != NodeOp.SEPARABLE) {
      settings.put("nodeOp", nodeOp.label());
    }
    settings.put("graph", graph);
    return settings;
  }
}
