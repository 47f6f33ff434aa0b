// SPDX-License-Identifier: Apache-2.0
package org.randwire.report;

import static org.randwire.report.ComparisonText.pValue;
import static org.randwire.report.ComparisonText.percent;
import static org.randwire.report.ComparisonText.text;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.randwire.population.Population;
import org.randwire.report.Chart.Axis;
import org.randwire.report.Chart.Scale;
import org.randwire.report.Chart.Series;
import org.randwire.report.Chart.Shape;
import org.randwire.report.DamageStudy.Verdict;
import org.randwire.statistics.Correction;
import org.randwire.statistics.Correlation;
import org.randwire.statistics.MannWhitney;
import org.randwire.statistics.MeanInterval;

/**
 * Trained networks by generator and its parameters (Xie et al. 2019, Figure 3), for one node
 * operation or several (Figure 6): means and deviations, beside the paper's, and how series go
 * together.
 *
 * <p>A run's label says its setting, {@code er-0.2}, {@code ba-5} or {@code ws-4-0.75}, and behind
 * an underscore its series, {@code ws-4-0.75_dense}. Any other label is a setting of its own.
 */
public final class GeneratorStudy {

  /** The column of labels. */
  public static final String LABEL = "label";

  private static final double CONFIDENCE = 0.95;
  private static final double ALPHA = 0.05;
  private static final Pattern LABELS =
      Pattern.compile("(?i)(er|ba|ws)-([0-9.]+)(?:-([0-9.]+))?(?:_(.+))?");

  /**
   * Top-1 accuracy in the small regime on ImageNet, 5 networks each (the numbers printed on Figure
   * 3's bars).
   */
  private static final Map<String, Double> PAPER = paper();

  private final List<String> settings = new ArrayList<>();
  private final Map<String, Map<String, double[]>> accuracies = new LinkedHashMap<>();
  private final Map<String, Integer> failures = new LinkedHashMap<>();
  private final List<String> findings = new ArrayList<>();
  private final Map<String, Object> numbers = new LinkedHashMap<>();

  private static Map<String, Double> paper() {
    Map<String, Double> means = new LinkedHashMap<>();
    put(means, "ER(%s)", "0.8 72.6", "0.6 72.7", "0.4 72.8", "0.2 73.4");
    put(means, "BA(%s)", "7 73.1", "5 73.2", "3 72.9", "2 72.6", "1 70.7");
    put(means, "WS(8, %s)", "1 73.1", "0.75 72.9", "0.5 73.0", "0.25 72.6", "0 71.9");
    put(means, "WS(6, %s)", "1 73.2", "0.75 73.2", "0.5 73.2", "0.25 72.7", "0 70.9");
    put(means, "WS(4, %s)", "1 73.0", "0.75 73.8", "0.5 73.4", "0.25 72.6", "0 68.8");
    put(means, "WS(2, %s)", "1 72.1", "0.75 72.5", "0.5 73.1", "0.25 72.8", "0 0.0");
    return means;
  }

  private static void put(Map<String, Double> means, String setting, String... values) {
    for (String value : values) {
      String[] parts = value.split(" ");
      means.put(setting.formatted(parts[0]), Double.parseDouble(parts[1]));
    }
  }

  /** What a label says. */
  record Label(String setting, String series) {
    static Label of(String label) {
      Matcher match = LABELS.matcher(label);
      if (!match.matches()
          || (match.group(3) != null) != label.toLowerCase(Locale.ROOT).startsWith("ws")) {
        return new Label(label, "");
      }
      String model = match.group(1).toUpperCase(Locale.ROOT);
      String parameters =
          match.group(3) == null ? match.group(2) : match.group(2) + ", " + match.group(3);
      return new Label(
          model + "(" + parameters + ")", match.group(4) == null ? "" : match.group(4));
    }
  }

  private GeneratorStudy(List<Population> populations) {
    for (Population population : populations) {
      for (Population group : population.by(LABEL)) {
        Label label = Label.of(group.name());
        String series =
            Stream.of(populations.size() > 1 ? population.name() : "", label.series())
                .filter(part -> !part.isEmpty())
                .reduce((a, b) -> a + " " + b)
                .orElse("");
        if (!settings.contains(label.setting())) {
          settings.add(label.setting());
        }
        double[] errors = (group.hasLastErrors() ? group.atLastEpoch() : group).errors();
        failures.merge(series, group.runs().size() - errors.length, Integer::sum);
        if (errors.length > 0) {
          accuracies
              .computeIfAbsent(series, s -> new LinkedHashMap<>())
              .put(label.setting(), Arrays.stream(errors).map(e -> 1 - e).toArray());
        }
      }
    }
  }

  /**
   * The study of one or more populations.
   *
   * @param populations with a column {@value #LABEL}; each is a series of its own if there are
   *     several
   * @throws org.randwire.population.PopulationException if there is no such column
   */
  public static Study of(List<Population> populations) {
    return new GeneratorStudy(populations).study();
  }

