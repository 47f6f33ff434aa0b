// SPDX-License-Identifier: Apache-2.0
package org.randwire.graph;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.stream.Collectors;

/** The edges of one file with the lines they stand on, checked as they come. */
final class ReadEdges {
  private final String file;
  private final int nodes;
  private final Map<Edge, Integer> lines = new HashMap<>();

  ReadEdges(String file, int nodes) {
    this.file = file;
    this.nodes = nodes;
  }

  /** Checks the node count of a file before anything is allocated for it. */
  static int nodeCount(String file, int line, long count) {
    if (count < 1) {
      throw new GraphFormatException(file, line, "node count must be at least 1, got " + count);
    }
    if (count > RandomGraph.MAX_NODES) {
      throw new GraphFormatException(
          file, line, "node count " + count + " is above the limit of " + RandomGraph.MAX_NODES);
    }
    return (int) count;
  }

  void addDirected(long from, long to, int line) {
    Edge edge = new Edge(node(from, line), node(to, line));
    if (from == to) {
      throw new GraphFormatException(file, line, "edge " + edge + " is a self-loop");
    }
    Integer earlier = lines.putIfAbsent(edge, line);
    if (earlier != null) {
      throw new GraphFormatException(
          file, line, "edge " + edge + " was already given on line " + earlier);
    }
  }

  void addUndirected(long u, long v, int line) {
    addDirected(Math.min(u, v), Math.max(u, v), line);
  }

  private int node(long node, int line) {
    if (node < 0 || node >= nodes) {
      throw new GraphFormatException(
          file, line, "node " + node + " is out of range: nodes are 0.." + (nodes - 1));
    }
    return (int) node;
  }

  /**
   * The graph with indices in topological order. Where index order already is one, nothing changes;
   * otherwise nodes are renumbered by Kahn's algorithm, smallest index first.
   */
  Dag toDag() {
    if (lines.keySet().stream().allMatch(edge -> edge.from() < edge.to())) {
      return Dag.of(nodes, lines.keySet());
    }
    int[] order = topologicalIndex();
    return Dag.of(
        nodes,
        lines.keySet().stream()
            .map(edge -> new Edge(order[edge.from()], order[edge.to()]))
            .collect(Collectors.toList()));
  }

  private int[] topologicalIndex() {
    List<List<Integer>> successors = successors();
    int[] waiting = new int[nodes]; // unplaced predecessors
    lines.keySet().forEach(edge -> waiting[edge.to()]++);
    PriorityQueue<Integer> ready = new PriorityQueue<>();
    for (int v = 0; v < nodes; v++) {
      if (waiting[v] == 0) {
        ready.add(v);
      }
    }
    int[] index = new int[nodes];
    int placed = 0;
    while (!ready.isEmpty()) {
      int v = ready.remove();
      index[v] = placed++;
      for (int u : successors.get(v)) {
        if (--waiting[u] == 0) {
          ready.add(u);
        }
      }
    }
    if (placed < nodes) {
      throw cycle(waiting);
    }
    return index;
  }

  private List<List<Integer>> successors() {
    List<List<Integer>> successors = new ArrayList<>(nodes);
    for (int v = 0; v < nodes; v++) {
      successors.add(new ArrayList<>());
    }
    lines.keySet().forEach(edge -> successors.get(edge.from()).add(edge.to()));
    return successors;
  }

  /** Every node left waiting has a predecessor left waiting, so walking back must come round. */
  private GraphFormatException cycle(int[] waiting) {
    int[] back = new int[nodes];
    Arrays.fill(back, -1);
    for (Edge edge : lines.keySet()) {
      if (waiting[edge.from()] > 0 && (back[edge.to()] < 0 || edge.from() < back[edge.to()])) {
        back[edge.to()] = edge.from();
      }
    }
    int start = 0;
    while (waiting[start] == 0) {
      start++;
    }
    for (int step = 0; step < nodes; step++) { // long enough to be on the cycle
      start = back[start];
    }
    int smallest = start;
    for (int v = back[start]; v != start; v = back[v]) {
      smallest = Math.min(smallest, v);
    }
    return cycleThrough(smallest, back);
  }

  /** Blames the last line of the cycle, the one that closed it. */
  private GraphFormatException cycleThrough(int start, int[] back) {
    Deque<Integer> nodesOnCycle = new ArrayDeque<>(List.of(start));
    int line = 0;
    int v = start;
    do {
      line = Math.max(line, lines.get(new Edge(back[v], v)));
      v = back[v];
      nodesOnCycle.addFirst(v);
    } while (v != start);
    String path = nodesOnCycle.stream().map(String::valueOf).collect(Collectors.joining(" -> "));
    return new GraphFormatException(file, line, "edges form the cycle " + path);
  }
}
