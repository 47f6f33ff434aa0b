// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli.config;

import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.randwire.cli.config.ValueType.ChoiceType;

/** Writes a configuration as the YAML that loads back to the same configuration. */
public final class ConfigWriter {

  private static final String INDENT = "  ";

  private ConfigWriter() {}

  /**
   * Every key that the network's family has, with its value, in documentation order, sections
   * indented.
   */
  public static String toYaml(RunConfig config) {
    StringBuilder text = new StringBuilder();
    String[] open = {};
    for (ConfigKey key : ConfigSchema.keys(config.network().family())) {
      String[] section = key.section().isEmpty() ? new String[0] : key.section().split("\\.");
      openSections(text, open, section);
      open = section;
      line(text, section.length, key.name() + ": " + yaml(plain(key.value().apply(config))));
    }
    return text.toString();
  }

  private static void openSections(StringBuilder text, String[] open, String[] wanted) {
    int common = 0;
    while (common < Math.min(open.length, wanted.length) && open[common].equals(wanted[common])) {
      common++;
    }
    for (int depth = common; depth < wanted.length; depth++) {
      line(text, depth, wanted[depth] + ":");
    }
  }

  private static void line(StringBuilder text, int depth, String content) {
    text.append(INDENT.repeat(depth)).append(content).append('\n');
  }

  /** A record's value as the schema holds it: enum constants by name, integers as they are. */
  static Object plain(Object value) {
    return value instanceof Enum<?> constant ? ChoiceType.name(constant) : value;
  }

  /** A value in YAML, on one line. */
  static String yaml(Object value) {
    if (value instanceof List<?> list) {
      return list.stream().map(ConfigWriter::yaml).collect(Collectors.joining(", ", "[", "]"));
    }
    if (value instanceof Double number) {
      return number(number);
    }
    return value instanceof String text ? text(text) : value.toString();
  }

  /** The shortest usual form of a number that reads back to it: {@code 0.1}, {@code 5e-5}. */
  static String number(double value) {
    if (Double.isNaN(value) || Double.isInfinite(value)) {
      return Double.isNaN(value) ? ".nan" : value > 0 ? ".inf" : "-.inf";
    }
    String text = Double.toString(value).toLowerCase(Locale.ROOT).replace(".0e", "e");
    return text.endsWith(".0") ? text.substring(0, text.length() - 2) : text;
  }

  /** Plain where YAML reads the word back as text, in double quotes otherwise. */
  private static String text(String text) {
    boolean plain =
        text.matches("[A-Za-z][A-Za-z0-9_-]*")
            && !text.matches("(?i)true|false|null|yes|no|on|off");
    return plain ? text : '"' + escaped(text) + '"';
  }

  private static String escaped(String text) {
    return text.codePoints()
        .mapToObj(
            c ->
                switch (c) {
                  case '"' -> "\\\"";
                  case '\\' -> "\\\\";
                  default -> c >= ' ' && c <= '~' ? Character.toString(c) : "\\U%08x".formatted(c);
                })
        .collect(Collectors.joining());
  }
}
