// SPDX-License-Identifier: Apache-2.0
package org.randwire.graph;

import java.util.List;
import java.util.regex.Pattern;

/** The edge-list text format; {@link GraphFiles} describes it. */
final class EdgeListFormat {
  private static final Pattern INTEGER = Pattern.compile("-?[0-9]{1,18}");

  private EdgeListFormat() {}

  static Dag parse(String file, String text) {
    List<String> lines = text.lines().toList();
    ReadEdges edges = null;
    for (int i = 0; i < lines.size(); i++) {
      String content = lines.get(i).strip();
      if (content.isEmpty() || content.startsWith("#")) {
        continue;
      }
      if (edges == null) {
        edges = new ReadEdges(file, nodeCount(file, i + 1, content));
      } else {
        addEdge(edges, file, i + 1, content);
      }
    }
    if (edges == null) {
      throw new GraphFormatException(
          file, Math.max(1, lines.size()), "the file is empty: no node count, no edges");
    }
    return edges.toDag();
  }

  private static int nodeCount(String file, int line, String content) {
    String[] words = content.split("\\s+");
    if (words.length > 1) {
      throw new GraphFormatException(
          file, line, "missing node count before the edges, got '" + shortened(content) + "'");
    }
    return ReadEdges.nodeCount(file, line, number(file, line, words[0]));
  }

  private static void addEdge(ReadEdges edges, String file, int line, String content) {
    String[] words = content.split("\\s+");
    if (words.length != 2) {
      throw new GraphFormatException(
          file, line, "expected 'from to', got '" + shortened(content) + "'");
    }
    edges.addDirected(number(file, line, words[0]), number(file, line, words[1]), line);
  }

  private static long number(String file, int line, String word) {
    if (!INTEGER.matcher(word).matches()) {
      throw new GraphFormatException(
          file, line, "'" + shortened(word) + "' is not a node number or count");
    }
    return Long.parseLong(word);
  }

  private static String shortened(String text) {
    return text.length() <= 40 ? text : text.substring(0, 40) + "...";
  }

  static String format(Dag dag, List<String> comments) {
    StringBuilder text = new StringBuilder();
    for (String comment : comments) {
      comment.lines().forEach(line -> text.append("# ").append(line).append('\n'));
    }
    text.append(dag.nodes()).append('\n');
    for (Edge edge : dag.edges()) {
      text.append(edge.from()).append(' ').append(edge.to()).append('\n');
    }
    return text.toString();
  }
}
