// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli.config;

import java.util.Comparator;

/**
 * Where a value came from; prints as {@code run.yaml:12:3}, {@code preset NAME:2:5}, {@code command
 * line} or {@code default}.
 *
 * @param layer which layer of the merge gave the value
 * @param source file name as the user wrote it, or the name of the layer
 * @param line 1-based line, or 0 where the source has no lines
 * @param column 1-based column, in code points; where {@code line} is 0, the rank of the argument
 */
public record Place(Layer layer, String source, int line, int column) implements Comparable<Place> {

  /** The layers of the merge, each overriding those before it. */
  public enum Layer {
    DEFAULT,
    PRESET,
    FILE,
    COMMAND_LINE
  }

  /** The place of a value nobody set. */
  public static final Place BUILT_IN = new Place(Layer.DEFAULT, "default", 0, 0);

  private static final Comparator<Place> READING_ORDER =
      Comparator.comparing(Place::layer)
          .thenComparing(Place::source)
          .thenComparingInt(Place::line)
          .thenComparingInt(Place::column);

  /** The place of the argument with the given rank. */
  static Place argument(int rank) {
    return new Place(Layer.COMMAND_LINE, "command line", 0, rank);
  }

  /** The same argument, with the key it sets in its name. */
  Place of(String key) {
    return new Place(layer, source + ": " + key, line, column);
  }

  /** The same source at another line and column; a source without lines keeps its place. */
  Place at(int newLine, int newColumn) {
    return layer == Layer.COMMAND_LINE ? this : new Place(layer, source, newLine, newColumn);
  }

  @Override
  public int compareTo(Place other) {
    return READING_ORDER.compare(this, other);
  }

  @Override
  public String toString() {
    return line == 0 ? source : source + ":" + line + ":" + column;
  }
}
