// SPDX-License-Identifier: Apache-2.0
package org.randwire.graph;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Graphs and statistics made with networkx 3.6.1, read from the test data folder. */
final class OracleGraphs {
  private OracleGraphs() {}

  static Path folder() {
    Path folder = Path.of(System.getProperty("randwire.testdata", "../shared/data"), "graphs");
    Assumptions.assumeTrue(
        Files.isDirectory(folder), "no test data at " + folder + " (set -Drandwire.testdata=DIR)");
    return folder;
  }

  static JsonNode json(String name) {
    return JsonMapper.shared().readTree(folder().resolve(name).toFile());
  }

  /** The 90 explicit graphs with their properties. */
  static Stream<OracleGraph> graphs() {
    return json("graphs.json").get("graphs").valueStream().map(OracleGraph::new);
  }

  record OracleGraph(JsonNode json) {
    String generator() {
      return json.get("generator").asString();
    }

    int nodes() {
      return json.get("n").asInt();
    }

    double argument(int i) {
      return json.get("args").get(i).asDouble();
    }

    long seed() {
      return json.get("seed").asLong();
    }

    int number(String key) {
      return json.get(key).asInt();
    }

    List<Edge> edges() {
      List<Edge> edges = new ArrayList<>();
      for (JsonNode edge : json.get("edge_list")) {
        int u = edge.get(0).asInt();
        int v = edge.get(1).asInt();
        edges.add(new Edge(Math.min(u, v), Math.max(u, v)));
      }
      edges.sort(null);
      return edges;
    }

    @Override
    public String toString() {
      return generator() + json.get("args") + " seed " + seed();
    }
  }
}
