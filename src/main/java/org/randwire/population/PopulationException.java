// SPDX-License-Identifier: Apache-2.0
package org.randwire.population;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** A population that cannot be read or used; the message is one line and starts with its place. */
public final class PopulationException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final @Nullable String missingColumn;
  private final transient List<String> columns;

  PopulationException(String place, String reason) {
    this(place, reason, null, List.of());
  }

  private PopulationException(
      String place, String reason, @Nullable String missingColumn, List<String> columns) {
    // Reasons quote what was found in the file, and that may hold line breaks.
    super(place + ": " + reason.replaceAll("\\p{Cntrl}+", "?"));
    this.missingColumn = missingColumn;
    this.columns = List.copyOf(columns);
  }

  static PopulationException missing(String place, String column, List<String> columns) {
    return new PopulationException(place, "there is no column '" + column + "'", column, columns);
  }

  /** The column that was looked for and is not there; null for any other reason. */
  public @Nullable String missingColumn() {
    return missingColumn;
  }

  /** The columns there are, if one is missing. */
  public List<String> columns() {
    return columns;
  }
}
