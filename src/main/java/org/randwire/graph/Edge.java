// SPDX-License-Identifier: Apache-2.0
package org.randwire.graph;

/**
 * One edge between two nodes. In a {@link RandomGraph} it is undirected and written with {@code
 * from < to}; in a {@link Dag} it carries a tensor from the smaller to the larger index.
 */
public record Edge(int from, int to) implements Comparable<Edge> {
  /** Orders by {@code from}, then by {@code to}. */
  @Override
  public int compareTo(Edge other) {
    int byFrom = Integer.compare(from, other.from);
    return byFrom != 0 ? byFrom : Integer.compare(to, other.to);
  }

  @Override
  public String toString() {
    return "(" + from + ", " + to + ")";
  }
}
