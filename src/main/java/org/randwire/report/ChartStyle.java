// SPDX-License-Identifier: Apache-2.0
package org.randwire.report;

import java.util.List;

/** Colours of charts, light and dark: told apart by people with any kind of colour vision. */
final class ChartStyle {

  /** Okabe and Ito's palette, darkened where it would vanish on white, one colour per series. */
  private static final List<String> LIGHT =
      List.of(
          "#0b68a8", "#c8500a", "#0a8f6c", "#a3489a", "#8a6d00", "#3a3f9e", "#b3263c", "#4d5966");

  private static final List<String> DARK =
      List.of(
          "#5db3f0", "#ff9a5c", "#3fcf9f", "#e59bdc", "#e3c544", "#9ea6ff", "#ff8492", "#b3bfcc");

  private static final String RULES =
      """
      .chart text { font-family: system-ui, "Segoe UI", "Noto Sans", "DejaVu Sans", sans-serif; font-size: 13px; fill: var(--chart-text) }
      .chart .title { font-weight: 600; font-size: 15px; fill: var(--chart-strong) }
      .chart .grid { stroke: var(--chart-grid); stroke-width: 1 }
      .chart .frame { stroke: var(--chart-axis); stroke-width: 1 }
      .chart .line { fill: none; stroke-width: 2; stroke-linejoin: round }
      .chart .band { stroke: none }
      .chart .bins { stroke-width: 1.8; fill-opacity: 0.14 }
      .chart .point { stroke: none; fill-opacity: 0.55 }
      .chart .points { fill: none; stroke-width: 2.8; stroke-linecap: round; stroke-opacity: 0.38 }
      .chart .dash1 { stroke-dasharray: 7 4 }
      .chart .dash2 { stroke-dasharray: 2 3 }
      """;

  private ChartStyle() {}

  static int colours() {
    return LIGHT.size();
  }

  /** The colour of a series as a CSS class; beyond the palette lines are dashed as well. */
  static String colour(int series) {
    return "c" + series % LIGHT.size();
  }

  static String dash(int series) {
    int round = series / LIGHT.size() % 3;
    return round == 0 ? "" : " dash" + round;
  }

  /** The style sheet: variables for light, for dark, and the rules that use them. */
  static String css() {
    return ".chart {"
        + variables("#4a5561", "#1b222a", "#e3e7ec", "#9aa5b1", LIGHT)
        + " }\n"
        + "@media (prefers-color-scheme: dark) { @media not print { .chart {"
        + variables("#b4bfca", "#eef2f6", "#2f3842", "#6b7783", DARK)
        + " } } }\n"
        + RULES
        + colours(LIGHT.size());
  }

  /** The palette for text and swatches outside charts, as variables of a selector's block. */
  static String light() {
    return palette(LIGHT);
  }

  static String dark() {
    return palette(DARK);
  }

  private static String variables(
      String text, String strong, String grid, String axis, List<String> colours) {
    return " --chart-text: %s; --chart-strong: %s; --chart-grid: %s; --chart-axis: %s;%s"
        .formatted(text, strong, grid, axis, palette(colours));
  }

  private static String palette(List<String> colours) {
    StringBuilder css = new StringBuilder();
    for (int i = 0; i < colours.size(); i++) {
      css.append(" --s").append(i).append(": ").append(colours.get(i)).append(';');
    }
    return css.toString();
  }

  private static String colours(int count) {
    StringBuilder css = new StringBuilder();
    for (int i = 0; i < count; i++) {
      css.append(
          """
          .chart .line.c%1$d, .chart .bins.c%1$d, .chart .points.c%1$d { stroke: var(--s%1$d) }
          .chart .band.c%1$d, .chart .bins.c%1$d, .chart .point.c%1$d { fill: var(--s%1$d) }
          """
              .formatted(i));
    }
    return css.toString();
  }
}
