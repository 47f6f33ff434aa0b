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
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.randwire.report.Chart.Scale;
import org.randwire.report.Chart.Series;
import org.randwire.report.Chart.Shape;
import org.randwire.statistics.Correction;
import org.randwire.statistics.Correlation;
import org.randwire.statistics.MannWhitney;
import org.randwire.statistics.MeanInterval;

/**
 * What trained networks lose when a node or an edge is removed (Xie et al. 2019, Figure 5), by
 * degree and by family. The unit of every test is the network: the removals of one network share
 * its weights and are not independent of each other.
 */
public final class DamageStudy {

  private static final double CONFIDENCE = 0.95;
  private static final double ALPHA = 0.05;

  private final List<String> families;
  private final Map<String, List<Network>> byFamily;
  private final List<List<String>> trends = new ArrayList<>();
  private final List<String> findings = new ArrayList<>();
  private final Map<String, Object> numbers = new LinkedHashMap<>();

  /**
   * One removal.
   *
   * @param stage from 1
   * @param degree out-degree of a removed node, in-degree of the node a removed edge enters
   * @param loss accuracy lost, a fraction; negative where accuracy was gained
   */
  public record Loss(int stage, int degree, double loss) {}

  /**
   * A network and its removals.
   *
   * @param name of its run
   * @param family generator with its parameters, such as {@code WS(4, 0.75)}
   * @param images it was evaluated on
   * @param error of the whole network, a fraction
   * @param nodes one per removed node
   * @param edges one per removed edge
   */
  public record Network(
      String name, String family, int images, double error, List<Loss> nodes, List<Loss> edges) {
    public Network {
      nodes = List.copyOf(nodes);
      edges = List.copyOf(edges);
    }

    private List<Loss> of(Removal kind) {
      return kind == Removal.NODE ? nodes : edges;
    }
  }

  /** What is removed. */
  enum Removal {
    NODE("node", "out-degree of the removed node"),
    EDGE("edge", "in-degree of the node that the removed edge enters");

    private final String what;
    private final String degree;

    Removal(String what, String degree) {
      this.what = what;
      this.degree = degree;
    }
  }

  /** How a claim fares. */
  enum Verdict {
    CONFIRMED("confirmed"),
    CONTRADICTED("contradicted"),
    OPEN("cannot be told");

    private final String text;

    Verdict(String text) {
      this.text = text;
    }

    String text() {
      return text;
    }

    /** Of an interval that should lie on one side of zero. */
    static Verdict of(MeanInterval interval, int expectedSign) {
      if (interval.low() > 0 || interval.high() < 0) {
        return Math.signum(interval.mean()) == expectedSign ? CONFIRMED : CONTRADICTED;
      }
      return OPEN;
    }
  }

  private DamageStudy(List<Network> networks) {
    byFamily =
        networks.stream()
            .collect(
                Collectors.groupingBy(Network::family, LinkedHashMap::new, Collectors.toList()));
    families = List.copyOf(byFamily.keySet());
  }

  /**
   * The study of some networks.
   *
   * @param networks at least one, each with a node and an edge removed
   */
  public static Study of(List<Network> networks) {
    return new DamageStudy(networks).study();
  }

  private Study study() {
    families.forEach(this::describe);
    degrees(Removal.NODE, "WS", 1, "grows with out-degree (WS)");
    degrees(Removal.EDGE, "", -1, "falls as in-degree grows");
    sensitivity(Removal.NODE, "WS", 1, "WS is the least robust");
    sensitivity(Removal.EDGE, "ER", -1, "ER is the least sensitive");
    List<Study.Table> tables =
        List.of(
            new Study.Table(
                "The paper's trends (Figure 5) and these networks. Correlations are Spearman's within each"
                    + " graph, averaged per network, then mean and 95 % interval over networks (Student); families are compared"
                    + " by Mann-Whitney on each network's mean loss, p by Holm.",
                4, List.of("removed", "paper", "family", "here", "verdict"), trends),
            byDegree(Removal.NODE),
            byDegree(Removal.EDGE),
            byStage());
    return new Study(
        "damage",
        "Graph damage: accuracy lost when one node or edge is removed",
        findings,
        tables,
        numbers,
        List.of(chart(Removal.NODE), chart(Removal.EDGE)));
  }

