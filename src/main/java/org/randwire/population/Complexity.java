// SPDX-License-Identifier: Apache-2.0
package org.randwire.population;

import java.util.List;

/** A measure of a network's size, and the columns it is read from. */
public enum Complexity {
  PARAMS("params", "parameters", List.of("params", "parameters")),
  /** Multiply-adds, which the papers call FLOPs. */
  FLOPS("flops", "multiply-adds", List.of("flops", "multiplyAdds", "multiply_adds", "macs"));

  private final String key;
  private final String label;
  private final List<String> columns;

  Complexity(String key, String label, List<String> columns) {
    this.key = key;
    this.label = label;
    this.columns = columns;
  }

  /** The name in options and files. */
  public String key() {
    return key;
  }

  /** The name in text. */
  public String label() {
    return label;
  }

  /** Columns that may hold it, the usual one first. */
  List<String> columns() {
    return columns;
  }
}
