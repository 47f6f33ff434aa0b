// SPDX-License-Identifier: Apache-2.0
package org.randwire.report;

import java.util.List;
import java.util.Locale;
import org.randwire.graph.Dag;
import org.randwire.report.LayeredLayout.Line;

/**
 * Draws how the stages of a network are wired, as SVG: one row per stage, left to right by level,
 * between the unique input and output nodes (Xie et al. 2019, section 3.1). A node and the edges
 * that leave it share a colour. The text is a pure function of labels and graphs; its colours stand
 * out from light and dark pages alike.
 */
public final class WiringPlot {

  private static final double COLUMN = 64;
  private static final double RADIUS = 10;
  private static final double MARGIN = 24;
  private static final double LABEL = 30;
  private static final double STAGE_GAP = 30;

  /** Of middle lightness, and far enough apart that neighbours are told from each other. */
  private static final List<String> COLOURS =
      List.of("#3f6fb5", "#b8602a", "#3a8a52", "#b5475a", "#2c8a92", "#8657a8", "#8a6f2e");

  private static final String NEUTRAL = "#727b87";

  /** Of pictures only, whatever page they are in. */
  private static final String RULES =
      """
      .wiring text { font-family: sans-serif; font-size: 13px; fill: %1$s }
      .wiring .name { font-weight: bold }
      .wiring .edge { fill: none; stroke-width: 1.6; stroke-opacity: 0.75; stroke-linecap: round }
      .wiring .edge:hover { stroke-width: 4; stroke-opacity: 1 }
      .wiring .rim { stroke-width: 1.2; stroke-opacity: 0.6 }
      .wiring .id { font-size: 9.5px; fill: #fff; text-anchor: middle; pointer-events: none }
      """
          .formatted(NEUTRAL);

  private WiringPlot() {}

  /** One stage and what is written above it; nothing if the label is empty. */
  public record Stage(String label, Dag graph) {}

  /**
   * A file of its own, which brings its style.
   *
   * @throws IllegalArgumentException if there is no stage, or one is too large to be drawn
   */
  public static String svg(List<Stage> stages) {
    return picture(stages, "<style>\n" + RULES + "</style>\n");
  }

  /**
   * An element of a page that has {@link #css}.
   *
   * @throws IllegalArgumentException if there is no stage, or one is too large to be drawn
   */
  static String element(List<Stage> stages) {
    return picture(stages, "");
  }

  /** The rules of the style sheet of a page with pictures. */
  static String css() {
    return RULES;
  }

  private static String picture(List<Stage> stages, String style) {
    if (stages.isEmpty()) {
      throw new IllegalArgumentException("there is no stage to draw");
    }
    StringBuilder body = new StringBuilder();
    double width = 0;
    double top = MARGIN;
    for (Stage stage : stages) {
      LayeredLayout layout = new LayeredLayout(stage.graph());
      if (!stage.label().isEmpty()) {
        label(body, stage, top);
        top += LABEL;
      }
      draw(body, stage.graph(), layout, top);
      width = Math.max(width, 2 * MARGIN + 2 * RADIUS + COLUMN * (layout.layerCount() - 1));
      top += 2 * RADIUS + layout.totalHeight() + STAGE_GAP;
    }
    double height = top - STAGE_GAP + MARGIN;
    return """
    <svg xmlns="http://www.w3.org/2000/svg" class="wiring" viewBox="0 0 %1$s %2$s" width="%1$s" height="%2$s">
    <title>Wiring of %3$s</title>
    """
            .formatted(
                number(width),
                number(height),
                stages.size() == 1 ? "a stage" : stages.size() + " stages")
        + style
        + body
        + "</svg>\n";
  }

  private static void label(StringBuilder svg, Stage stage, double top) {
    Dag graph = stage.graph();
    svg.append(
        "<text x=\"%s\" y=\"%s\"><tspan class=\"name\">%s</tspan><tspan dx=\"8\">%d nodes, %d edges</tspan></text>\n"
            .formatted(
                number(MARGIN),
                number(top + 10),
                escaped(stage.label()),
                graph.nodes(),
                graph.edgeCount()));
  }

