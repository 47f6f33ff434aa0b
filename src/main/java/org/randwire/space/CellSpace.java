// SPDX-License-Identifier: Apache-2.0
package org.randwire.space;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import org.randwire.network.NetworkSpec;
import org.randwire.network.cell.Cell;
import org.randwire.network.cell.CellNetworkSpec;
import org.randwire.network.cell.CellOp;
import org.randwire.network.cell.CellOutput;
import org.randwire.tensor.TensorShape;

/**
 * A space of searched cells (Radosavovic et al. 2019, Table 3): a normal and a reduction cell drawn
 * independently, ops and states of every edge uniformly, in a network of varied width and depth.
 *
 * @param ops what an edge may do
 * @param nodes of a cell
 * @param widths channels of the first cells
 * @param depths numbers of cells
 */
public record CellSpace(
    String name,
    String description,
    List<CellOp> ops,
    int nodes,
    CellOutput output,
    List<Integer> widths,
    List<Integer> depths)
    implements DesignSpace {

  private static final String PRESET = "cell";

  /** Far above what any search has used; the parameters of a cell grow with the square. */
  private static final int MOST_NODES = 64;

  /** Op and state of the left and the right edge. */
  private static final int PARAMETERS_OF_A_NODE = 4;

  /** Width and depth come first. */
  private static final int FIRST_CELL = 2;

  /**
   * Checks the value sets.
   *
   * @throws IllegalArgumentException if one is empty or has a value twice, or nodes is not in [1,
   *     64]
   */
  public CellSpace {
    ops = List.copyOf(ops);
    widths = List.copyOf(widths);
    depths = List.copyOf(depths);
    if (nodes < 1 || nodes > MOST_NODES) {
      throw new IllegalArgumentException("nodes: a cell has 1 to " + MOST_NODES + ", got " + nodes);
    }
    Parameter.requireValueSet("ops", ops);
    Parameter.requireValueSet("width", widths);
    Parameter.requireValueSet("depth", depths);
  }

  @Override
  public List<Parameter> parameters() {
    List<Parameter> parameters = new ArrayList<>();
    parameters.add(new Parameter("width", widths));
    parameters.add(new Parameter("depth", depths));
    List<String> labels = ops.stream().map(CellOp::label).toList();
    for (String cell : List.of("normal", "reduction")) {
      for (int node = 0; node < nodes; node++) {
        List<Integer> states = IntStream.range(0, Cell.INPUTS + node).boxed().toList();
        for (String side : List.of("left", "right")) {
          String edge = cell + ".node" + node + "." + side;
          parameters.add(new Parameter(edge + ".op", labels));
          parameters.add(new Parameter(edge + ".state", states));
        }
      }
    }
    return parameters;
  }

  /** The number of cells, as the paper's Table 3 counts them: pairs of edges are ordered. */
  public BigInteger cells() {
    BigInteger cells = BigInteger.ONE;
    for (int node = 0; node < nodes; node++) {
      BigInteger edges = BigInteger.valueOf((long) ops.size() * (Cell.INPUTS + node));
      cells = cells.multiply(edges.pow(2));
    }
    return cells;
  }

  private Cell cell(Choice choice, int which) {
    List<Cell.Node> drawn = new ArrayList<>(nodes);
    int first = FIRST_CELL + which * nodes * PARAMETERS_OF_A_NODE;
    for (int node = 0; node < nodes; node++) {
      int at = first + node * PARAMETERS_OF_A_NODE;
      drawn.add(new Cell.Node(edge(choice, at), edge(choice, at + 2)));
    }
    return new Cell(drawn);
  }

  private static Cell.Edge edge(Choice choice, int at) {
    return new Cell.Edge(CellOp.of((String) choice.value(at)), choice.integer(at + 1));
  }

  @Override
  public NetworkSpec network(Choice choice, TensorShape input, int classes) {
    return new CellNetworkSpec(
        PRESET,
        input,
        classes,
        CellNetworkSpec.Stem.CIFAR,
        choice.integer(0),
        choice.integer(1),
        cell(choice, 0),
        cell(choice, 1),
        output,
        CellNetworkSpec.Regularisation.NONE);
  }

  @Override
  public Map<String, Object> settings(Choice choice) {
    Map<String, Object> cell = new LinkedHashMap<>();
    cell.put("width", choice.integer(0));
    cell.put("depth", choice.integer(1));
    cell.put("normal", cell(choice, 0).edges());
    cell.put("reduction", cell(choice, 1).edges());
    cell.put("output", output.name().toLowerCase(Locale.ROOT));
    Map<String, Object> settings = new LinkedHashMap<>();
    settings.put("name", PRESET);
    settings.put("cell", cell);
    return settings;
  }
}
