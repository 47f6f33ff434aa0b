// SPDX-License-Identifier: Apache-2.0
package org.randwire.report;

import java.util.Arrays;
import java.util.List;

/**
 * A chart as data: {@link SvgChart} draws it, {@link ChartData} writes the same numbers as
 * Vega-Lite JSON and CSV.
 *
 * @param id name of its files: letters, digits and hyphens
 * @param title what is shown
 * @param caption how it was made, for people who want to check it
 * @param x horizontal axis
 * @param y vertical axis
 * @param series in the order of the legend, at least one
 */
public record Chart(String id, String title, String caption, Axis x, Axis y, List<Series> series) {

  /** How numbers are laid out along an axis. */
  public enum Scale {
    LINEAR,
    LOG2,
    LOG10
  }

  /** What is drawn. */
  public enum Shape {
    /** A function that jumps at its points, with its band where it has one. */
    STEP,
    /** A line through the points, with its band. */
    LINE,
    POINTS,
    /**
     * A bar at each point from the axis up, beside those of the other series, with a whisker where
     * there is a band.
     */
    BARS,
    /** A filled outline over bins: a point per bin's lower edge and one at the last upper edge. */
    BINS
  }

  /**
   * An axis.
   *
   * @param label with the unit
   * @param scale linear or logarithmic
   * @param low smallest number shown
   * @param high largest number shown, above {@code low}
   * @param categories names of the places 0, 1, 2 .. in place of numbers; none for an axis of
   *     numbers
   */
  public record Axis(String label, Scale scale, double low, double high, List<String> categories) {
    public Axis {
      categories = List.copyOf(categories);
      if (!(low < high) || (scale != Scale.LINEAR && !(low > 0))) {
        throw new IllegalArgumentException(label + ": an axis from " + low + " to " + high);
      }
    }

    /** An axis of numbers. */
    public Axis(String label, Scale scale, double low, double high) {
      this(label, scale, low, high, List.of());
    }

    /** An axis of named places. */
    static Axis of(String label, List<String> categories) {
      return new Axis(label, Scale.LINEAR, -0.6, categories.size() - 0.4, categories);
    }

    /** Where a number is, 0 at the low end and 1 at the high end. */
    double place(double value) {
      return scale == Scale.LINEAR
          ? (value - low) / (high - low)
          : Math.log(value / low) / Math.log(high / low);
    }

    /** The number at a place; the inverse of {@link #place}. */
    double at(double place) {
      return scale == Scale.LINEAR ? low + place * (high - low) : low * Math.pow(high / low, place);
    }
  }

  /**
   * Points of one colour.
   *
   * @param name in the legend
   * @param colour index into the palette
   * @param shape what is drawn
   * @param x places
   * @param y values, as many
   * @param low lower limits of a band, as many or none
   * @param high upper limits of a band, as many or none
   * @param labels what each point is, as many or none
   */
  public record Series(
      String name,
      int colour,
      Shape shape,
      double[] x,
      double[] y,
      double[] low,
      double[] high,
      List<String> labels) {

    public Series {
      x = x.clone();
      y = y.clone();
      low = low.clone();
      high = high.clone();
      labels = List.copyOf(labels);
      if (x.length != y.length || low.length != high.length) {
        throw new IllegalArgumentException(name + ": coordinates of different number");
      }
    }

    /** Points without a band. */
    public static Series of(String name, int colour, Shape shape, double[] x, double[] y) {
      return new Series(name, colour, shape, x, y, new double[0], new double[0], List.of());
    }

    /** The same points with limits. */
    public Series withBand(double[] lower, double[] upper) {
      return new Series(name, colour, shape, x, y, lower, upper, labels);
    }

    /** The same points with names. */
    public Series withLabels(List<String> names) {
      return new Series(name, colour, shape, x, y, low, high, names);
    }

    boolean hasBand() {
      return low.length > 0;
    }

    @Override
    public double[] x() {
      return x.clone();
    }

    @Override
    public double[] y() {
      return y.clone();
    }

    @Override
    public double[] low() {
      return low.clone();
    }

    @Override
    public double[] high() {
      return high.clone();
    }
  }

  public Chart {
    series = List.copyOf(series);
    if (!id.matches("[a-z0-9-]+")) {
      throw new IllegalArgumentException("a chart's id is made of a-z, 0-9 and -, got " + id);
    }
    if (series.isEmpty()) {
      throw new IllegalArgumentException(id + ": a chart needs a series");
    }
  }

  /** An axis that holds all numbers, with a little room on a linear scale. */
  static Axis axis(String label, Scale scale, double... values) {
    double low = Arrays.stream(values).min().orElseThrow();
    double high = Arrays.stream(values).max().orElseThrow();
    if (scale == Scale.LINEAR) {
      double room = high > low ? 0.04 * (high - low) : Math.max(0.5, Math.abs(high) * 0.1);
      return new Axis(label, scale, low - room, high + room);
    }
    double room = high > low ? Math.pow(high / low, 0.04) : 2;
    return new Axis(label, scale, low / room, high * room);
  }
}
