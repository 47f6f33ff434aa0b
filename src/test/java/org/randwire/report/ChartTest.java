// SPDX-License-Identifier: Apache-2.0
package org.randwire.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.randwire.report.Chart.Axis;
import org.randwire.report.Chart.Scale;
import org.randwire.report.Chart.Series;
import org.randwire.report.Chart.Shape;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What a chart becomes: a picture inside its frame, and the same numbers as data. */
class ChartTest {

  private static Chart chart(Shape shape, int count, String name) {
    List<Series> series = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      double[] x = {1, 10, 100, 1000};
      double[] y = {5 + i, 6 + i, 7 + i, 8 + i};
      Series one = Series.of(name + i, i, shape, x, y);
      series.add(
          shape == Shape.POINTS
              ? one.withLabels(List.of("a", "b & c", "<d>", "e"))
              : shape == Shape.BINS ? one : one.withBand(y, new double[] {7 + i, 8 + i, 9, 10}));
    }
    return new Chart(
        "test-chart",
        "A title & more",
        "How it was made",
        new Axis("x, units", Scale.LOG10, 1, 1000),
        new Axis("y", Scale.LINEAR, 0, 20),
        series);
  }

  private static Element parsed(String svg) throws Exception {
    return DocumentBuilderFactory.newInstance()
        .newDocumentBuilder()
        .parse(new ByteArrayInputStream(svg.getBytes(StandardCharsets.UTF_8)))
        .getDocumentElement();
  }

  @ParameterizedTest
  @EnumSource(Shape.class)
  void picturesAreWellFormedAndInsideTheirFrame(Shape shape) throws Exception {
    Element svg = parsed(SvgChart.file(chart(shape, 3, "series ")));
    String[] box = svg.getAttribute("viewBox").split(" ");
    double width = Double.parseDouble(box[2]);
    double height = Double.parseDouble(box[3]);
    NodeList texts = svg.getElementsByTagName("text");
    for (int i = 0; i < texts.getLength(); i++) {
      Element text = (Element) texts.item(i);
      if (!text.hasAttribute("x")) {
        continue;
      }
      double x = Double.parseDouble(text.getAttribute("x"));
      double y = Double.parseDouble(text.getAttribute("y"));
      double length = 7.4 * text.getTextContent().length();
      double left =
          switch (text.getAttribute("text-anchor")) {
            case "end" -> x - length;
            case "middle" -> x - length / 2;
            default -> x;
          };
      String what = text.getTextContent() + " at " + x + ", " + y;
      assertTrue(left >= 0 && left + length <= width + 8, what);
      assertTrue(y > 8 && y < height - 4, what);
    }
    Matcher numbers = Pattern.compile("[MLHV]?(-?[0-9.]+)").matcher(paths(svg));
    int found = 0;
    while (numbers.find()) {
      double value = Double.parseDouble(numbers.group(1));
      assertTrue(value >= -1 && value <= Math.max(width, height), "coordinate " + value);
      found++;
    }
    assertTrue(found > 10 || shape == Shape.POINTS, "coordinates " + found);
  }

  private static String paths(Element svg) {
    StringBuilder all = new StringBuilder();
    NodeList paths = svg.getElementsByTagName("path");
    for (int i = 0; i < paths.getLength(); i++) {
      all.append(((Element) paths.item(i)).getAttribute("d")).append(' ');
    }
    return all.toString();
  }

  @Test
  void legendEntriesDoNotOverlap() throws Exception {
    Element svg = parsed(SvgChart.file(chart(Shape.LINE, 9, "a rather long name of a space ")));
    NodeList texts = svg.getElementsByTagName("text");
    List<double[]> boxes = new ArrayList<>();
    for (int i = 0; i < texts.getLength(); i++) {
      Element text = (Element) texts.item(i);
      if (text.getTextContent().startsWith("a rather")) {
        double x = Double.parseDouble(text.getAttribute("x"));
        double y = Double.parseDouble(text.getAttribute("y"));
        boxes.add(new double[] {x, x + 7.0 * text.getTextContent().length(), y});
      }
    }
    assertEquals(9, boxes.size());
    for (double[] a : boxes) {
      for (double[] b : boxes) {
        boolean apart = a == b || a[2] != b[2] || a[1] < b[0] || b[1] < a[0];
        assertTrue(apart, "two entries in one place");
        assertTrue(a == b || Math.abs(a[2] - b[2]) == 0 || Math.abs(a[2] - b[2]) > 15);
      }
    }
  }

  @Test
  void beyondThePaletteLinesAreDashed() {
    String svg = SvgChart.file(chart(Shape.LINE, 10, "s"));
    assertTrue(svg.contains("class=\"line c0 dash1\""), svg);
    assertTrue(svg.contains("class=\"line c7\""), svg);
  }

  @Test
  void dataHoldEveryPoint() {
    Chart chart = chart(Shape.STEP, 2, "s,");
    List<String> lines = ChartData.csv(chart).lines().toList();
    assertEquals("series,x,y,low,high", lines.get(0));
    assertEquals("\"s,0\",1.0,5.0,5.0,7.0", lines.get(1));
    assertEquals(9, lines.size());
    JsonNode spec = JsonMapper.shared().readTree(ChartData.vegaLite(chart));
    assertEquals("https://vega.github.io/schema/vega-lite/v5.json", spec.get("$schema").asString());
    assertEquals(8, spec.get("data").get("values").size());
    assertEquals(2, spec.get("layer").size());
    assertEquals(
        "log",
        spec.get("layer").get(1).get("encoding").get("x").get("scale").get("type").asString());
  }

  @Test
  void labelsOfPointsAreKept() {
    Chart chart = chart(Shape.POINTS, 1, "s");
    assertTrue(SvgChart.file(chart).contains("<title>b &amp; c</title>"));
    assertTrue(ChartData.csv(chart).contains("s0,100.0,7.0,<d>"));
    assertFalse(SvgChart.file(chart).contains("<d>"));
  }

  @Test
  void aLineOfOnePointIsADot() {
    Chart chart =
        new Chart(
            "dot",
            "Dot",
            "",
            new Axis("x", Scale.LINEAR, 0, 10),
            new Axis("y", Scale.LINEAR, 0, 10),
            List.of(
                Series.of("a", 2, Shape.LINE, new double[] {5}, new double[] {4})
                    .withBand(new double[] {3}, new double[] {6})));
    String svg = SvgChart.file(chart);
    assertTrue(svg.contains("<circle class=\"point c2\""), svg);
    assertTrue(
        svg.matches("(?s).*<path class=\"line c2\" d=\"M[0-9.]+ [0-9.]+V[0-9.]+\"/>.*"), svg);
  }

  @Test
  void namedPlacesAreWrittenBelowTheirBars() throws Exception {
    Chart chart =
        new Chart(
            "bars",
            "Bars",
            "",
            Axis.of("generator", List.of("ER(0.2)", "BA(5)", "WS(4, 0.75)")),
            new Axis("y", Scale.LINEAR, 0, 10),
            List.of(
                Series.of("a", 0, Shape.BARS, new double[] {0, 1, 2}, new double[] {5, 6, 10}),
                Series.of("b", 1, Shape.BARS, new double[] {0, 2}, new double[] {5, 7})
                    .withBand(new double[] {4, 6}, new double[] {6, 8})));
    Element svg = parsed(SvgChart.file(chart));
    NodeList texts = svg.getElementsByTagName("text");
    int slanted = 0;
    double height = Double.parseDouble(svg.getAttribute("viewBox").split(" ")[3]);
    for (int i = 0; i < texts.getLength(); i++) {
      Element text = (Element) texts.item(i);
      if (text.getAttribute("transform").endsWith("rotate(-60)")) {
        double y = Double.parseDouble(text.getAttribute("transform").split("[ )]")[1]);
        double length = 7.4 * text.getTextContent().length();
        assertTrue(y + length * Math.sin(Math.PI / 3) < height - 20, text.getTextContent());
        slanted++;
      }
    }
    assertEquals(3, slanted);
    // three bars, then two with their whiskers
    assertEquals(3 + 2 + 2, paths(svg).split("M").length - 1 - 2, "without the legend's lines");
    JsonNode x =
        JsonMapper.shared()
            .readTree(ChartData.vegaLite(chart))
            .get("layer")
            .get(0)
            .get("encoding")
            .get("x");
    assertTrue(x.get("axis").get("labelExpr").asString().contains("BA(5)"));
  }

  @Test
  void ticksAreRound() {
    assertEquals(
        List.of("0", "20", "40", "60", "80", "100"), texts(new Axis("y", Scale.LINEAR, 0, 100)));
    assertEquals(
        List.of("-0.4", "-0.2", "0", "0.2", "0.4", "0.6", "0.8"),
        texts(new Axis("y", Scale.LINEAR, -0.45, 0.85)));
    assertEquals(
        List.of("1", "4", "16", "64", "256", "1024", "4096"),
        texts(new Axis("m", Scale.LOG2, 1, 4096)));
    assertEquals(
        List.of("20k", "50k", "100k", "200k", "500k"),
        texts(new Axis("p", Scale.LOG10, 2e4, 8.56e5)));
  }

  private static List<String> texts(Axis axis) {
    return Ticks.of(axis, 8).stream().map(Ticks.Tick::text).toList();
  }

  @Test
  void refusesAxesThatAreNone() {
    assertThrows(IllegalArgumentException.class, () -> new Axis("x", Scale.LINEAR, 1, Double.NaN));
    assertThrows(IllegalArgumentException.class, () -> new Axis("x", Scale.LOG2, 0, 1));
    assertThrows(IllegalArgumentException.class, () -> new Axis("x", Scale.LINEAR, 1, 1));
  }
}
