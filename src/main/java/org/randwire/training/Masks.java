// SPDX-License-Identifier: Apache-2.0
package org.randwire.training;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.randwire.compile.CompiledProgram;
import org.randwire.compile.Parameter;
import org.randwire.op.DropPath;
import org.randwire.op.Dropout;
import org.randwire.op.OpGraph;
import org.randwire.op.OpNode;
import org.randwire.op.WeightedSum;
import org.randwire.random.PhiloxStream;
import org.randwire.random.Purpose;
import org.randwire.random.RandomStreams;

/**
 * Draws the masks of a step, those of dropout, drop path and edge drop, from streams keyed by the
 * step alone: the same whatever was run before.
 */
final class Masks {

  private static final String MASK = ".mask";

  private final CompiledProgram program;
  private final EdgeDrop edgeDrop;
  private final RandomStreams streams;
  private final Map<String, Dropout> dropouts = new LinkedHashMap<>();
  private final Map<String, DropPath> paths = new LinkedHashMap<>();
  private final Map<String, Integer> aggregations = new LinkedHashMap<>();
  private final Map<String, double[]> buffers = new LinkedHashMap<>();
  private List<EdgeDrop.Edge> dropped = List.of();

  Masks(OpGraph graph, CompiledProgram program, EdgeDrop edgeDrop, RandomStreams streams) {
    this.program = program;
    this.edgeDrop = edgeDrop;
    this.streams = streams;
    for (OpNode node : graph.nodes()) {
      if (node.op() instanceof Dropout dropout) {
        dropouts.put(node.name() + MASK, dropout);
      } else if (node.op() instanceof DropPath path) {
        paths.put(node.name() + MASK, path);
      } else if (node.op() instanceof WeightedSum) {
        aggregations.put(node.name(), node.inputs().size());
      }
    }
    for (Parameter control : program.controls()) {
      buffers.put(control.name(), new double[Math.toIntExact(control.spec().elements())]);
    }
  }

  /**
   * Draws and writes the masks.
   *
   * @param progress share of the training's epochs that are done, in [0, 1]: rates of drop path
   *     grow with it
   */
  void draw(long step, double progress) {
    int index = 0;
    for (Map.Entry<String, Dropout> dropout : dropouts.entrySet()) {
      fill(dropout.getKey(), dropout.getValue().rate(), Purpose.DROPOUT, step, index++);
    }
    index = 0;
    for (Map.Entry<String, DropPath> path : paths.entrySet()) {
      double rate = progress * path.getValue().finalRate();
      fill(path.getKey(), rate, Purpose.DROP_PATH, step, index++);
    }
    dropped.forEach(edge -> setEdge(edge, 1));
    dropped = edgeDrop.draw(aggregations, streams, step);
    dropped.forEach(edge -> setEdge(edge, 0));
  }

  private void fill(String name, double rate, Purpose purpose, long step, int index) {
    double[] mask = buffers.get(name);
    PhiloxStream random = streams.stream(purpose, step, index);
    for (int i = 0; i < mask.length; i++) {
      mask[i] = random.nextFloat() < rate ? 0 : 1 / (1 - rate);
    }
    program.setControl(name, mask);
  }

  private void setEdge(EdgeDrop.Edge edge, double value) {
    double[] mask = buffers.get(edge.target() + MASK);
    Arrays.fill(mask, 1);
    mask[edge.input()] = value;
    program.setControl(edge.target() + MASK, mask);
  }
}
