// SPDX-License-Identifier: Apache-2.0
package org.randwire.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.randwire.graph.Dag;

/**
 * Where the nodes of one stage go in a layered drawing (Sugiyama, Tagawa, Toda 1981): the layer of
 * a node is its distance from the input, an edge over several layers has a bend in each between,
 * the order within a layer is that with the fewest crossings some barycentre sweeps find, and
 * heights follow the neighbours'. Edges from one node share their bends as far as they go together,
 * since they carry the same tensor. A pure function of the graph.
 *
 * <p>Vertices are numbered: the nodes of the graph first, then input and output, then bends.
 */
final class LayeredLayout {

  /** More than this is neither drawn in reasonable time nor read by anybody. */
  private static final int MOST_VERTICES = 20_000;

  private static final int ORDER_SWEEPS = 24;
  private static final int HEIGHT_SWEEPS = 60;

  /** Half of the room a vertex takes; two neighbours are as far apart as their halves together. */
  private static final double NODE_ROOM = 15;

  private static final double BEND_ROOM = 6;

  /** An edge from node to node, or from the input or to the output, with its bends. */
  record Line(int[] vertices) {
    int from() {
      return vertices[0];
    }

    int to() {
      return vertices[vertices.length - 1];
    }
  }

  private final int nodes;
  private final int[] layerOf;
  private final List<Line> lines;
  private final List<List<Integer>> before = new ArrayList<>();
  private final List<List<Integer>> after = new ArrayList<>();
  private int[][] layers;
  private final double[] height;

  LayeredLayout(Dag dag) {
    nodes = dag.nodes();
    List<Integer> layer = new ArrayList<>();
    for (int level : dag.levels()) {
      layer.add(level + 1);
    }
    layer.add(0);
    layer.add(dag.longestPath() + 1);
    lines = lines(dag, layer);
    layerOf = layer.stream().mapToInt(Integer::intValue).toArray();
    layers = byLayer();
    link();
    reduceCrossings();
    height = new double[layerOf.length];
    assignHeights();
  }

  int input() {
    return nodes;
  }

  int output() {
    return nodes + 1;
  }

  List<Line> lines() {
    return lines;
  }

  int layer(int vertex) {
    return layerOf[vertex];
  }

  int layerCount() {
    return layers.length;
  }

  /** Height of a vertex; the smallest of all is 0. */
  double height(int vertex) {
    return height[vertex];
  }

  double totalHeight() {
    return Arrays.stream(height).max().orElseThrow();
  }

  private List<Line> lines(Dag dag, List<Integer> layer) {
    List<Line> result = new ArrayList<>();
    for (int source : dag.sources()) {
      result.add(line(input(), source, new ArrayList<>(), layer));
    }
    for (int from = 0; from < dag.nodes(); from++) {
      List<Integer> bends = new ArrayList<>();
      for (int to : dag.successors(from)) {
        result.add(line(from, to, bends, layer));
      }
    }
    for (int sink : dag.sinks()) {
      result.add(line(sink, output(), new ArrayList<>(), layer));
    }
    return result;
  }

  /** Adds the bends that are still missing to those of the node and to the list of layers. */
  private static Line line(int from, int to, List<Integer> bends, List<Integer> layer) {
    int first = layer.get(from);
    int[] vertices = new int[layer.get(to) - first + 1];
    vertices[0] = from;
    for (int i = 1; i < vertices.length - 1; i++) {
      if (bends.size() < i) {
        bends.add(layer.size());
        layer.add(first + i);
      }
      vertices[i] = bends.get(i - 1);
    }
    vertices[vertices.length - 1] = to;
    if (layer.size() > MOST_VERTICES) {
      throw new IllegalArgumentException(
          "the wiring is too large to be drawn: more than "
              + MOST_VERTICES
              + " nodes and crossings of levels");
    }
    return new Line(vertices);
  }

  private int[][] byLayer() {
    List<List<Integer>> lists = new ArrayList<>();
    for (int i = 0; i <= layerOf[output()]; i++) {
      lists.add(new ArrayList<>());
    }
    for (int vertex = 0; vertex < layerOf.length; vertex++) {
      lists.get(layerOf[vertex]).add(vertex);
    }
    return lists.stream()
        .map(list -> list.stream().mapToInt(Integer::intValue).toArray())
        .toArray(int[][]::new);
  }

  private void link() {
    for (int vertex = 0; vertex < layerOf.length; vertex++) {
      before.add(new ArrayList<>());
      after.add(new ArrayList<>());
    }
    for (Line line : lines) {
      for (int i = 1; i < line.vertices.length; i++) {
        int left = line.vertices[i - 1];
        int right = line.vertices[i];
        if (!after.get(left).contains(right)) {
          after.get(left).add(right);
          before.get(right).add(left);
        }
      }
    }
  }

  // Order within the layers

