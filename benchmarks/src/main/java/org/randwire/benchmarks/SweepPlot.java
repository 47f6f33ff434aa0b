// SPDX-License-Identifier: Apache-2.0
package org.randwire.benchmarks;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** Curves over powers of two, as SVG: both axes logarithmic, each curve named at its end. */
final class SweepPlot {

  private static final double WIDTH = 760;
  private static final double HEIGHT = 400;
  private static final double LEFT = 62;
  private static final double RIGHT = 150;
  private static final double TOP = 60;
  private static final double BOTTOM = 48;

  /** Below this two lines of text touch. */
  private static final double LABEL_DISTANCE = 15;

  private static final List<String> COLOURS = List.of("#3f6fb5", "#727b87", "#1d3f73", "#b8602a");

  private static final String STYLE =
      """
      <style>
      text { font-family: sans-serif; font-size: 12px; fill: #727b87 }
      .title { font-weight: bold; font-size: 13px }
      .axis { stroke: #727b87; stroke-opacity: 0.35; stroke-width: 1 }
      .curve { fill: none; stroke-width: 2 }
      </style>
      """;

  private final TreeSet<Integer> points = new TreeSet<>();
  private final double low;
  private final double high;

  private SweepPlot(Map<String, Map<Integer, Double>> curves) {
    TreeSet<Double> values = new TreeSet<>();
    for (Map<Integer, Double> curve : curves.values()) {
      points.addAll(curve.keySet());
      values.addAll(curve.values());
    }
    if (points.isEmpty()) {
      throw new IllegalArgumentException("nothing was measured");
    }
    List<Double> rules = rules(values.first(), values.last());
    low = rules.get(0);
    high = rules.get(rules.size() - 1);
  }

  /** 1, 2 and 5 times powers of ten, from the last not above {@code least} on. */
  private static List<Double> rules(double least, double most) {
    List<Double> rules = new ArrayList<>();
    for (int power = (int) Math.floor(Math.log10(least)); ; power++) {
      for (int step : new int[] {1, 2, 5}) {
        double rule = step * Math.pow(10, power);
        if (rule <= least) {
          rules.clear();
        }
        rules.add(rule);
        if (rule >= most && rules.size() > 1) {
          return rules;
        }
      }
    }
  }

  /**
   * @param curves values by point, by name; not all empty
   */
  static String svg(
      String title, String subtitle, String axis, Map<String, Map<Integer, Double>> curves) {
    SweepPlot plot = new SweepPlot(curves);
    StringBuilder svg = new StringBuilder();
    svg.append(
        """
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %1$s %2$s" width="%1$s" height="%2$s">
        """
            .formatted(number(WIDTH), number(HEIGHT)));
    svg.append(STYLE)
        .append(text(LEFT, 18, "title", "start", title))
        .append(text(LEFT, 36, "label", "start", subtitle));
    plot.axes(svg, axis);
    plot.curves(svg, curves);
    return svg.append("</svg>\n").toString();
  }

  private double x(int point) {
    double first = Math.log(points.first());
    double span = Math.log(points.last()) - first;
    double share = span == 0 ? 0.5 : (Math.log(point) - first) / span;
    return LEFT + (WIDTH - LEFT - RIGHT) * share;
  }

  private double y(double value) {
    double share = (Math.log(value) - Math.log(low)) / (Math.log(high) - Math.log(low));
    return TOP + (HEIGHT - TOP - BOTTOM) * (1 - share);
  }

  private void axes(StringBuilder svg, String axis) {
    for (double value : rules(low, high)) {
      svg.append(rule(LEFT, y(value), WIDTH - RIGHT, y(value)))
          .append(text(LEFT - 8, y(value) + 4, "label", "end", label(value)));
    }
    for (int point : points) {
      svg.append(text(x(point), HEIGHT - BOTTOM + 16, "label", "middle", label(point)));
    }
    double middle = LEFT + (WIDTH - LEFT - RIGHT) / 2;
    svg.append(text(middle, HEIGHT - 10, "label", "middle", axis));
  }

  private void curves(StringBuilder svg, Map<String, Map<Integer, Double>> curves) {
    // From the highest end to the lowest, so that each name finds the one above it already placed.
    List<String> names =
        curves.keySet().stream()
            .sorted((a, b) -> Double.compare(y(last(curves.get(a))), y(last(curves.get(b)))))
            .toList();
    List<String> order = List.copyOf(curves.keySet());
    double labelled = Double.NEGATIVE_INFINITY;
    for (String name : names) {
      Map<Integer, Double> curve = curves.get(name);
      String colour = COLOURS.get(order.indexOf(name) % COLOURS.size());
      String path =
          curve.entrySet().stream()
              .map(p -> number(x(p.getKey())) + " " + number(y(p.getValue())))
              .collect(Collectors.joining("L", "M", ""));
      svg.append("<path class=\"curve\" stroke=\"%s\" d=\"%s\"/>\n".formatted(colour, path));
      curve.forEach(
          (point, value) ->
              svg.append(
                  "<circle cx=\"%s\" cy=\"%s\" r=\"3\" fill=\"%s\"/>\n"
                      .formatted(number(x(point)), number(y(value)), colour)));
      labelled = Math.max(y(last(curve)) + 4, labelled + LABEL_DISTANCE);
      svg.append(
          "<text x=\"%s\" y=\"%s\" style=\"fill: %s\">%s</text>\n"
              .formatted(number(WIDTH - RIGHT + 10), number(labelled), colour, name));
    }
  }

  private static double last(Map<Integer, Double> curve) {
    double last = Double.NaN;
    for (double value : curve.values()) {
      last = value;
    }
    return last;
  }

  private static String rule(double x1, double y1, double x2, double y2) {
    return "<line class=\"axis\" x1=\"%s\" y1=\"%s\" x2=\"%s\" y2=\"%s\"/>\n"
        .formatted(number(x1), number(y1), number(x2), number(y2));
  }

  private static String text(double x, double y, String style, String anchor, String content) {
    String escaped = content.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
    return "<text class=\"%s\" x=\"%s\" y=\"%s\" text-anchor=\"%s\">%s</text>\n"
        .formatted(style, number(x), number(y), anchor, escaped);
  }

  private static String label(double value) {
    return value == Math.rint(value)
        ? Long.toString((long) value)
        : String.format(Locale.ROOT, "%.1f", value);
  }

  private static String number(double value) {
    return String.format(Locale.ROOT, "%.1f", value);
  }
}
