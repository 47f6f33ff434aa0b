// SPDX-License-Identifier: Apache-2.0
package org.randwire.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.randwire.report.Chart.Series;
import org.randwire.report.Chart.Shape;
import org.randwire.report.Ticks.Tick;

/** Draws a {@link Chart} as SVG; the text is a pure function of the numbers. */
public final class SvgChart {

  private static final double WIDTH = 600;
  private static final double LEFT = 66;
  private static final double RIGHT = 18;
  private static final double PLOT_HEIGHT = 290;
  private static final double BOTTOM = 54;
  private static final double TITLE = 26;
  private static final double LEGEND_ROW = 22;

  /** Mean width of a letter at the size of the legend; generous, since fonts differ. */
  private static final double LETTER = 7.4;

  private static final double SWATCH = 30;

  /** What a letter of a named place needs in height. */
  private static final double SLANT = 6;

  /** Share of a named place's width that its bars fill. */
  private static final double BARS_WIDTH = 0.8;

  /** With more points than this each would cost more than it tells. */
  private static final int MOST_LABELLED = 2500;

  private final Chart chart;
  private final StringBuilder svg = new StringBuilder();
  private final double top;
  private final double height;

  /** Room below the plot: named places are written upwards at a slant. */
  private final double bottom;

  private SvgChart(Chart chart) {
    this.chart = chart;
    top = TITLE + LEGEND_ROW * legendRows().size() + 14;
    bottom = BOTTOM + SLANT * longestCategory();
    height = top + PLOT_HEIGHT + bottom;
  }

  private int longestCategory() {
    return chart.x().categories().stream().mapToInt(String::length).max().orElse(0);
  }

  /** A file of its own, which brings its colours. */
  public static String file(Chart chart) {
    return new SvgChart(chart).draw("<style>\n" + ChartStyle.css() + "</style>\n");
  }

  /** An element of a page that has {@link ChartStyle#css}. */
  static String element(Chart chart) {
    return new SvgChart(chart).draw("");
  }

  private String draw(String style) {
    svg.append(
        """
        <svg xmlns="http://www.w3.org/2000/svg" class="chart" viewBox="0 0 %s %s" role="img" aria-label="%s">
        """
            .formatted(number(WIDTH), number(height), escape(chart.title())));
    svg.append(style);
    text(LEFT, 18, "title", "start", chart.title());
    legend();
    axes();
    String clip = "clip-" + chart.id();
    svg.append(
        "<clipPath id=\"%s\"><rect x=\"%s\" y=\"%s\" width=\"%s\" height=\"%s\"/></clipPath>\n"
            .formatted(
                clip,
                number(LEFT - 2),
                number(top - 2),
                number(WIDTH - LEFT - RIGHT + 4),
                number(PLOT_HEIGHT + 4)));
    svg.append("<g clip-path=\"url(#").append(clip).append(")\">\n");
    chart.series().forEach(this::band);
    chart.series().forEach(this::shape);
    return svg.append("</g>\n</svg>\n").toString();
  }

  // Legend: as many entries in a row as fit

  private List<List<Series>> legendRows() {
    List<List<Series>> rows = new ArrayList<>();
    double used = WIDTH;
    for (Series series : chart.series()) {
      double width = entryWidth(series);
      if (used + width > WIDTH - LEFT - RIGHT) {
        rows.add(new ArrayList<>());
        used = 0;
      }
      rows.get(rows.size() - 1).add(series);
      used += width;
    }
    return rows;
  }

  private static double entryWidth(Series series) {
    return SWATCH + LETTER * series.name().length() + 14;
  }

  private void legend() {
    double y = TITLE + 14;
    for (List<Series> row : legendRows()) {
      double x = LEFT;
      for (Series series : row) {
        swatch(series, x, y);
        text(x + SWATCH, y, "", "start", series.name());
        x += entryWidth(series);
      }
      y += LEGEND_ROW;
    }
  }

  private void swatch(Series series, double x, double y) {
    if (series.shape() == Shape.POINTS) {
      svg.append(
          "<circle class=\"point %s\" cx=\"%s\" cy=\"%s\" r=\"5\"/>\n"
              .formatted(ChartStyle.colour(series.colour()), number(x + 12), number(y - 4)));
    } else {
      svg.append(
          "<path class=\"line %s%s\" d=\"M%s %sh22\"/>\n"
              .formatted(
                  ChartStyle.colour(series.colour()),
                  ChartStyle.dash(series.colour()),
                  number(x),
                  number(y - 4)));
    }
  }