  private static double[] losses(Network network, Removal kind) {
    return network.of(kind).stream().mapToDouble(Loss::loss).toArray();
  }

  private static double mean(double[] values) {
    return Arrays.stream(values).average().orElse(Double.NaN);
  }

  private double[] means(String family, Removal kind) {
    return byFamily.get(family).stream().mapToDouble(n -> mean(losses(n, kind))).toArray();
  }

  private static MeanInterval interval(double[] values) {
    return MeanInterval.of(values, CONFIDENCE);
  }

  // Families

  private void describe(String family) {
    List<Network> members = byFamily.get(family);
    MeanInterval accuracy = interval(members.stream().mapToDouble(n -> 1 - n.error()).toArray());
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("networks", members.size());
    values.put("accuracy", accuracy.mean());
    for (Removal kind : Removal.values()) {
      MeanInterval loss = interval(means(family, kind));
      values.put(kind.what + "Removals", members.stream().mapToInt(n -> n.of(kind).size()).sum());
      values.put(kind.what + "Loss", loss.mean());
      if (loss.count() > 1) {
        values.put(kind.what + "LossDeviation", loss.deviation());
      }
    }
    numbers.put(family, values);
    findings.add(
        text(
            "%s: %d network%s of %s %% accuracy; a removed node costs %s points, a removed edge %s.",
            family,
            members.size(),
            members.size() == 1 ? "" : "s",
            percent(accuracy.mean()),
            percent(interval(means(family, Removal.NODE)).mean()),
            percent(interval(means(family, Removal.EDGE)).mean())));
  }

  // Trends

  /**
   * Rank correlations of loss and degree in a family.
   *
   * @param networks over the networks' means of their graphs
   * @param graphs graphs with a correlation
   * @param positive how many of them have one above 0
   */
  private record Trend(MeanInterval networks, int graphs, long positive) {

    String text() {
      String range =
          networks.count() == 1
              ? " of one network"
              : ComparisonText.text(" (%.2f to %.2f)", networks.low(), networks.high());
      return ComparisonText.text("rho %.2f", networks.mean())
          + range
          + ComparisonText.text(", above 0 in %d of %d graphs", positive, graphs);
    }
  }

  /** Whether the loss goes with the degree within the graphs of each family. */
  private void degrees(Removal kind, String claimedOf, int sign, String claim) {
    for (String family : families) {
      // A node without output edges feeds the stage's output: another kind of removal.
      Optional<Trend> trend = trend(family, kind, kind == Removal.NODE ? 1 : 0);
      boolean claimed = model(family).startsWith(claimedOf);
      Verdict verdict = trend.map(t -> Verdict.of(t.networks, sign)).orElse(Verdict.OPEN);
      trends.add(
          List.of(
              kind.what,
              claimed ? claim : "no claim",
              family,
              trend.map(Trend::text).orElse("degree or loss is constant"),
              claimed ? verdict.text : "-"));
      trend.ifPresent(
          t -> {
            numbers.put(family + " " + kind.what + " loss by degree", values(t));
            if (claimed) {
              findings.add(
                  text(
                      "%s, %s: the paper's loss %s; here %s: %s.",
                      family, kind.what, claim, t.text(), verdict.text));
            }
          });
      if (kind == Removal.NODE) {
        trend(family, kind, 0)
            .ifPresent(t -> numbers.put(family + " node loss by degree, exits too", values(t)));
      }
    }
  }

  private static Map<String, Object> values(Trend trend) {
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("spearman", trend.networks.mean());
    if (trend.networks.count() > 1) {
      values.put("low", trend.networks.low());
      values.put("high", trend.networks.high());
    }
    values.put("p", trend.networks.p());
    values.put("graphs", trend.graphs);
    values.put("positive", trend.positive);
    return values;
  }

  private static String model(String family) {
    return family.toUpperCase(Locale.ROOT);
  }

