// SPDX-License-Identifier: Apache-2.0
package org.randwire.population;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Tables of text, RFC 4180: quotes, line breaks inside them, CRLF or LF, a byte order mark. */
final class CsvFormat {

  private final String source;
  private final String text;
  private final char separator;
  private int at;
  private int line = 1;
  private int lineStart;

  /** Cells repeat: one string for all that are equal. */
  private final Map<String, String> seen = new HashMap<>();

  private static final int MOST_SEEN = 20_000;

  private CsvFormat(String source, String text, char separator) {
    this.source = source;
    this.text = text.startsWith("\uFEFF") ? text.substring(1) : text;
    this.separator = separator;
  }

  static Table read(String source, String text, char separator) {
    return new CsvFormat(source, text, separator).read();
  }

  private Table read() {
    Table.Row header = row();
    while (header != null && isBlank(header)) {
      header = row();
    }
    if (header == null) {
      throw new PopulationException(source, "the file is empty");
    }
    List<String> columns = header.values().stream().map(String::strip).toList();
    if (new HashSet<>(columns).size() < columns.size()) {
      throw new PopulationException(
          source + ":" + header.number(), "two columns have one name: " + repeated(columns));
    }
    Table table = new Table(source, columns, false);
    for (Table.Row row = row(); row != null; row = row()) {
      if (isBlank(row)) {
        continue;
      }
      if (row.values().size() != columns.size()) {
        throw new PopulationException(
            source + ":" + row.number(),
            "expected %d cells as in the header, found %d"
                .formatted(columns.size(), row.values().size()));
      }
      table.add(row);
    }
    return table;
  }

  private static boolean isBlank(Table.Row row) {
    return row.values().size() == 1 && row.values().get(0).isBlank();
  }

  private static String repeated(List<String> columns) {
    HashSet<String> once = new HashSet<>();
    return columns.stream().filter(column -> !once.add(column)).findFirst().orElse("");
  }

  private Table.@Nullable Row row() {
    if (at >= text.length()) {
      return null;
    }
    int number = line;
    List<String> values = new ArrayList<>();
    List<Integer> starts = new ArrayList<>();
    boolean more = true;
    while (more) {
      starts.add(at - lineStart + 1);
      values.add(shared(at < text.length() && text.charAt(at) == '"' ? quoted() : plain()));
      more = at < text.length() && text.charAt(at) == separator;
      if (more) {
        at++;
      }
    }
    endOfLine();
    return new Table.Row(number, values, starts);
  }

  private String plain() {
    int start = at;
    while (at < text.length() && !isEnd(text.charAt(at))) {
      at++;
    }
    return text.substring(start, at);
  }

  private boolean isEnd(char c) {
    return c == separator || c == '\n' || c == '\r';
  }

  private String quoted() {
    int opened = line;
    StringBuilder value = new StringBuilder();
    at++;
    while (true) {
      if (at >= text.length()) {
        throw new PopulationException(source + ":" + opened, "a quote is never closed");
      }
      char c = text.charAt(at++);
      if (c == '"') {
        if (at >= text.length() || text.charAt(at) != '"') {
          break;
        }
        at++;
      } else if (c == '\n') {
        line++;
        lineStart = at;
      }
      value.append(c);
    }
    if (at < text.length() && !isEnd(text.charAt(at))) {
      throw new PopulationException(
          source + ":" + line + ":" + (at - lineStart + 1), "text after a closing quote");
    }
    return value.toString();
  }

  private void endOfLine() {
    if (at < text.length() && text.charAt(at) == '\r') {
      at++;
    }
    if (at < text.length() && text.charAt(at) == '\n') {
      at++;
    }
    line++;
    lineStart = at;
  }

  private String shared(String value) {
    String known = seen.get(value);
    if (known == null && seen.size() < MOST_SEEN) {
      seen.put(value, value);
    }
    return known == null ? value : known;
  }
}
