// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli.config;

import java.util.Set;
import java.util.function.Function;
import org.randwire.cli.config.RunConfig.Family;

/**
 * One row of the schema: a key, what it accepts and what it means.
 *
 * @param path dotted key, such as {@code network.graph.p}
 * @param type the values it accepts
 * @param defaultValue value where neither preset, file nor command line gives one
 * @param meaning one line for the documentation
 * @param families the networks that have such a value
 * @param value reads the key's value from a configuration
 */
record ConfigKey(
    String path,
    ValueType type,
    Object defaultValue,
    String meaning,
    Set<Family> families,
    Function<RunConfig, Object> value) {

  /** The section the key stands in, such as {@code network.graph}; empty at the top. */
  String section() {
    int dot = path.lastIndexOf('.');
    return dot < 0 ? "" : path.substring(0, dot);
  }

  /** The last part of the path, such as {@code p}. */
  String name() {
    return path.substring(path.lastIndexOf('.') + 1);
  }
}