  private Study study() {
    if (accuracies.isEmpty()) {
      throw new UnusablePopulationException("no run has an error");
    }
    List<Study.Table> tables = new ArrayList<>(List.of(means()));
    List<List<String>> rows = new ArrayList<>();
    accuracies.keySet().forEach(series -> withPaper(series, rows));
    if (accuracies.size() > 1) {
      withEachOther(rows);
    }
    if (!rows.isEmpty()) {
      tables.add(
          new Study.Table(
              "How the settings' mean accuracies go together: Pearson, Spearman and Kendall, p two-sided; Spearman's exact up to nine settings, Kendall's an approximation.",
              2,
              List.of(
                  "series", "with", "settings", "Pearson", "p", "Spearman", "p", "Kendall", "p"),
              rows));
    }
    if (accuracies.size() > 1) {
      tables.add(between());
    }
    failures.forEach(
        (series, failed) -> {
          if (failed > 0) {
            findings.add(text("%s: %d failed and left out.", name(series), failed));
          }
        });
    return new Study(
        "generators",
        accuracies.size() > 1
            ? "Generators and node operations: accuracy by setting"
            : "Generators: accuracy by setting",
        findings,
        tables,
        numbers,
        List.of(chart()));
  }

  private static String name(String series) {
    return series.isEmpty() ? "accuracy" : series;
  }

  // Means

  private Study.Table means() {
    List<List<String>> rows = new ArrayList<>();
    for (String setting : settings) {
      List<String> row = new ArrayList<>(List.of(setting));
      Map<String, Object> values = new LinkedHashMap<>();
      accuracies.forEach(
          (series, means) -> {
            double[] all = means.get(setting);
            row.add(all == null ? "-" : cell(MeanInterval.of(all, CONFIDENCE)));
            row.add(all == null ? "0" : Integer.toString(all.length));
            if (all != null) {
              MeanInterval mean = MeanInterval.of(all, CONFIDENCE);
              Map<String, Object> value = new LinkedHashMap<>();
              value.put("runs", all.length);
              value.put("mean", mean.mean());
              if (all.length > 1) {
                value.put("deviation", mean.deviation());
              }
              values.put(name(series), value);
            }
          });
      row.add(PAPER.containsKey(setting) ? text("%.1f", PAPER.get(setting)) : "-");
      rows.add(row);
      numbers.put(setting, values);
    }
    List<String> columns = new ArrayList<>(List.of("setting"));
    accuracies.keySet().forEach(series -> columns.addAll(List.of(name(series), "runs")));
    columns.add("paper");
    return new Study.Table(
        "Test accuracy in %: mean and standard deviation over runs; the paper's are on ImageNet (Figure 3).",
        1, columns, rows);
  }

  private static String cell(MeanInterval mean) {
    return mean.count() == 1
        ? percent(mean.mean())
        : percent(mean.mean()) + " ± " + percent(mean.deviation());
  }

  private Chart chart() {
    List<Series> series = new ArrayList<>();
    List<Double> shown = new ArrayList<>();
    accuracies.forEach(
        (name, means) -> {
          int[] present =
              IntStream.range(0, settings.size())
                  .filter(i -> means.containsKey(settings.get(i)))
                  .toArray();
          double[][] bars = new double[4][present.length];
          for (int k = 0; k < present.length; k++) {
            MeanInterval mean = MeanInterval.of(means.get(settings.get(present[k])), CONFIDENCE);
            double spread = mean.count() == 1 ? 0 : mean.deviation();
            bars[0][k] = present[k];
            bars[1][k] = 100 * mean.mean();
            bars[2][k] = 100 * (mean.mean() - spread);
            bars[3][k] = 100 * (mean.mean() + spread);
            shown.add(bars[2][k]);
            shown.add(bars[3][k]);
          }
          series.add(
              Series.of(name(name), series.size(), Shape.BARS, bars[0], bars[1])
                  .withBand(bars[2], bars[3]));
        });
    Axis fit = Chart.axis("test accuracy, %", Scale.LINEAR, ComparisonCharts.numbers(shown));
    double room = 0.25 * (fit.high() - fit.low());
    return new Chart(
        "generators-accuracy",
        "Accuracy by generator",
        "Mean over runs, whiskers one standard deviation either way; the axis does not begin at 0.",
        Axis.of("generator", settings),
        new Axis(
            fit.label(), Scale.LINEAR, Math.max(0, fit.low() - room), Math.min(100, fit.high())),
        series);
  }

  // Correlations of the settings' means

  private boolean has(String series, String setting) {
    return accuracies.get(series).containsKey(setting);
  }

  private double[] means(String series, List<String> of) {
    return of.stream()
        .mapToDouble(s -> Arrays.stream(accuracies.get(series).get(s)).average().orElseThrow())
        .toArray();
  }