  /** Within each graph, for stages differ in how much they lose; where neither is constant. */
  private Optional<Trend> trend(String family, Removal kind, int leastDegree) {
    List<Double> all = new ArrayList<>();
    List<Double> means = new ArrayList<>();
    for (Network network : byFamily.get(family)) {
      double[] ofGraphs =
          network.of(kind).stream()
              .filter(l -> l.degree() >= leastDegree)
              .collect(Collectors.groupingBy(Loss::stage, TreeMap::new, Collectors.toList()))
              .values()
              .stream()
              .filter(l -> l.size() > 2 && varies(l, Loss::degree) && varies(l, Loss::loss))
              .mapToDouble(
                  l ->
                      Correlation.spearman(
                              l.stream().mapToDouble(Loss::degree).toArray(),
                              l.stream().mapToDouble(Loss::loss).toArray())
                          .coefficient())
              .toArray();
      Arrays.stream(ofGraphs).forEach(all::add);
      Arrays.stream(ofGraphs).average().ifPresent(means::add);
    }
    return means.isEmpty()
        ? Optional.empty()
        : Optional.of(
            new Trend(
                interval(ComparisonCharts.numbers(means)),
                all.size(),
                all.stream().filter(rho -> rho > 0).count()));
  }

  private static boolean varies(List<Loss> losses, Function<Loss, ?> value) {
    return losses.stream().map(value).distinct().count() > 1;
  }

  /** Whether one family loses more, or less, than each other one. */
  private void sensitivity(Removal kind, String claimedOf, int sign, String claim) {
    Optional<String> claimed =
        families.stream().filter(f -> model(f).startsWith(claimedOf)).findFirst();
    List<String> others = families.stream().filter(f -> !model(f).startsWith(claimedOf)).toList();
    if (claimed.isEmpty() || others.isEmpty()) {
      return;
    }
    double[] own = means(claimed.get(), kind);
    double[] p =
        Correction.HOLM.of(
            others.stream().mapToDouble(o -> MannWhitney.of(own, means(o, kind)).p()).toArray());
    boolean all = true;
    boolean any = false;
    List<String> beside = new ArrayList<>();
    Map<String, Object> values = new LinkedHashMap<>();
    for (int i = 0; i < others.size(); i++) {
      double difference = mean(own) - mean(means(others.get(i), kind));
      boolean found = p[i] < ALPHA;
      all &= found && Math.signum(difference) == sign;
      any |= found && Math.signum(difference) == -sign;
      beside.add(
          text(
              "%s %s (p %s)",
              others.get(i), percent(mean(means(others.get(i), kind))), pValue(p[i])));
      values.put(others.get(i), Map.of("difference", difference, "p", p[i]));
    }
    Verdict verdict = any ? Verdict.CONTRADICTED : all ? Verdict.CONFIRMED : Verdict.OPEN;
    String here = text("%s points; ", percent(mean(own))) + String.join(", ", beside);
    trends.add(List.of(kind.what, claim, claimed.get(), here, verdict.text));
    numbers.put(kind.what + " loss of " + claimed.get() + " less that of", values);
    findings.add(
        text(
            "%s removal: the paper says %s; here %s loses %s: %s.",
            kind == Removal.NODE ? "Node" : "Edge", claim, claimed.get(), here, verdict.text));
  }

  // Losses by degree and by stage

  /** Per degree the mean losses of the networks that have such a removal, in points. */
  private Map<Integer, double[]> bins(String family, Removal kind) {
    Map<Integer, List<Double>> bins = new TreeMap<>();
    for (Network network : byFamily.get(family)) {
      network.of(kind).stream()
          .collect(Collectors.groupingBy(Loss::degree, Collectors.averagingDouble(Loss::loss)))
          .forEach(
              (degree, loss) ->
                  bins.computeIfAbsent(degree, d -> new ArrayList<>()).add(100 * loss));
    }
    Map<Integer, double[]> means = new TreeMap<>();
    bins.forEach((degree, losses) -> means.put(degree, ComparisonCharts.numbers(losses)));
    return means;
  }