  // Axes

  private void axes() {
    double base = top + PLOT_HEIGHT;
    for (Tick tick : Ticks.of(chart.y(), 6)) {
      double y = y(tick.value());
      line("grid", LEFT, y, WIDTH - RIGHT, y);
      text(LEFT - 8, y + 4.5, "", "end", tick.text());
    }
    for (Tick tick : Ticks.of(chart.x(), 8)) {
      double x = x(tick.value());
      if (chart.x().categories().isEmpty()) {
        line("grid", x, top, x, base);
        text(x, base + 19, "", "middle", tick.text());
      } else {
        svg.append(
            "<text transform=\"translate(%s %s) rotate(-60)\" text-anchor=\"end\">%s</text>\n"
                .formatted(number(x + 4), number(base + 14), escape(tick.text())));
      }
    }
    line("frame", LEFT, base, WIDTH - RIGHT, base);
    line("frame", LEFT, top, LEFT, base);
    text((LEFT + WIDTH - RIGHT) / 2, height - 11, "", "middle", chart.x().label());
    svg.append(
        "<text transform=\"translate(17 %s) rotate(-90)\" text-anchor=\"middle\">%s</text>\n"
            .formatted(number(top + PLOT_HEIGHT / 2), escape(chart.y().label())));
  }

  private double x(double value) {
    return LEFT + (WIDTH - LEFT - RIGHT) * chart.x().place(value);
  }

  private double y(double value) {
    return top + PLOT_HEIGHT * (1 - chart.y().place(value));
  }

  // Series

  private void band(Series series) {
    if (!series.hasBand() || series.shape() == Shape.BARS) {
      return;
    }
    double[] x = series.x();
    double[] low = series.low();
    double[] high = series.high();
    StringBuilder path = new StringBuilder();
    for (int i = 0; i < x.length; i++) {
      outline(path, series.shape(), i, x, high);
    }
    for (int i = x.length - 1; i >= 0; i--) {
      if (series.shape() == Shape.STEP && i + 1 < x.length) {
        path.append('L').append(point(x[i + 1], low[i]));
      }
      path.append('L').append(point(x[i], low[i]));
    }
    svg.append(
        "<path class=\"band %s\" fill-opacity=\"%s\" d=\"%sZ\"/>\n"
            .formatted(ChartStyle.colour(series.colour()), bandOpacity(), path));
  }

  /** The more bands lie over each other, the fainter each. */
  private String bandOpacity() {
    long bands = chart.series().stream().filter(Series::hasBand).count();
    return String.format(Locale.ROOT, "%.2f", 0.6 / (bands + 2));
  }

  /** Adds a point to a line; a step goes sideways first. */
  private void outline(StringBuilder path, Shape shape, int i, double[] x, double[] y) {
    if (i > 0 && (shape == Shape.STEP || shape == Shape.BINS)) {
      path.append('H').append(number(x(x[i])));
      path.append('V').append(number(y(y[i])));
    } else {
      path.append(i == 0 ? 'M' : 'L').append(point(x[i], y[i]));
    }
  }

  private void shape(Series series) {
    switch (series.shape()) {
      case POINTS -> points(series);
      case BINS -> bins(series);
      case BARS -> bars(series);
      default -> line(series);
    }
  }

  private void line(Series series) {
    double[] x = series.x();
    double[] y = series.y();
    if (x.length == 1) {
      lonePoint(series);
      return;
    }
    StringBuilder path = new StringBuilder();
    for (int i = 0; i < x.length; i++) {
      outline(path, series.shape(), i, x, y);
    }
    svg.append(
        "<path class=\"line %s%s\" d=\"%s\"/>\n"
            .formatted(ChartStyle.colour(series.colour()), ChartStyle.dash(series.colour()), path));
  }

