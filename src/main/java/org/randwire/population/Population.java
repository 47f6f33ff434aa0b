// SPDX-License-Identifier: Apache-2.0
package org.randwire.population;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Networks drawn from one space and trained, failures among them.
 *
 * @param name in tables and legends
 * @param source the file as it was named, or how the population was made
 * @param unit the errors' unit in the source; in the records they are fractions
 * @param columns of the source, in its order
 * @param runs at least one
 */
public record Population(
    String name, String source, ErrorUnit unit, List<String> columns, List<RunRecord> runs) {

  public Population {
    columns = List.copyOf(columns);
    runs = List.copyOf(runs);
    if (runs.isEmpty()) {
      throw new PopulationException(source, "there is no model in it");
    }
  }

  /** The runs that have an error, in the order of the source. */
  public List<RunRecord> finished() {
    return runs.stream().filter(run -> !run.failed()).toList();
  }

  /** The errors of the finished runs, fractions, in the order of {@link #finished}. */
  public double[] errors() {
    return runs.stream().filter(run -> !run.failed()).mapToDouble(RunRecord::error).toArray();
  }

  /** The errors of all runs, where one that failed counts as wrong on every example. */
  public double[] errorsWithFailures() {
    return runs.stream().mapToDouble(run -> run.failed() ? 1 : run.error()).toArray();
  }

  /** How many runs failed of which cause. */
  public Map<String, Integer> failures() {
    Map<String, Integer> causes = new TreeMap<>();
    for (RunRecord run : runs) {
      if (run.failure() != null) {
        causes.merge(run.failure(), 1, Integer::sum);
      }
    }
    return causes;
  }

  /** Whether the error is the least over epochs and that of the last epoch is known as well. */
  public boolean hasLastErrors() {
    return finished().stream().noneMatch(run -> Double.isNaN(run.lastError()));
  }

  /**
   * The same runs with the error after the last epoch as their error.
   *
   * @throws PopulationException if a finished run has none
   */
  public Population atLastEpoch() {
    List<RunRecord> last = new ArrayList<>();
    for (RunRecord run : runs) {
      if (!run.failed() && Double.isNaN(run.lastError())) {
        throw new PopulationException(place(run), "there is no error after the last epoch");
      }
      last.add(
          new RunRecord(
              run.name(), run.row(), run.lastError(), run.lastError(), run.failure(), run.cells()));
    }
    return new Population(name, source, unit, columns, last);
  }

  /** Whether there is a column for a measure of complexity. */
  public boolean has(Complexity measure) {
    return column(measure).isPresent();
  }

  private Optional<String> column(Complexity measure) {
    return measure.columns().stream().filter(columns::contains).findFirst();
  }

  /**
   * A measure of complexity of the finished runs, in the order of {@link #finished}.
   *
   * @throws PopulationException if there is no such column, or a cell is no positive number
   */
  public double[] complexities(Complexity measure) {
    String column =
        column(measure)
            .orElseThrow(() -> PopulationException.missing(source, measure.key(), columns));
    double[] values = numbers(column);
    List<RunRecord> finished = finished();
    for (int i = 0; i < values.length; i++) {
      if (!(values[i] > 0)) {
        throw new PopulationException(
            place(finished.get(i)), column + " must be a number above 0, found " + values[i]);
      }
    }
    return values;
  }

  /** A measure of complexity of one run, as the source has it; empty where there is none. */
  public Optional<String> complexity(Complexity measure, RunRecord run) {
    return column(measure).flatMap(run.cells()::get);
  }

  /**
   * A column of the finished runs as numbers.
   *
   * @throws PopulationException if there is no such column, or a cell is no finite number
   */
  public double[] numbers(String column) {
    requireColumn(column);
    List<RunRecord> finished = finished();
    double[] values = new double[finished.size()];
    for (int i = 0; i < values.length; i++) {
      RunRecord run = finished.get(i);
      String cell = run.cells().get(column).orElse("");
      Double value = Numbers.parse(cell);
      if (value == null || !Double.isFinite(value)) {
        throw new PopulationException(
            place(run), column + " must be a number, found '" + cell + "'");
      }
      values[i] = value;
    }
    return values;
  }

  /** Whether every finished run has a finite number in a column. */
  public boolean isNumeric(String column) {
    return columns.contains(column)
        && finished().stream()
            .allMatch(
                run -> {
                  Double value = Numbers.parse(run.cells().get(column).orElse(""));
                  return value != null && Double.isFinite(value);
                });
  }

  /** Where a run can be found: {@code file:line}, or {@code file: job n} of a JSON list. */
  public String place(RunRecord run) {
    return source.endsWith(".json") ? source + ": job " + run.row() : source + ":" + run.row();
  }

  /**
   * One population per value of a column, in order of first appearance.
   *
   * @throws PopulationException if there is no such column, or a run has no value
   */
  public List<Population> by(String column) {
    requireColumn(column);
    Map<String, List<RunRecord>> groups = new LinkedHashMap<>();
    for (RunRecord run : runs) {
      String value =
          run.cells()
              .get(column)
              .orElseThrow(() -> new PopulationException(place(run), "'" + column + "' is empty"));
      groups.computeIfAbsent(value, v -> new ArrayList<>()).add(run);
    }
    List<Population> populations = new ArrayList<>();
    groups.forEach(
        (value, group) -> populations.add(new Population(value, source, unit, columns, group)));
    return populations;
  }

  /**
   * The finished runs whose complexity lies strictly between two limits.
   *
   * @throws PopulationException if there is none
   */
  public Population within(Complexity measure, double low, double high) {
    double[] sizes = complexities(measure);
    List<RunRecord> finished = finished();
    List<RunRecord> inside = new ArrayList<>();
    for (int i = 0; i < sizes.length; i++) {
      if (sizes[i] > low && sizes[i] < high) {
        inside.add(finished.get(i));
      }
    }
    if (inside.isEmpty()) {
      throw new PopulationException(
          source, "no model has %s between %s and %s".formatted(measure.label(), low, high));
    }
    return new Population(name, source, unit, columns, inside);
  }

  /** The same runs under another name. */
  public Population named(String other) {
    return new Population(other, source, unit, columns, runs);
  }

  private void requireColumn(String column) {
    if (!columns.contains(column)) {
      throw PopulationException.missing(source, column, columns);
    }
  }
}
