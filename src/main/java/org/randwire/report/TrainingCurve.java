// SPDX-License-Identifier: Apache-2.0
package org.randwire.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.function.ToDoubleFunction;

/**
 * Draws how a run went, as SVG: the loss of every step above, the errors after every epoch below,
 * on the same axis of epochs. The text is a pure function of the numbers.
 */
public final class TrainingCurve {

  private static final double WIDTH = 760;
  private static final double LEFT = 62;
  private static final double RIGHT = 160;
  private static final double PANEL = 190;
  private static final double TOP = 48;
  private static final double GAP = 40;
  private static final double BOTTOM = 44;

  /** More points than pixels only make the file larger. */
  private static final int MOST_POINTS = 600;

  /** Below this two lines of text touch. */
  private static final double LABEL_DISTANCE = 15;

  private static final String STYLE =
      """
      <style>
      text { font-family: sans-serif; font-size: 12px; fill: #727b87 }
      .title { font-weight: bold; font-size: 13px }
      .axis { stroke: #727b87; stroke-opacity: 0.35; stroke-width: 1 }
      .loss { fill: none; stroke: #727b87; stroke-opacity: 0.8; stroke-width: 1 }
      .train { fill: none; stroke: #b8602a; stroke-width: 1.8 }
      .test { fill: none; stroke: #3f6fb5; stroke-width: 2.2 }
      .train-name { fill: #b8602a }
      .test-name { fill: #3f6fb5 }
      </style>
      """;

  private TrainingCurve() {}

  /** The loss of one update; {@code epoch} is time at its end, 2.5 in the middle of the third. */
  public record Step(double epoch, double loss) {}

  /** Errors after an epoch, as fractions; NaN where not measured. */
  public record Epoch(int epoch, double trainError, double testError) {}

  /**
   * @throws IllegalArgumentException if there is no step or no epoch
   */
  public static String svg(String title, List<Step> steps, List<Epoch> epochs) {
    if (steps.isEmpty() || epochs.isEmpty()) {
      throw new IllegalArgumentException("a curve needs at least one step and one epoch");
    }
    double last =
        Math.max(steps.get(steps.size() - 1).epoch(), epochs.get(epochs.size() - 1).epoch());
    Panel loss = new Panel(TOP, last, 0, ceiling(steps.stream().mapToDouble(Step::loss).toArray()));
    double[] errors =
        epochs.stream()
            .flatMap(e -> List.of(e.trainError(), e.testError()).stream())
            .filter(Double::isFinite)
            .mapToDouble(e -> 100 * e)
            .toArray();
    Panel error = new Panel(TOP + PANEL + GAP, last, 0, ceiling(errors));
    StringBuilder svg = new StringBuilder();
    double height = TOP + 2 * PANEL + GAP + BOTTOM;
    svg.append(
        """
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %1$s %2$s" width="%1$s" height="%2$s">
        """
            .formatted(number(WIDTH), number(height)));
    svg.append(STYLE).append(text(LEFT, 18, "title", "start", title));
    loss.axes(svg, "loss");
    line(svg, "loss", loss, thinned(steps), Step::epoch, Step::loss);
    error.axes(svg, "error, %");
    errors(svg, error, epochs);
    svg.append(text(LEFT + (WIDTH - LEFT - RIGHT) / 2, height - 8, "", "middle", "epochs"));
    return svg.append("</svg>\n").toString();
  }

  /** One plot area; the vertical axis starts at {@code low} and ends at {@code high}. */
  private record Panel(double top, double epochs, double low, double high) {
    double x(double epoch) {
      return LEFT + (WIDTH - LEFT - RIGHT) * epoch / epochs;
    }

    double y(double value) {
      double share = (Math.min(value, high) - low) / (high - low);
      return top + PANEL * (1 - share);
    }

    void axes(StringBuilder svg, String name) {
      svg.append(text(LEFT - 44, top - 8, "", "start", name));
      for (int i = 0; i <= 4; i++) {
        double value = low + (high - low) * i / 4;
        svg.append(rule(LEFT, y(value), WIDTH - RIGHT, y(value)));
        svg.append(text(LEFT - 8, y(value) + 4, "", "end", label(value)));
      }
      double tick = ceiling(epochs / 10);
      for (double epoch = 0; epoch <= epochs + 1e-9; epoch += Math.max(1, Math.rint(tick))) {
        svg.append(text(x(epoch), top + PANEL + 16, "", "middle", label(epoch)));
      }
    }
  }

