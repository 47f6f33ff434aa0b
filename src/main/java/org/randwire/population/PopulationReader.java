// SPDX-License-Identifier: Apache-2.0
package org.randwire.population;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Understands a table as a population: which column holds the errors, in what unit, which failed.
 */
final class PopulationReader {

  /** Columns of errors that are least over epochs or the only one, the likeliest first. */
  private static final List<String> ERRORS =
      List.of("error", "test_error", "min_error", "min_test_top1");

  private static final List<String> LAST_ERRORS =
      List.of("last_error", "error_last", "last_test_error", JsonFormat.LAST);

  private static final List<String> NAMES = List.of("name", "id", "job_id", "run");
  private static final List<String> STATES = List.of("state", "status");
  private static final Set<String> DONE =
      Set.of("", "done", "ok", "finished", "complete", "completed", "success", "succeeded");

  /** The error of the design spaces paper's files is in percent by definition. */
  private static final Set<String> PERCENT_BY_NAME = Set.of("min_test_top1", JsonFormat.LAST);

  private static final String NO_ERROR = "no error recorded";

  /** A population and whether the unit of its errors was told from their size. */
  record Reading(Population population, boolean unitGuessed) {}

  private final Table table;
  private final int error;
  private final int last;
  private final int name;
  private final int state;

  private PopulationReader(Table table, ReadSettings settings) {
    this.table = table;
    error = errorColumn(table, settings.errorColumn());
    last = first(LAST_ERRORS);
    name = first(NAMES);
    state = first(STATES);
  }

  static Reading read(Table table, String name, ReadSettings settings) {
    if (table.rows().isEmpty()) {
      throw new PopulationException(table.source(), "there is no model in it");
    }
    return new PopulationReader(table, settings).read(name, settings.unit());
  }

  /** Refuses files of which one seems to hold fractions and another percent. */
  static void requireOneUnit(List<Reading> readings) {
    Map<ErrorUnit, String> guessed = new HashMap<>();
    for (Reading reading : readings) {
      if (reading.unitGuessed()) {
        guessed.putIfAbsent(reading.population().unit(), reading.population().source());
      }
    }
    if (guessed.size() > 1) {
      throw new PopulationException(
          String.valueOf(guessed.get(ErrorUnit.FRACTION)),
          "its errors look like fractions, those of %s like percent; set the unit to percent or fraction"
              .formatted(guessed.get(ErrorUnit.PERCENT)));
    }
  }

  private static int errorColumn(Table table, @Nullable String wanted) {
    List<String> columns = table.columns();
    if (wanted != null) {
      if (!columns.contains(wanted)) {
        throw PopulationException.missing(table.source(), wanted, columns);
      }
      return columns.indexOf(wanted);
    }
    return ERRORS.stream()
        .filter(columns::contains)
        .findFirst()
        .map(columns::indexOf)
        .orElseThrow(() -> PopulationException.missing(table.source(), "error", columns));
  }

  private int first(List<String> names) {
    return names.stream()
        .filter(table.columns()::contains)
        .findFirst()
        .map(table.columns()::indexOf)
        .orElse(-1);
  }

  private Reading read(String populationName, @Nullable ErrorUnit wanted) {
    List<@Nullable Double> errors = new ArrayList<>();
    for (Table.Row row : table.rows()) {
      errors.add(failure(row) == null ? number(row, error) : null);
    }
    boolean known = PERCENT_BY_NAME.contains(table.columns().get(error));
    ErrorUnit unit = wanted != null ? wanted : known ? ErrorUnit.PERCENT : unit(errors);
    Function<Double, Double> fraction = value -> value / unit.whole();
    List<RunRecord> runs = new ArrayList<>();
    for (int i = 0; i < errors.size(); i++) {
      Table.Row row = table.rows().get(i);
      Double value = errors.get(i);
      requireInside(row, error, value, unit);
      runs.add(
          new RunRecord(
              name < 0 || row.values().get(name).isEmpty() ? "#" + (i + 1) : row.values().get(name),
              row.number(),
              value == null ? Double.NaN : fraction.apply(value),
              lastError(row, unit),
              failure(row),
              new RunRecord.Cells(table.columns(), row.values())));
    }
    Population population =
        new Population(populationName, table.source(), unit, table.columns(), runs);
    return new Reading(
        population, wanted == null && !known && errors.stream().anyMatch(e -> e != null));
  }

  /** Why a run has no error; null if it has one. */
  private @Nullable String failure(Table.Row row) {
    String told = state < 0 ? "" : row.values().get(state).strip();
    if (!DONE.contains(told.toLowerCase(Locale.ROOT))) {
      return told;
    }
    return row.values().get(error).isBlank() ? NO_ERROR : null;
  }

  private double lastError(Table.Row row, ErrorUnit unit) {
    if (last < 0 || last == error || failure(row) != null || row.values().get(last).isBlank()) {
      return Double.NaN;
    }
    double value = number(row, last);
    requireInside(row, last, value, unit);
    return value / unit.whole();
  }

  private double number(Table.Row row, int column) {
    String cell = row.values().get(column).strip();
    Double value = Numbers.parse(cell);
    String what = "'" + table.columns().get(column) + "' ";
    if (value == null) {
      throw new PopulationException(
          table.place(row, column),
          what + "must be a number, or empty if the run failed; found '" + cell + "'");
    }
    if (!Double.isFinite(value)) {
      throw new PopulationException(
          table.place(row, column), what + "is " + cell + "; leave it empty if the run failed");
    }
    if (value < 0) {
      throw new PopulationException(
          table.place(row, column), what + "must not be negative, found " + cell);
    }
    return value;
  }

  private void requireInside(Table.Row row, int column, @Nullable Double value, ErrorUnit unit) {
    if (value != null && value > unit.whole()) {
      throw new PopulationException(
          table.place(row, column),
          "'%s' is in %s, so at most %d; found %s"
              .formatted(
                  table.columns().get(column),
                  unit == ErrorUnit.PERCENT ? "percent" : "fractions",
                  (int) unit.whole(),
                  row.values().get(column).strip()));
    }
  }

  /** Fractions if no error is above 1, percent if all are; an error of exactly 0 fits both. */
  private ErrorUnit unit(List<@Nullable Double> errors) {
    int small = -1;
    int large = -1;
    for (int i = 0; i < errors.size(); i++) {
      Double value = errors.get(i);
      if (value != null && value > 1) {
        large = large < 0 ? i : large;
      } else if (value != null && value > 0) {
        small = small < 0 ? i : small;
      }
    }
    if (small >= 0 && large >= 0) {
      int later = Math.max(small, large);
      int earlier = Math.min(small, large);
      throw new PopulationException(
          table.place(table.rows().get(later), error),
          "fractions and percent seem mixed: %s here, %s in row %d; set the unit to percent or fraction"
              .formatted(
                  table.rows().get(later).values().get(error),
                  table.rows().get(earlier).values().get(error),
                  table.rows().get(earlier).number()));
    }
    return large >= 0 ? ErrorUnit.PERCENT : ErrorUnit.FRACTION;
  }
}