  private static void draw(StringBuilder svg, Dag graph, LayeredLayout layout, double top) {
    for (Line line : layout.lines()) {
      edge(svg, layout, line, top);
    }
    terminal(svg, layout, layout.input(), "in", top);
    for (int node = 0; node < graph.nodes(); node++) {
      node(svg, layout, node, top);
    }
    terminal(svg, layout, layout.output(), "out", top);
  }

  /** A smooth curve through the bends that never overshoots one, level where it ends. */
  private static void edge(StringBuilder svg, LayeredLayout layout, Line line, double top) {
    int[] at = line.vertices();
    StringBuilder path = new StringBuilder("M");
    path.append(point(x(layout, at[0]), y(layout, at[0], top)));
    for (int i = 1; i < at.length; i++) {
      double reach = COLUMN / (at.length == 2 ? 2 : 3);
      double right = x(layout, at[i]);
      double y = y(layout, at[i], top);
      path.append('C')
          .append(
              point(
                  right - COLUMN + reach,
                  y(layout, at[i - 1], top) + reach * slope(layout, at, i - 1)))
          .append(' ')
          .append(point(right - reach, y - reach * slope(layout, at, i)))
          .append(' ')
          .append(point(right, y));
    }
    boolean rim = line.from() == layout.input() || line.to() == layout.output();
    svg.append(
        "<path class=\"%s\" stroke=\"%s\" d=\"%s\"><title>%s to %s</title></path>\n"
            .formatted(
                rim ? "edge rim" : "edge",
                colour(layout, line.from()),
                path,
                name(layout, line.from()),
                name(layout, line.to())));
  }

  /** The harmonic mean of the slopes on both sides, 0 at an extreme (Fritsch, Butland 1984). */
  private static double slope(LayeredLayout layout, int[] at, int i) {
    if (i == 0 || i == at.length - 1) {
      return 0;
    }
    double before = (layout.height(at[i]) - layout.height(at[i - 1])) / COLUMN;
    double behind = (layout.height(at[i + 1]) - layout.height(at[i])) / COLUMN;
    return before * behind > 0 ? 2 * before * behind / (before + behind) : 0;
  }

  private static void node(StringBuilder svg, LayeredLayout layout, int node, double top) {
    svg.append(
        "<circle cx=\"%s\" cy=\"%s\" r=\"%s\" fill=\"%s\"/>"
            .formatted(
                number(x(layout, node)),
                number(y(layout, node, top)),
                number(RADIUS),
                colour(layout, node)));
    id(svg, layout, node, String.valueOf(node), top);
  }

  private static void terminal(
      StringBuilder svg, LayeredLayout layout, int vertex, String text, double top) {
    double half = RADIUS + 2;
    svg.append(
        "<rect x=\"%s\" y=\"%s\" width=\"%3$s\" height=\"%3$s\" rx=\"4\" fill=\"%4$s\"/>"
            .formatted(
                number(x(layout, vertex) - half),
                number(y(layout, vertex, top) - half),
                number(2 * half),
                NEUTRAL));
    id(svg, layout, vertex, text, top);
  }

  private static void id(
      StringBuilder svg, LayeredLayout layout, int vertex, String text, double top) {
    svg.append(
        "<text class=\"id\" x=\"%s\" y=\"%s\">%s</text>\n"
            .formatted(number(x(layout, vertex)), number(y(layout, vertex, top) + 3.4), text));
  }

  private static String name(LayeredLayout layout, int vertex) {
    if (vertex == layout.input()) {
      return "input";
    }
    return vertex == layout.output() ? "output" : String.valueOf(vertex);
  }

  private static String colour(LayeredLayout layout, int vertex) {
    return vertex == layout.input() ? NEUTRAL : COLOURS.get(vertex % COLOURS.size());
  }

  private static double x(LayeredLayout layout, int vertex) {
    return MARGIN + RADIUS + COLUMN * layout.layer(vertex);
  }

  private static double y(LayeredLayout layout, int vertex, double top) {
    return top + RADIUS + layout.height(vertex);
  }

  private static String point(double x, double y) {
    return number(x) + " " + number(y);
  }

  private static String number(double value) {
    String text = String.format(Locale.ROOT, "%.1f", value);
    return text.endsWith(".0") ? text.substring(0, text.length() - 2) : text;
  }

  private static String escaped(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
  }
}
