// SPDX-License-Identifier: Apache-2.0
package org.randwire.network.cell;

import java.util.ArrayList;
import java.util.List;

/**
 * The inside of a cell: nodes that each apply an op to two earlier states and add the results.
 * State 0 is the output of the cell before the previous one, 1 that of the previous one, 2 the
 * first node.
 *
 * @param nodes at least one
 */
public record Cell(List<Node> nodes) {

  /** The states that are there before the first node. */
  public static final int INPUTS = 2;

  /** An op on a state. */
  public record Edge(CellOp op, int state) {
    @Override
    public String toString() {
      return op.label() + " " + state;
    }
  }

  /** The sum of two edges; both may read the same state. */
  public record Node(Edge left, Edge right) {}

  public Cell {
    nodes = List.copyOf(nodes);
    if (nodes.isEmpty()) {
      throw new IllegalArgumentException("a cell needs at least one node");
    }
    for (int i = 0; i < nodes.size(); i++) {
      for (Edge edge : List.of(nodes.get(i).left(), nodes.get(i).right())) {
        if (edge.state() < 0 || edge.state() >= INPUTS + i) {
          throw new IllegalArgumentException(
              "node "
                  + i
                  + " of a cell reads one of states 0 to "
                  + (INPUTS + i - 1)
                  + ", got "
                  + edge.state());
        }
      }
    }
  }

  /**
   * A cell from its edges, two for each node, written as {@code op state}: {@code sep3 1}.
   *
   * @throws IllegalArgumentException saying which edge is wrong
   */
  public static Cell of(List<String> edges) {
    if (edges.isEmpty() || edges.size() % 2 != 0) {
      throw new IllegalArgumentException(
          "a cell needs two edges for each node, got " + edges.size());
    }
    List<Node> nodes = new ArrayList<>();
    for (int i = 0; i < edges.size(); i += 2) {
      nodes.add(new Node(edge(edges.get(i)), edge(edges.get(i + 1))));
    }
    return new Cell(nodes);
  }

  private static Edge edge(String text) {
    String[] parts = text.strip().split("\\s+");
    if (parts.length != 2 || !parts[1].matches("[0-9]{1,4}")) {
      throw new IllegalArgumentException(
          "an edge is written as an op and a state, such as 'sep3 1', got '" + text + "'");
    }
    return new Edge(CellOp.of(parts[0]), Integer.parseInt(parts[1]));
  }

  /** The edges as {@link #of} reads them. */
  public List<String> edges() {
    List<String> edges = new ArrayList<>();
    for (Node node : nodes) {
      edges.add(node.left().toString());
      edges.add(node.right().toString());
    }
    return edges;
  }

  /** The states whose concatenation is the cell's output, ascending. */
  List<Integer> outputs(CellOutput output) {
    List<Integer> states = new ArrayList<>();
    for (int state = INPUTS; state < INPUTS + nodes.size(); state++) {
      if (output == CellOutput.ALL || !isRead(state)) {
        states.add(state);
      }
    }
    return states;
  }

  private boolean isRead(int state) {
    return nodes.stream()
        .anyMatch(node -> node.left().state() == state || node.right().state() == state);
  }
}