  private Chart chart(Removal kind) {
    List<Series> series = new ArrayList<>();
    List<Double> shown = new ArrayList<>();
    List<Double> degrees = new ArrayList<>();
    for (int i = 0; i < families.size(); i++) {
      Map<Integer, double[]> bins = bins(families.get(i), kind);
      double[] x = bins.keySet().stream().mapToDouble(Integer::doubleValue).toArray();
      MeanInterval[] y =
          bins.values().stream().map(DamageStudy::interval).toArray(MeanInterval[]::new);
      double[] low = Arrays.stream(y).mapToDouble(m -> m.mean() - spread(m)).toArray();
      double[] high = Arrays.stream(y).mapToDouble(m -> m.mean() + spread(m)).toArray();
      double[] means = Arrays.stream(y).mapToDouble(MeanInterval::mean).toArray();
      series.add(Series.of(families.get(i), i, Shape.LINE, x, means).withBand(low, high));
      Arrays.stream(low).forEach(shown::add);
      Arrays.stream(high).forEach(shown::add);
      Arrays.stream(x).forEach(degrees::add);
    }
    return new Chart(
        "damage-" + kind.what + "s",
        "Accuracy lost when one " + kind.what + " is removed",
        "Mean over networks of each network's mean; the band is one standard deviation over networks either way."
            + (kind == Removal.NODE ? " A node of out-degree 0 feeds the stage's output." : ""),
        Chart.axis(kind.degree, Scale.LINEAR, ComparisonCharts.numbers(degrees)),
        Chart.axis("accuracy lost, points", Scale.LINEAR, ComparisonCharts.numbers(shown)),
        series);
  }

  private static double spread(MeanInterval mean) {
    return mean.count() == 1 ? 0 : mean.deviation();
  }

  private Study.Table byDegree(Removal kind) {
    List<Map<Integer, double[]>> bins = families.stream().map(f -> bins(f, kind)).toList();
    int[] degrees =
        bins.stream()
            .flatMap(b -> b.keySet().stream())
            .mapToInt(d -> d)
            .distinct()
            .sorted()
            .toArray();
    List<List<String>> rows = new ArrayList<>();
    for (int degree : degrees) {
      List<String> row = new ArrayList<>(List.of(Integer.toString(degree)));
      for (int i = 0; i < families.size(); i++) {
        row.add(cell(bins.get(i).get(degree)));
        row.add(Long.toString(count(families.get(i), kind, degree)));
      }
      rows.add(row);
    }
    List<String> columns = new ArrayList<>(List.of("degree"));
    families.forEach(family -> columns.addAll(List.of(family, "removals")));
    return new Study.Table(
        "Accuracy lost in points by "
            + kind.degree
            + ": mean and standard deviation over networks.",
        1,
        columns,
        rows);
  }

  private long count(String family, Removal kind, int degree) {
    return byFamily.get(family).stream()
        .flatMap(n -> n.of(kind).stream())
        .filter(l -> l.degree() == degree)
        .count();
  }

  private static String cell(double @org.jspecify.annotations.Nullable [] points) {
    if (points == null) {
      return "-";
    }
    MeanInterval mean = interval(points);
    return mean.count() == 1
        ? text("%.2f", mean.mean())
        : text("%.2f ± %.2f", mean.mean(), mean.deviation());
  }

  private Study.Table byStage() {
    List<List<String>> rows = new ArrayList<>();
    for (Removal kind : Removal.values()) {
      int stages =
          byFamily.values().stream()
              .flatMap(List::stream)
              .flatMap(n -> n.of(kind).stream())
              .mapToInt(Loss::stage)
              .max()
              .orElse(0);
      for (int stage = 1; stage <= stages; stage++) {
        List<String> row = new ArrayList<>(List.of(kind.what + ", stage " + stage));
        for (String family : families) {
          int wanted = stage;
          double[] points =
              byFamily.get(family).stream()
                  .mapToDouble(
                      n ->
                          100
                              * n.of(kind).stream()
                                  .filter(l -> l.stage() == wanted)
                                  .mapToDouble(Loss::loss)
                                  .average()
                                  .orElse(Double.NaN))
                  .filter(Double::isFinite)
                  .toArray();
          row.add(cell(points.length == 0 ? null : points));
        }
        rows.add(row);
      }
    }
    List<String> columns = new ArrayList<>(List.of("removed"));
    columns.addAll(families);
    return new Study.Table(
        "Accuracy lost in points by stage: mean and standard deviation over networks.",
        1,
        columns,
        rows);
  }
}
