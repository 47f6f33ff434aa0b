// SPDX-License-Identifier: Apache-2.0
package org.randwire.report;

import static org.randwire.report.ComparisonText.text;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.IntStream;
import org.randwire.population.Complexity;
import org.randwire.population.Population;
import org.randwire.population.RunRecord;
import org.randwire.report.Chart.Axis;
import org.randwire.report.Chart.Scale;
import org.randwire.report.Chart.Series;
import org.randwire.report.Chart.Shape;
import org.randwire.statistics.Sample;
import org.randwire.statistics.Subset;

/** Charts of how large the models of populations are, and what that does to their error. */
final class ComplexityCharts {

  /** Points per population of a scatter plot, as in figure 4 of the paper. */
  static final int SCATTER_POINTS = 6000;

  /** Bins of a histogram of complexity, as in figure 5. */
  static final int HISTOGRAM_BINS = 36;

  /** Buckets of a curve of error over complexity, as in figure 15. */
  static final int BUCKETS = 20;

  /** A logarithmic axis where the largest number is that many times the smallest. */
  private static final double LOGARITHMIC_FROM = 20;

  private ComplexityCharts() {}

  private static Axis complexityAxis(List<Population> populations, Complexity measure) {
    double[] all =
        populations.stream().flatMapToDouble(p -> Arrays.stream(p.complexities(measure))).toArray();
    double low = Arrays.stream(all).min().orElseThrow();
    double high = Arrays.stream(all).max().orElseThrow();
    return Chart.axis(
        measure.label(), high >= LOGARITHMIC_FROM * low ? Scale.LOG10 : Scale.LINEAR, low, high);
  }

  static Chart scatter(List<Population> populations, Complexity measure, long seed) {
    return scatter(populations, measure, complexityAxis(populations, measure), seed);
  }

  static Chart scatter(List<Population> populations, Complexity measure, Axis axis, long seed) {
    List<Series> series = new ArrayList<>();
    List<Double> tails = new ArrayList<>();
    for (int i = 0; i < populations.size(); i++) {
      Population population = populations.get(i);
      List<RunRecord> finished = population.finished();
      double[] size = population.complexities(measure);
      int[] drawn = Subset.of(finished.size(), SCATTER_POINTS, seed);
      series.add(
          Series.of(
                  population.name(),
                  i,
                  Shape.POINTS,
                  IntStream.of(drawn).mapToDouble(k -> size[k]).toArray(),
                  IntStream.of(drawn)
                      .mapToDouble(k -> ComparisonCharts.percent(finished.get(k).error()))
                      .toArray())
              .withLabels(
                  IntStream.of(drawn).mapToObj(k -> label(population, finished.get(k))).toList()));
      Sample sample = Sample.of(population.errors());
      tails.add(ComparisonCharts.percent(sample.min()));
      tails.add(ComparisonCharts.percent(sample.edf().quantile(0.995)));
    }
    return new Chart(
        "error-" + measure.key(),
        "Error against " + measure.label(),
        text(
            "One point per model, at most %,d per population; the worst 0.5 %% lie off the axis.",
            SCATTER_POINTS),
        axis,
        Chart.axis("error, %", Scale.LINEAR, ComparisonCharts.numbers(tails)),
        series);
  }

  private static String label(Population population, RunRecord run) {
    return String.format(
        Locale.ROOT,
        "%s, %.2f %%, %s",
        run.name(),
        ComparisonCharts.percent(run.error()),
        population.place(run));
  }

  static Chart histogram(List<Population> populations, Complexity measure) {
    return histogram(populations, measure, complexityAxis(populations, measure));
  }

  static Chart histogram(List<Population> populations, Complexity measure, Axis axis) {
    double[] edges = new double[HISTOGRAM_BINS + 1];
    Arrays.setAll(edges, i -> axis.at(i / (double) HISTOGRAM_BINS));
    List<Series> series = new ArrayList<>();
    double highest = 0;
    for (int i = 0; i < populations.size(); i++) {
      double[] share = new double[HISTOGRAM_BINS + 1];
      double[] sizes = populations.get(i).complexities(measure);
      for (double size : sizes) {
        int bin = (int) Math.min(HISTOGRAM_BINS - 1, axis.place(size) * HISTOGRAM_BINS);
        share[bin] += 100.0 / sizes.length;
      }
      share[HISTOGRAM_BINS] = 0;
      highest = Math.max(highest, Arrays.stream(share).max().orElseThrow());
      series.add(Series.of(populations.get(i).name(), i, Shape.BINS, edges, share));
    }
    return new Chart(
        "histogram-" + measure.key(),
        "How large the models are, in " + measure.label(),
        "Share of the models of a population in each of %d bins.".formatted(HISTOGRAM_BINS),
        axis,
        new Axis("models, %", Scale.LINEAR, 0, highest * 1.06),
        series);
  }

  /** Mean error per bucket of complexity with two standard deviations either way. */
  static Optional<Chart> buckets(List<Population> populations, Complexity measure) {
    return buckets(populations, measure, complexityAxis(populations, measure));
  }

  static Optional<Chart> buckets(List<Population> populations, Complexity measure, Axis axis) {
    List<Series> series = new ArrayList<>();
    List<Double> shown = new ArrayList<>();
    for (int i = 0; i < populations.size(); i++) {
      Series one = buckets(populations.get(i), measure, i, axis);
      if (one.x().length == 0) {
        continue;
      }
      series.add(one);
      Arrays.stream(one.low()).forEach(shown::add);
      Arrays.stream(one.high()).forEach(shown::add);
    }
    if (series.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(
        new Chart(
            "buckets-" + measure.key(),
            "Mean error by " + measure.label(),
            "Mean error of the models in each of %d buckets along the axis, bands two standard"
                    .formatted(BUCKETS)
                + " deviations either way; a bucket of fewer than two models is left out.",
            axis,
            Chart.axis("error, %", Scale.LINEAR, ComparisonCharts.numbers(shown)),
            series));
  }

  private static Series buckets(Population population, Complexity measure, int colour, Axis axis) {
    double[] sizes = population.complexities(measure);
    double[] errors = population.errors();
    List<List<Double>> buckets = new ArrayList<>();
    IntStream.range(0, BUCKETS).forEach(b -> buckets.add(new ArrayList<>()));
    for (int i = 0; i < sizes.length; i++) {
      int bucket = (int) Math.min(BUCKETS - 1, axis.place(sizes[i]) * BUCKETS);
      buckets.get(bucket).add(ComparisonCharts.percent(errors[i]));
    }
    int[] full = IntStream.range(0, BUCKETS).filter(b -> buckets.get(b).size() > 1).toArray();
    double[][] curve = new double[4][full.length];
    for (int k = 0; k < full.length; k++) {
      double[] values = ComparisonCharts.numbers(buckets.get(full[k]));
      double mean = Arrays.stream(values).average().orElseThrow();
      double square = Arrays.stream(values).map(v -> (v - mean) * (v - mean)).sum();
      double deviation = Math.sqrt(square / values.length);
      curve[0][k] = axis.at((full[k] + 0.5) / BUCKETS);
      curve[1][k] = mean;
      curve[2][k] = mean - 2 * deviation;
      curve[3][k] = mean + 2 * deviation;
    }
    return Series.of(population.name(), colour, Shape.LINE, curve[0], curve[1])
        .withBand(curve[2], curve[3]);
  }
}
