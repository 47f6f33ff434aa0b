// SPDX-License-Identifier: Apache-2.0
package org.randwire.space;

import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * A parameter of a design space with its value set.
 *
 * @param values integers, decimal numbers or texts, at least one, all different
 */
public record Parameter(String name, List<?> values) {

  public Parameter {
    values = List.copyOf(values);
    requireValueSet(name, values);
  }

  /**
   * Checks a value set.
   *
   * @throws IllegalArgumentException if it is empty or has a value twice
   */
  static void requireValueSet(String name, List<?> values) {
    if (values.isEmpty()) {
      throw new IllegalArgumentException(name + ": the value set is empty");
    }
    Set<Object> seen = new HashSet<>();
    for (Object value : values) {
      if (!seen.add(value)) {
        throw new IllegalArgumentException(name + ": " + value + " is in the value set twice");
      }
    }
  }
}