  private void withPaper(String series, List<List<String>> rows) {
    List<String> both =
        settings.stream().filter(s -> PAPER.containsKey(s) && has(series, s)).toList();
    double[] here = means(series, both);
    double[] there = both.stream().mapToDouble(PAPER::get).toArray();
    Correlation ranks = row(rows, name(series), "the paper", here, there);
    if (ranks == null) {
      return;
    }
    Verdict verdict =
        ranks.p() >= ALPHA
            ? Verdict.OPEN
            : ranks.coefficient() > 0 ? Verdict.CONFIRMED : Verdict.CONTRADICTED;
    findings.add(
        text(
            "%s: the paper's order of %d settings: Spearman %.2f, p %s: %s.",
            name(series), both.size(), ranks.coefficient(), pValue(ranks.p()), verdict.text()));
  }

  private void withEachOther(List<List<String>> rows) {
    List<String> all = List.copyOf(accuracies.keySet());
    for (int i = 0; i < all.size(); i++) {
      for (int j = i + 1; j < all.size(); j++) {
        String a = all.get(i);
        String b = all.get(j);
        List<String> both = settings.stream().filter(s -> has(a, s) && has(b, s)).toList();
        row(rows, name(a), name(b), means(a, both), means(b, both));
      }
    }
  }

  /** Adds a row where the correlations exist; gives Spearman's. */
  private @Nullable Correlation row(
      List<List<String>> rows, String a, String b, double[] x, double[] y) {
    if (x.length < 3 || constant(x) || constant(y)) {
      return null;
    }
    List<String> row = new ArrayList<>(List.of(a, b, Integer.toString(x.length)));
    Map<String, Object> values = new LinkedHashMap<>();
    Correlation spearman = Correlation.spearmanExact(x, y);
    Map<String, Correlation> kinds = new LinkedHashMap<>();
    kinds.put("pearson", Correlation.pearson(x, y));
    kinds.put("spearman", spearman);
    kinds.put("kendall", Correlation.kendall(x, y));
    kinds.forEach(
        (kind, correlation) -> {
          row.add(text("%.2f", correlation.coefficient()));
          row.add(pValue(correlation.p()));
          values.put(kind, Map.of("coefficient", correlation.coefficient(), "p", correlation.p()));
        });
    rows.add(row);
    numbers.put(a + " with " + b, values);
    return spearman;
  }

  private static boolean constant(double[] values) {
    return Arrays.stream(values).distinct().count() < 2;
  }

  // Series beside each other

  /** Runs of the settings that all series have, pooled. */
  private Study.Table between() {
    List<String> all = List.copyOf(accuracies.keySet());
    List<String> common =
        settings.stream()
            .filter(s -> accuracies.values().stream().allMatch(means -> means.containsKey(s)))
            .toList();
    List<int[]> pairs = new ArrayList<>();
    for (int i = 0; i < all.size(); i++) {
      for (int j = i + 1; j < all.size() && !common.isEmpty(); j++) {
        pairs.add(new int[] {i, j});
      }
    }
    List<MannWhitney> tests =
        pairs.stream()
            .map(
                pair ->
                    MannWhitney.of(
                        pooled(all.get(pair[0]), common), pooled(all.get(pair[1]), common)))
            .toList();
    double[] p = Correction.HOLM.of(tests.stream().mapToDouble(MannWhitney::p).toArray());
    List<List<String>> rows = new ArrayList<>();
    for (int k = 0; k < pairs.size(); k++) {
      String a = all.get(pairs.get(k)[0]);
      String b = all.get(pairs.get(k)[1]);
      double first = Arrays.stream(pooled(a, common)).average().orElseThrow();
      double second = Arrays.stream(pooled(b, common)).average().orElseThrow();
      rows.add(
          List.of(
              name(a),
              name(b),
              percent(first),
              percent(second),
              percent(first - second),
              text("%.2f", tests.get(k).cliffsDelta()),
              pValue(p[k])));
      numbers.put(
          name(a) + " less " + name(b),
          Map.of(
              "difference", first - second, "cliffsDelta", tests.get(k).cliffsDelta(), "p", p[k]));
    }
    all.stream()
        .max(
            (a, b) ->
                Double.compare(
                    Arrays.stream(pooled(a, common)).average().orElse(0),
                    Arrays.stream(pooled(b, common)).average().orElse(0)))
        .filter(best -> !common.isEmpty())
        .ifPresent(
            best ->
                findings.add(
                    text(
                        "Best over the %d settings that all series have: %s, %s %%.",
                        common.size(),
                        name(best),
                        percent(Arrays.stream(pooled(best, common)).average().orElseThrow()))));
    return new Study.Table(
        "Series beside each other, all runs of the settings that all have: mean accuracy in %, Cliff's delta, Mann-Whitney's p by Holm.",
        2, List.of("first", "second", "first, %", "second, %", "difference", "delta", "p"), rows);
  }

  private double[] pooled(String series, List<String> common) {
    return common.stream()
        .flatMapToDouble(s -> Arrays.stream(accuracies.get(series).get(s)))
        .toArray();
  }
}