  private static void errors(StringBuilder svg, Panel panel, List<Epoch> epochs) {
    OptionalDouble train = curve(svg, panel, epochs, "train", Epoch::trainError);
    OptionalDouble test = curve(svg, panel, epochs, "test", Epoch::testError);
    double trainAt = panel.y(train.orElse(0));
    double testAt = panel.y(test.orElse(0));
    if (train.isPresent() && test.isPresent() && Math.abs(trainAt - testAt) < LABEL_DISTANCE) {
      // The higher of two near labels moves up by what is missing.
      double up = LABEL_DISTANCE - Math.abs(trainAt - testAt);
      trainAt -= trainAt <= testAt ? up : 0;
      testAt -= trainAt > testAt ? up : 0;
    }
    name(svg, "train", "train, augmented", train, trainAt);
    name(svg, "test", "test", test, testAt);
  }

  /** Draws one error over the epochs and gives its last value in percent. */
  private static OptionalDouble curve(
      StringBuilder svg,
      Panel panel,
      List<Epoch> epochs,
      String style,
      ToDoubleFunction<Epoch> error) {
    List<Epoch> known =
        epochs.stream().filter(e -> Double.isFinite(error.applyAsDouble(e))).toList();
    if (known.isEmpty()) {
      return OptionalDouble.empty();
    }
    line(svg, style, panel, known, Epoch::epoch, e -> 100 * error.applyAsDouble(e));
    return OptionalDouble.of(100 * error.applyAsDouble(known.get(known.size() - 1)));
  }

  private static void name(
      StringBuilder svg, String style, String name, OptionalDouble percent, double y) {
    if (percent.isPresent()) {
      String label = String.format(Locale.ROOT, "%s %.2f %%", name, percent.getAsDouble());
      svg.append(text(WIDTH - RIGHT + 6, y + 4, style + "-name", "start", label));
    }
  }

  private static <T> void line(
      StringBuilder svg,
      String style,
      Panel panel,
      List<T> points,
      ToDoubleFunction<T> x,
      ToDoubleFunction<T> y) {
    StringBuilder path = new StringBuilder();
    for (T point : points) {
      path.append(path.isEmpty() ? 'M' : 'L')
          .append(number(panel.x(x.applyAsDouble(point))))
          .append(' ')
          .append(number(panel.y(y.applyAsDouble(point))));
    }
    svg.append("<path class=\"%s\" d=\"%s\"/>\n".formatted(style, path));
  }

  /** Means of equal stretches, so that nothing is left out. */
  private static List<Step> thinned(List<Step> steps) {
    int stretch = (steps.size() + MOST_POINTS - 1) / MOST_POINTS;
    List<Step> thinned = new ArrayList<>();
    for (int from = 0; from < steps.size(); from += stretch) {
      List<Step> part = steps.subList(from, Math.min(steps.size(), from + stretch));
      thinned.add(
          new Step(
              part.stream().mapToDouble(Step::epoch).average().orElseThrow(),
              part.stream().mapToDouble(Step::loss).average().orElseThrow()));
    }
    return thinned;
  }

  /** The smallest of 1, 2, 3, 4, 5, 6, 8, 10 times a power of ten that is not below any value. */
  private static double ceiling(double... values) {
    double largest = 0;
    for (double value : values) {
      if (Double.isFinite(value)) {
        largest = Math.max(largest, value);
      }
    }
    if (largest == 0) {
      return 1;
    }
    double power = Math.pow(10, Math.floor(Math.log10(largest)));
    for (double step : new double[] {1, 2, 3, 4, 5, 6, 8}) {
      if (largest <= step * power) {
        return step * power;
      }
    }
    return 10 * power;
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
        : String.format(Locale.ROOT, "%.2f", value).replaceAll("0+$", "");
  }

  private static String number(double value) {
    return String.format(Locale.ROOT, "%.1f", value);
  }
}
