// SPDX-License-Identifier: Apache-2.0
package org.randwire.report;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.randwire.report.Chart.Scale;
import org.randwire.report.Chart.Series;
import tools.jackson.databind.json.JsonMapper;

/** The numbers behind a {@link Chart}: as a Vega-Lite specification and as CSV. */
public final class ChartData {

  private static final JsonMapper JSON = JsonMapper.builder().build();

  private ChartData() {}

  /** One row per point: series, x, y, and where there are any the band's limits and the label. */
  public static String csv(Chart chart) {
    boolean bands = chart.series().stream().anyMatch(Series::hasBand);
    boolean labels = chart.series().stream().anyMatch(s -> !s.labels().isEmpty());
    StringBuilder csv = new StringBuilder("series,x,y");
    csv.append(bands ? ",low,high" : "").append(labels ? ",label" : "").append('\n');
    for (Series series : chart.series()) {
      double[] x = series.x();
      double[] y = series.y();
      double[] low = series.low();
      double[] high = series.high();
      for (int i = 0; i < x.length; i++) {
        csv.append(quoted(series.name())).append(',').append(x[i]).append(',').append(y[i]);
        if (bands) {
          csv.append(',').append(series.hasBand() ? low[i] + "," + high[i] : ",");
        }
        if (labels) {
          csv.append(',').append(series.labels().isEmpty() ? "" : quoted(series.labels().get(i)));
        }
        csv.append('\n');
      }
    }
    return csv.toString();
  }

  private static String quoted(String text) {
    return text.matches("[^\",\r\n]*") ? text : "\"" + text.replace("\"", "\"\"") + "\"";
  }

  /** A specification that any Vega-Lite 5 viewer draws; the data are inside. */
  public static String vegaLite(Chart chart) {
    List<Map<String, Object>> layers = new ArrayList<>();
    boolean bands = chart.series().stream().anyMatch(Series::hasBand);
    boolean bars = chart.series().get(0).shape() == Chart.Shape.BARS;
    if (bands) {
      layers.add(
          Map.of(
              "mark",
              mark(chart, bars ? "rule" : "area", true),
              "encoding",
              encoding(chart, Map.of("y", axis(chart.y(), "low"), "y2", Map.of("field", "high")))));
    }
    layers.add(
        Map.of(
            "mark",
            mark(chart, "line", false),
            "encoding",
            encoding(chart, Map.of("y", axis(chart.y(), "y")))));
    Map<String, Object> spec = new LinkedHashMap<>();
    spec.put("$schema", "https://vega.github.io/schema/vega-lite/v5.json");
    spec.put("title", chart.title());
    spec.put("description", chart.caption());
    spec.put("width", 520);
    spec.put("height", 300);
    spec.put("data", Map.of("values", values(chart)));
    spec.put("layer", layers);
    return JSON.writeValueAsString(spec) + "\n";
  }

  private static Map<String, Object> mark(Chart chart, String kind, boolean band) {
    Map<String, Object> mark = new LinkedHashMap<>();
    Chart.Shape shape = chart.series().get(0).shape();
    boolean points = shape == Chart.Shape.POINTS || (shape == Chart.Shape.BARS && !band);
    mark.put("type", points ? "point" : kind);
    mark.put("clip", true);
    if (shape == Chart.Shape.STEP || shape == Chart.Shape.BINS) {
      mark.put("interpolate", "step-after");
    }
    if (band && shape != Chart.Shape.BARS) {
      mark.put("opacity", 0.16);
    }
    return mark;
  }

  private static Map<String, Object> encoding(Chart chart, Map<String, Object> vertical) {
    Map<String, Object> encoding = new LinkedHashMap<>();
    encoding.put("x", axis(chart.x(), "x"));
    encoding.putAll(vertical);
    encoding.put("color", Map.of("field", "series", "type", "nominal", "title", ""));
    return encoding;
  }

  private static Map<String, Object> axis(Chart.Axis axis, String field) {
    Map<String, Object> scale = new LinkedHashMap<>();
    scale.put("domain", List.of(axis.low(), axis.high()));
    if (axis.scale() != Scale.LINEAR) {
      scale.put("type", "log");
      scale.put("base", axis.scale() == Scale.LOG2 ? 2 : 10);
    }
    Map<String, Object> encoding = new LinkedHashMap<>();
    encoding.put("field", field);
    encoding.put("type", "quantitative");
    encoding.put("title", axis.label());
    if (!axis.categories().isEmpty()) {
      encoding.put("axis", categories(axis.categories()));
    }
    encoding.put("scale", scale);
    return encoding;
  }

  private static Map<String, Object> categories(List<String> names) {
    Map<String, Object> axis = new LinkedHashMap<>();
    axis.put("values", IntStream.range(0, names.size()).boxed().toList());
    axis.put("labelExpr", JSON.writeValueAsString(names) + "[datum.value]");
    axis.put("labelAngle", -60);
    return axis;
  }

  private static List<Map<String, Object>> values(Chart chart) {
    List<Map<String, Object>> values = new ArrayList<>();
    for (Series series : chart.series()) {
      double[] x = series.x();
      double[] y = series.y();
      double[] low = series.low();
      double[] high = series.high();
      for (int i = 0; i < x.length; i++) {
        Map<String, Object> value = new LinkedHashMap<>();
        value.put("series", series.name());
        value.put("x", x[i]);
        value.put("y", y[i]);
        if (series.hasBand()) {
          value.put("low", low[i]);
          value.put("high", high[i]);
        }
        if (!series.labels().isEmpty()) {
          value.put("label", series.labels().get(i));
        }
        values.add(value);
      }
    }
    return values;
  }
}