  private void reduceCrossings() {
    int[][] best = copy(layers);
    long fewest = crossings();
    for (int sweep = 0; sweep < ORDER_SWEEPS && fewest > 0; sweep++) {
      if (sweep % 2 == 0) {
        for (int i = 1; i < layers.length; i++) {
          layers[i] = ordered(layers[i], layers[i - 1], before);
        }
      } else {
        for (int i = layers.length - 2; i >= 0; i--) {
          layers[i] = ordered(layers[i], layers[i + 1], after);
        }
      }
      long crossings = crossings();
      if (crossings < fewest) {
        fewest = crossings;
        best = copy(layers);
      }
    }
    layers = best;
  }

  /** A layer by the mean place of each vertex's neighbours in the layer beside; ties stay. */
  private int[] ordered(int[] layer, int[] beside, List<List<Integer>> neighbours) {
    int[] place = places(beside);
    double[] mean = new double[layerOf.length];
    for (int i = 0; i < layer.length; i++) {
      mean[layer[i]] =
          neighbours.get(layer[i]).stream().mapToInt(v -> place[v]).average().orElse(i);
    }
    return Arrays.stream(layer)
        .boxed()
        .sorted(Comparator.comparingDouble(vertex -> mean[vertex]))
        .mapToInt(Integer::intValue)
        .toArray();
  }

  private int[] places(int[] layer) {
    int[] place = new int[layerOf.length];
    for (int i = 0; i < layer.length; i++) {
      place[layer[i]] = i;
    }
    return place;
  }

  private long crossings() {
    long count = 0;
    for (int i = 0; i + 1 < layers.length; i++) {
      int[] place = places(layers[i + 1]);
      List<Integer> ends = new ArrayList<>();
      for (int vertex : layers[i]) {
        after.get(vertex).stream().map(v -> place[v]).sorted().forEach(ends::add);
      }
      count += inversions(ends);
    }
    return count;
  }

  private static long inversions(List<Integer> values) {
    long count = 0;
    for (int i = 0; i < values.size(); i++) {
      for (int j = i + 1; j < values.size(); j++) {
        count += values.get(i) > values.get(j) ? 1 : 0;
      }
    }
    return count;
  }

  private static int[][] copy(int[][] layers) {
    return Arrays.stream(layers).map(int[]::clone).toArray(int[][]::new);
  }

  // Heights

  private void assignHeights() {
    for (int[] layer : layers) {
      double y = 0;
      for (int i = 0; i < layer.length; i++) {
        y += i == 0 ? 0 : distance(layer[i - 1], layer[i]);
        height[layer[i]] = y;
      }
      for (int vertex : layer) {
        height[vertex] -= y / 2;
      }
    }
    for (int sweep = 0; sweep < HEIGHT_SWEEPS; sweep++) {
      for (int i = 0; i < layers.length; i++) {
        settle(layers[sweep % 2 == 0 ? i : layers.length - 1 - i]);
      }
    }
    double top = Arrays.stream(height).min().orElseThrow();
    for (int vertex = 0; vertex < height.length; vertex++) {
      height[vertex] -= top;
    }
  }

  private double distance(int upper, int lower) {
    return room(upper) + room(lower);
  }

  private double room(int vertex) {
    return isBend(vertex) ? BEND_ROOM : NODE_ROOM;
  }

  private boolean isBend(int vertex) {
    return vertex > output();
  }

  /**
   * Moves a layer as near to its neighbours' heights as order and distances allow: least squares by
   * pooling adjacent violators.
   */
  private void settle(int[] layer) {
    double[] pooled = new double[layer.length];
    int[] count = new int[layer.length];
    int blocks = 0;
    double offset = 0;
    for (int i = 0; i < layer.length; i++) {
      offset += i == 0 ? 0 : distance(layer[i - 1], layer[i]);
      pooled[blocks] = wanted(layer[i]) - offset;
      count[blocks++] = 1;
      while (blocks > 1 && pooled[blocks - 2] > pooled[blocks - 1]) {
        blocks--;
        int together = count[blocks - 1] + count[blocks];
        pooled[blocks - 1] =
            (pooled[blocks - 1] * count[blocks - 1] + pooled[blocks] * count[blocks]) / together;
        count[blocks - 1] = together;
      }
    }
    offset = 0;
    int i = 0;
    for (int block = 0; block < blocks; block++) {
      for (int end = i + count[block]; i < end; i++) {
        offset += i == 0 ? 0 : distance(layer[i - 1], layer[i]);
        height[layer[i]] = pooled[block] + offset;
      }
    }
  }

  /** The mean height of the neighbours; bends count more, so that long edges run straight. */
  private double wanted(int vertex) {
    double sum = 0;
    double weights = 0;
    for (List<Integer> side : List.of(before.get(vertex), after.get(vertex))) {
      for (int other : side) {
        double weight = (isBend(vertex) ? 2 : 1) * (isBend(other) ? 2 : 1);
        sum += weight * height[other];
        weights += weight;
      }
    }
    return sum / weights;
  }
}
