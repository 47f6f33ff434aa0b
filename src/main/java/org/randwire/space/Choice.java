// SPDX-License-Identifier: Apache-2.0
package org.randwire.space;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.randwire.random.PhiloxStream;

/** One value for each parameter of a design space. */
public final class Choice {

  private final List<Parameter> parameters;
  private final int[] positions;

  private Choice(List<Parameter> parameters, int[] positions) {
    this.parameters = parameters;
    this.positions = positions;
  }

  /** Draws every parameter, each of its values equally likely. */
  static Choice draw(List<Parameter> parameters, PhiloxStream random) {
    int[] positions = new int[parameters.size()];
    for (int i = 0; i < positions.length; i++) {
      positions[i] = random.nextInt(parameters.get(i).values().size());
    }
    return new Choice(parameters, positions);
  }

  /** The value of the parameter at a position of the space's list. */
  Object value(int parameter) {
    return parameters.get(parameter).values().get(positions[parameter]);
  }

  int integer(int parameter) {
    return (Integer) value(parameter);
  }

  double number(int parameter) {
    return ((Number) value(parameter)).doubleValue();
  }

  /** The values of {@code count} parameters. */
  List<Integer> integers(int first, int count) {
    List<Integer> values = new ArrayList<>(count);
    for (int i = first; i < first + count; i++) {
      values.add(integer(i));
    }
    return values;
  }

  /** All values by the names of their parameters. */
  public Map<String, Object> values() {
    Map<String, Object> values = new LinkedHashMap<>();
    for (int i = 0; i < positions.length; i++) {
      values.put(parameters.get(i).name(), value(i));
    }
    return values;
  }
}
