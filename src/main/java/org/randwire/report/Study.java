// SPDX-License-Identifier: Apache-2.0
package org.randwire.report;

import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.randwire.report.Page.Cell;

/**
 * One of a paper's experiments, done.
 *
 * @param name in options and file names, such as {@code figure-7}
 * @param title what it shows
 * @param findings in words
 * @param tables beside the charts
 * @param numbers the same for programs
 * @param charts their ids start with the name
 */
public record Study(
    String name,
    String title,
    List<String> findings,
    List<Table> tables,
    Map<String, Object> numbers,
    List<Chart> charts) {

  /**
   * A table.
   *
   * @param caption what it holds
   * @param labels how many columns in front hold words; the others hold numbers
   * @param columns their heads
   * @param rows a cell per column
   */
  public record Table(String caption, int labels, List<String> columns, List<List<String>> rows) {
    public Table {
      columns = List.copyOf(columns);
      rows = rows.stream().map(List::copyOf).toList();
    }

    /** Columns under each other for a terminal. */
    public List<String> lines() {
      int[] widths = new int[columns.size()];
      for (int i = 0; i < widths.length; i++) {
        int column = i;
        widths[i] =
            Stream.concat(Stream.of(columns), rows.stream())
                .mapToInt(row -> row.get(column).length())
                .max()
                .orElseThrow();
      }
      return Stream.concat(Stream.of(columns), rows.stream())
          .map(row -> line(row, widths))
          .toList();
    }

    private String line(List<String> row, int[] widths) {
      StringBuilder line = new StringBuilder();
      for (int i = 0; i < widths.length; i++) {
        String space = " ".repeat(widths[i] - row.get(i).length());
        line.append(i == 0 ? "" : "  ");
        line.append(i < labels ? row.get(i) + space : space + row.get(i));
      }
      return line.toString().stripTrailing();
    }
  }

  public Study {
    findings = List.copyOf(findings);
    tables = List.copyOf(tables);
    charts = List.copyOf(charts);
  }

  /**
   * Studies as one self-contained page.
   *
   * @param title of the page
   * @param subtitle of what they are made
   */
  public static String html(String title, String subtitle, List<Study> studies, String command) {
    Page page = new Page(title, subtitle + "; made by RandWire");
    for (Study study : studies) {
      page.heading(study.title()).findings(study.findings());
      study.tables().forEach(table -> add(table, page));
      page.charts(study.charts());
    }
    return page.heading("How it was made").code(command).html();
  }

  private static void add(Table table, Page page) {
    page.table(
        table.caption(),
        cells(table, table.columns()),
        table.rows().stream().map(row -> cells(table, row)).toList());
  }

  private static List<Cell> cells(Table table, List<String> row) {
    return IntStream.range(0, row.size())
        .mapToObj(i -> i < table.labels() ? Cell.text(row.get(i)) : Cell.number(row.get(i)))
        .toList();
  }
}