  /** A line of one point would be nothing: a dot, and its band as a whisker. */
  private void lonePoint(Series series) {
    double x = series.x()[0];
    String colour = ChartStyle.colour(series.colour());
    svg.append(
        "<circle class=\"point %s\" cx=\"%s\" cy=\"%s\" r=\"4\"/>\n"
            .formatted(colour, number(x(x)), number(y(series.y()[0]))));
    if (series.hasBand()) {
      svg.append(
          "<path class=\"line %s\" d=\"M%sV%s\"/>\n"
              .formatted(colour, point(x, series.low()[0]), number(y(series.high()[0]))));
    }
  }

  private void bins(Series series) {
    double[] x = series.x();
    double[] y = series.y();
    StringBuilder path = new StringBuilder("M").append(point(x[0], chart.y().low()));
    for (int i = 0; i < x.length; i++) {
      path.append('V').append(number(y(y[i])));
      if (i + 1 < x.length) {
        path.append('H').append(number(x(x[i + 1])));
      }
    }
    path.append('V').append(number(y(chart.y().low())));
    svg.append(
        "<path class=\"bins %s%s\" d=\"%s\"/>\n"
            .formatted(ChartStyle.colour(series.colour()), ChartStyle.dash(series.colour()), path));
  }

  /** A bar per point, the bars of several series side by side, with whiskers. */
  private void bars(Series series) {
    List<Series> all = chart.series().stream().filter(s -> s.shape() == Shape.BARS).toList();
    double width = BARS_WIDTH / all.size();
    double left = -BARS_WIDTH / 2 + all.indexOf(series) * width;
    double[] x = series.x();
    double[] y = series.y();
    StringBuilder path = new StringBuilder();
    StringBuilder whiskers = new StringBuilder();
    for (int i = 0; i < x.length; i++) {
      path.append('M').append(point(x[i] + left, chart.y().low()));
      path.append('V').append(number(y(y[i])));
      path.append('H').append(number(x(x[i] + left + width)));
      path.append('V').append(number(y(chart.y().low())));
      if (series.hasBand()) {
        whiskers.append('M').append(point(x[i] + left + width / 2, series.low()[i]));
        whiskers.append('V').append(number(y(series.high()[i])));
      }
    }
    String colour = ChartStyle.colour(series.colour());
    svg.append("<path class=\"bins %s\" d=\"%s\"/>\n".formatted(colour, path));
    if (!whiskers.isEmpty()) {
      svg.append("<path class=\"line %s\" d=\"%s\"/>\n".formatted(colour, whiskers));
    }
  }

  private void points(Series series) {
    double[] x = series.x();
    double[] y = series.y();
    String colour = ChartStyle.colour(series.colour());
    if (series.labels().size() == x.length && x.length <= MOST_LABELLED) {
      for (int i = 0; i < x.length; i++) {
        svg.append(
            "<circle class=\"point %s\" cx=\"%s\" cy=\"%s\" r=\"2.6\"><title>%s</title></circle>\n"
                .formatted(
                    colour, number(x(x[i])), number(y(y[i])), escape(series.labels().get(i))));
      }
      return;
    }
    StringBuilder path = new StringBuilder();
    for (int i = 0; i < x.length; i++) {
      path.append('M').append(point(x[i], y[i])).append("h0");
    }
    svg.append("<path class=\"points %s\" d=\"%s\"/>\n".formatted(colour, path));
  }

  private String point(double xValue, double yValue) {
    return number(x(xValue)) + " " + number(y(yValue));
  }

  private void line(String style, double x1, double y1, double x2, double y2) {
    svg.append(
        "<line class=\"%s\" x1=\"%s\" y1=\"%s\" x2=\"%s\" y2=\"%s\"/>\n"
            .formatted(style, number(x1), number(y1), number(x2), number(y2)));
  }

  private void text(double x, double y, String style, String anchor, String text) {
    svg.append(
        "<text%s x=\"%s\" y=\"%s\" text-anchor=\"%s\">%s</text>\n"
            .formatted(
                style.isEmpty() ? "" : " class=\"" + style + "\"",
                number(x),
                number(y),
                anchor,
                escape(text)));
  }

  /** A coordinate to a tenth of a pixel. */
  private static String number(double value) {
    long tenths = Math.round(Math.max(-1e6, Math.min(1e6, value)) * 10);
    return tenths % 10 == 0
        ? Long.toString(tenths / 10)
        : String.format(Locale.ROOT, "%.1f", tenths / 10.0);
  }

  static String escape(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;");
  }
}
