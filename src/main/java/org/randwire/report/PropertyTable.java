// SPDX-License-Identifier: Apache-2.0
package org.randwire.report;

import static org.randwire.report.ComparisonText.pValue;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.randwire.population.Population;
import org.randwire.report.Comparison.Member;
import org.randwire.report.Page.Cell;
import org.randwire.statistics.BestModels;
import org.randwire.statistics.Correlation;

/** Which values of their properties the best models of populations have. */
final class PropertyTable {

  /** Rows of properties shown, those that go with the error most. */
  private static final int MOST_ROWS = 24;

  private final Comparison comparison;

  PropertyTable(Comparison comparison) {
    this.comparison = comparison;
  }

  private record Property(String column, double strength) {}

  void addTo(Page page) {
    List<Property> properties = ranked();
    if (properties.isEmpty()) {
      return;
    }
    page.heading("What the best models have");
    List<Cell> header = new ArrayList<>(List.of(Cell.text("property"), Cell.text("population")));
    for (String column : List.of("2.5 %", "median", "97.5 %", "rank correlation", "p")) {
      header.add(Cell.number(column));
    }
    List<List<Cell>> rows = new ArrayList<>();
    List<BestModels> best =
        comparison.members().stream()
            .map(m -> BestModels.of(m.population().errors(), comparison.settings().seed()))
            .toList();
    for (Property property : properties) {
      for (int i = 0; i < best.size(); i++) {
        Population population = comparison.members().get(i).population();
        if (population.isNumeric(property.column())) {
          double[] values = population.numbers(property.column());
          BestModels.Range range = best.get(i).range(values);
          List<Cell> cells = new ArrayList<>();
          cells.add(Cell.text(property.column()));
          cells.add(Cell.named(population.name(), i));
          cells.add(Cell.number(Ticks.significant(range.low())));
          cells.add(Cell.number(Ticks.significant(range.median())));
          cells.add(Cell.number(Ticks.significant(range.high())));
          if (isVaried(values) && isVaried(population.errors())) {
            Correlation spearman = Correlation.spearman(values, population.errors());
            cells.add(Cell.number(String.format(Locale.ROOT, "%.2f", spearman.coefficient())));
            cells.add(Cell.number(pValue(spearman.p())));
          } else {
            cells.add(Cell.number("-"));
            cells.add(Cell.number("-"));
          }
          rows.add(cells);
        }
      }
    }
    page.table(
        "Of 2,500 draws of a quarter of the models the best one's value (empirical bootstrap); Spearman's correlation of the value with the error. Shown are the properties that go with the error most.",
        header,
        rows);
  }

  /** The numeric columns, those that go with the error most first; no errors, no ranks. */
  private List<Property> ranked() {
    Set<String> columns = new LinkedHashSet<>();
    comparison.members().forEach(m -> columns.addAll(m.population().columns()));
    List<Property> properties = new ArrayList<>();
    for (String column : columns) {
      if (isOutcome(column)) {
        continue;
      }
      double strength = 0;
      for (Member member : comparison.members()) {
        Population population = member.population();
        if (population.isNumeric(column) && member.sample().size() >= 10) {
          double[] values = population.numbers(column);
          if (isVaried(values) && isVaried(population.errors())) {
            strength =
                Math.max(
                    strength,
                    Math.abs(Correlation.spearman(values, population.errors()).coefficient()));
          }
        }
      }
      if (strength > 0) {
        properties.add(new Property(column, strength));
      }
    }
    properties.sort(Comparator.comparingDouble(Property::strength).reversed());
    int shown = Math.max(2, MOST_ROWS / comparison.members().size());
    return properties.stream().limit(shown).toList();
  }

  /** What comes out of training is no property of a network. */
  private static boolean isOutcome(String column) {
    String name = column.toLowerCase(Locale.ROOT);
    return name.contains("error")
        || name.contains("acc")
        || name.contains("top1")
        || name.contains("loss")
        || name.contains("seed")
        || name.contains("time")
        || name.equals("id")
        || name.equals("job_id");
  }

  private static boolean isVaried(double[] values) {
    for (double value : values) {
      if (value != values[0]) {
        return values.length >= 3;
      }
    }
    return false;
  }
}
