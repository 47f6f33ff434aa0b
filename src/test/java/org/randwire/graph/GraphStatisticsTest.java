// SPDX-License-Identifier: Apache-2.0
package org.randwire.graph;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.commons.math3.stat.descriptive.SummaryStatistics;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

/**
 * Our generators against Monte Carlo statistics of networkx 3.6.1 (38 settings, 1,000 to 10,000
 * graphs each): means agree within four standard errors of their difference.
 */
class GraphStatisticsTest {
  private static final double STANDARD_ERRORS = 4;

  private static final Map<String, ToDoubleFunction<Dag>> STATISTICS = new LinkedHashMap<>();

  static {
    STATISTICS.put("edges", Dag::edgeCount);
    STATISTICS.put("dag_inputs", dag -> dag.sources().length);
    STATISTICS.put("dag_outputs", dag -> dag.sinks().length);
    STATISTICS.put("dag_longest_path_edges", dag -> dag.longestPath() - 1);
    STATISTICS.put("dag_max_in_degree", dag -> nodes(dag).map(dag::inDegree).max().orElseThrow());
    STATISTICS.put("dag_max_out_degree", dag -> nodes(dag).map(dag::outDegree).max().orElseThrow());
    STATISTICS.put(
        "max_degree", dag -> nodes(dag).map(dag.undirected()::degree).max().orElseThrow());
    STATISTICS.put(
        "min_degree", dag -> nodes(dag).map(dag.undirected()::degree).min().orElseThrow());
  }

  private static IntStream nodes(Dag dag) {
    return IntStream.range(0, dag.nodes());
  }

  record Setting(GraphGenerator generator, JsonNode json) {
    long graphs() {
      return json.get("graphs").asLong();
    }

    @Override
    public String toString() {
      return generator.toString();
    }
  }

  static Stream<Setting> settings() {
    return OracleGraphs.json("statistics.json")
        .get("statistics")
        .valueStream()
        // networkx's own BA starts from a star, and ws_connected is conditioned: not the paper's.
        .filter(json -> List.of("er", "ba_paper", "ws").contains(json.get("generator").asString()))
        .map(json -> new Setting(generator(json), json));
  }

  private static GraphGenerator generator(JsonNode json) {
    JsonNode args = json.get("args");
    int nodes = args.get(0).asInt();
    return switch (json.get("generator").asString()) {
      case "er" -> new ErdosRenyi(nodes, args.get(1).asDouble());
      case "ba_paper" -> new BarabasiAlbert(nodes, args.get(1).asInt());
      default -> new WattsStrogatz(nodes, args.get(1).asInt(), args.get(2).asDouble());
    };
  }

  @ParameterizedTest
  @MethodSource("settings")
  void meansAgreeWithNetworkx(Setting setting) {
    Map<String, SummaryStatistics> ours = new LinkedHashMap<>();
    STATISTICS.keySet().forEach(name -> ours.put(name, new SummaryStatistics()));
    SummaryStatistics connected = new SummaryStatistics();
    for (long seed = 0; seed < setting.graphs(); seed++) {
      Dag dag = setting.generator().generateDag(seed);
      STATISTICS.forEach((name, value) -> ours.get(name).addValue(value.applyAsDouble(dag)));
      connected.addValue(dag.undirected().isConnected() ? 1 : 0);
    }
    List<Executable> checks = new ArrayList<>();
    ours.forEach((name, own) -> checks.add(() -> compare(name, own, setting.json().get("all"))));
    checks.add(() -> compareConnected(connected, setting.json()));
    assertAll(checks);
  }

  private static void compare(String name, SummaryStatistics own, JsonNode all) {
    JsonNode oracle = all.get(name);
    double std = oracle.get("std").asDouble();
    assertWithin(name, own, oracle.get("mean").asDouble(), std * std, oracle.get("n").asLong());
  }

  private static void compareConnected(SummaryStatistics own, JsonNode json) {
    double fraction = json.get("connected_fraction").asDouble();
    double variance = fraction * (1 - fraction);
    assertWithin("connected", own, fraction, variance, json.get("graphs").asLong());
  }

  private static void assertWithin(
      String name, SummaryStatistics own, double mean, double variance, long count) {
    double error = Math.sqrt(own.getVariance() / own.getN() + variance / count);
    if (error == 0) {
      assertEquals(mean, own.getMean(), 1e-9, name);
      return;
    }
    double apart = Math.abs(own.getMean() - mean) / error;
    assertTrue(
        apart <= STANDARD_ERRORS,
        "%s: mean %s, networkx %s, %.1f standard errors apart"
            .formatted(name, own.getMean(), mean, apart));
  }

  static Stream<Setting> mainSettings() {
    return settings().filter(setting -> setting.graphs() == 10_000);
  }

  /** A wrong index rule or loop order shows here, node by node, before it shows in the totals. */
  @ParameterizedTest
  @MethodSource("mainSettings")
  void degreesAgreeWithNetworkxAtEveryIndex(Setting setting) {
    int nodes = setting.generator().nodes();
    List<SummaryStatistics> inDegrees = emptyPerNode(nodes);
    List<SummaryStatistics> degrees = emptyPerNode(nodes);
    for (long seed = 0; seed < setting.graphs(); seed++) {
      Dag dag = setting.generator().generateDag(seed);
      for (int v = 0; v < nodes; v++) {
        inDegrees.get(v).addValue(dag.inDegree(v));
        degrees.get(v).addValue(dag.undirected().degree(v));
      }
    }
    JsonNode all = setting.json().get("all");
    for (int v = 0; v < nodes; v++) {
      compareAt(v, inDegrees.get(v), all.get("mean_dag_in_degree_by_node_index"));
      compareAt(v, degrees.get(v), all.get("mean_degree_by_node_index"));
    }
  }

  private static List<SummaryStatistics> emptyPerNode(int nodes) {
    return Stream.generate(SummaryStatistics::new).limit(nodes).toList();
  }

  /** networkx's variance is not recorded per node; ours, of the same sample size, stands in. */
  private static void compareAt(int node, SummaryStatistics own, JsonNode means) {
    assertWithin("node " + node, own, means.get(node).asDouble(), own.getVariance(), own.getN());
  }
}
