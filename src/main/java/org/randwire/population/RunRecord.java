// SPDX-License-Identifier: Apache-2.0
package org.randwire.population;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One trained network of a population. A run that failed has a cause and no error.
 *
 * @param name of the network, unique or not
 * @param row where it was read: the line of a table, the rank of a job in a JSON list, from 1
 * @param error in [0, 1]; NaN if it failed
 * @param lastError error after the last epoch, where {@code error} is the least over all epochs; in
 *     [0, 1], NaN where not recorded
 * @param failure why there is no error; null if there is one
 * @param cells what else is known of it
 */
public record RunRecord(
    String name, int row, double error, double lastError, @Nullable String failure, Cells cells) {

  public RunRecord {
    if (failure == null ? !(error >= 0 && error <= 1) : !Double.isNaN(error)) {
      throw new IllegalArgumentException(
          name + ": a run has an error in [0, 1] or a failure, got " + error + ", " + failure);
    }
  }

  /**
   * The cells of a row; columns are shared by all rows of a table.
   *
   * @param columns names
   * @param values one per column, empty where there is none
   */
  public record Cells(List<String> columns, List<String> values) {

    /** No cells. */
    public static final Cells NONE = new Cells(List.of(), List.of());

    /** What a column holds, if anything. */
    public Optional<String> get(String column) {
      int index = columns.indexOf(column);
      return index < 0 || values.get(index).isEmpty()
          ? Optional.empty()
          : Optional.of(values.get(index));
    }
  }

  public boolean failed() {
    return failure != null;
  }
}
