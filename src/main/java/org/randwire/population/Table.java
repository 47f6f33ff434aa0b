// SPDX-License-Identifier: Apache-2.0
package org.randwire.population;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A file as read, before anything in it is understood: columns and rows of text. */
final class Table {

  /**
   * One row.
   *
   * @param number line of a text file, rank of a JSON object in its list; from 1
   * @param starts character column where each cell starts, from 1; 0 where unknown
   */
  record Row(int number, List<String> values, List<Integer> starts) {}

  private final String source;
  private final List<String> columns;
  private final List<Row> rows = new ArrayList<>();
  private final boolean json;

  Table(String source, List<String> columns, boolean json) {
    this.source = source;
    this.columns = columns;
    this.json = json;
  }

  void add(Row row) {
    rows.add(row);
  }

  String source() {
    return source;
  }

  List<String> columns() {
    return columns;
  }

  List<Row> rows() {
    return rows;
  }

  /** Where a cell is: {@code file:line:column}, or {@code file: job n} for a JSON list. */
  String place(Row row, int column) {
    if (json) {
      return source + ": job " + row.number();
    }
    int start = column < row.starts().size() ? row.starts().get(column) : 0;
    return source + ":" + row.number() + (start > 0 ? ":" + start : "");
  }

  /** Rows of JSON objects, whose keys may differ, as a table of all keys. */
  static final class Objects {
    private final Map<String, Integer> columns = new LinkedHashMap<>();
    private final List<Map<Integer, String>> objects = new ArrayList<>();
    private final List<Integer> numbers = new ArrayList<>();

    void add(int number, Map<String, String> object) {
      Map<Integer, String> cells = new LinkedHashMap<>();
      object.forEach(
          (key, value) -> cells.put(columns.computeIfAbsent(key, k -> columns.size()), value));
      objects.add(cells);
      numbers.add(number);
    }

    Table table(String source, boolean list) {
      Table table = new Table(source, List.copyOf(columns.keySet()), list);
      for (int i = 0; i < objects.size(); i++) {
        String[] values = new String[columns.size()];
        Arrays.fill(values, "");
        objects.get(i).forEach((column, value) -> values[column] = value);
        table.add(new Row(numbers.get(i), List.of(values), List.of()));
      }
      return table;
    }
  }
}
