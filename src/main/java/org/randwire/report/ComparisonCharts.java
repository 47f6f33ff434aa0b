// SPDX-License-Identifier: Apache-2.0
package org.randwire.report;

import static org.randwire.report.ComparisonText.text;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.randwire.population.Complexity;
import org.randwire.population.Population;
import org.randwire.report.Chart.Axis;
import org.randwire.report.Chart.Scale;
import org.randwire.report.Chart.Series;
import org.randwire.report.Chart.Shape;
import org.randwire.report.Comparison.Member;
import org.randwire.statistics.Bootstrap;
import org.randwire.statistics.RandomSearch;
import org.randwire.statistics.Sample;
import org.randwire.statistics.SampleSizeStudy;

/** The charts of populations beside each other. */
public final class ComparisonCharts {

  /** Trials of the curve of sample sizes, as in figure 7. */
  static final int SIZE_TRIALS = 50;

  /** Of bands as wide as those of sample sizes, more cannot be told apart. */
  private static final int MOST_WIDE_BANDS = 2;

  private static final int LARGEST_REFERENCE = 1 << 14;

  /** More points than pixels only make the file larger. */
  private static final int CURVE_POINTS = 700;

  private ComparisonCharts() {}

  /** All charts the data allow, in the order of the page. */
  public static List<Chart> of(Comparison comparison) {
    List<Member> members = comparison.members();
    List<Chart> charts = new ArrayList<>();
    charts.add(edf("edf", "Distribution of errors", members, comparison.settings(), false));
    comparison
        .range()
        .ifPresent(
            range ->
                charts.add(
                    edf(
                        "edf-normalised",
                        "Distribution of errors at equal " + range.measure().label(),
                        members,
                        comparison.settings(),
                        true)));
    charts.add(randomSearch(comparison));
    charts.add(sampleSize(members, comparison.settings().seed()));
    for (Complexity measure : Complexity.values()) {
      List<Population> populations = members.stream().map(Member::population).toList();
      if (populations.stream().allMatch(p -> p.has(measure))) {
        charts.add(ComplexityCharts.scatter(populations, measure, comparison.settings().seed()));
        charts.add(ComplexityCharts.histogram(populations, measure));
        ComplexityCharts.buckets(populations, measure).ifPresent(charts::add);
      }
    }
    return charts;
  }

  static double percent(double fraction) {
    return 100 * fraction;
  }

  private static double[] percent(double[] fractions) {
    return Arrays.stream(fractions).map(ComparisonCharts::percent).toArray();
  }

  // Distribution functions

  private static Chart edf(
      String id,
      String title,
      List<Member> members,
      ComparisonSettings settings,
      boolean normalised) {
    Function<Member, Sample> sampleOf =
        member -> normalised && member.normalised() != null ? member.normalised() : member.sample();
    List<Series> series = new ArrayList<>();
    for (int i = 0; i < members.size(); i++) {
      Member member = members.get(i);
      Bootstrap.Bands bands =
          normalised && member.normalisedBands() != null
              ? member.normalisedBands()
              : member.bands();
      Sample sample = sampleOf.apply(member);
      series.add(function(member.name(), i, sample, member.grid(), bands.edf()));
    }
    double low = members.stream().mapToDouble(m -> sampleOf.apply(m).min()).min().orElseThrow();
    double high =
        members.stream()
            .mapToDouble(m -> sampleOf.apply(m).edf().quantile(0.995))
            .max()
            .orElseThrow();
    return new Chart(
        id,
        title,
        text(
                "Share of models with at most the error; bands hold %.0f %% of %,d bootstrap draws%s.",
                percent(settings.confidence()),
                settings.draws(),
                normalised ? " within complexity bins" : "")
            + " Errors above the 99.5 % quantile lie off the axis.",
        Chart.axis("error, %", Scale.LINEAR, percent(low), percent(high)),
        new Axis("models with at most this error, %", Scale.LINEAR, 0, 100),
        series);
  }

  private static Series function(
      String name, int colour, Sample sample, double[] grid, Bootstrap.Band band) {
    double[] places = sample.size() <= CURVE_POINTS ? distinct(sample) : grid;
    double[] x = merged(places, grid);
    double[] y = Arrays.stream(x).map(e -> percent(sample.edf().inclusive(e))).toArray();
    double[] low = new double[x.length];
    double[] high = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      int at = Arrays.binarySearch(grid, x[i]);
      int left = at >= 0 ? at : -at - 2;
      low[i] = left < 0 ? 0 : percent(band.low()[left]);
      high[i] = left < 0 ? 0 : percent(band.high()[left]);
    }
    return Series.of(name, colour, Shape.STEP, percent(x), y).withBand(low, high);
  }

  private static double[] distinct(Sample sample) {
    return Arrays.stream(sample.values()).distinct().toArray();
  }

  private static double[] merged(double[] a, double[] b) {
    return IntStream.range(0, a.length + b.length)
        .mapToDouble(i -> i < a.length ? a[i] : b[i - a.length])
        .sorted()
        .distinct()
        .toArray();
  }

  // Random search and sample size

  private static Chart randomSearch(Comparison comparison) {
    List<Series> series = new ArrayList<>();
    List<Double> shown = new ArrayList<>();
    int most = 1;
    for (int i = 0; i < comparison.members().size(); i++) {
      Member member = comparison.members().get(i);
      double[] m = Arrays.stream(member.searched()).asDoubleStream().toArray();
      double[] best =
          IntStream.of(member.searched())
              .mapToDouble(k -> percent(member.best(k).mean()))
              .toArray();
      double[] low = percent(member.searchBands().best().low());
      double[] high = percent(member.searchBands().best().high());
      series.add(Series.of(member.name(), i, Shape.LINE, m, best).withBand(low, high));
      Arrays.stream(low).forEach(shown::add);
      Arrays.stream(high).forEach(shown::add);
      most = Math.max(most, member.searched()[member.searched().length - 1]);
    }
    return new Chart(
        "random-search",
        "Best of m models drawn at random"
            + comparison.range().map(r -> ", equal " + r.measure().label()).orElse(""),
        "Expected lowest error of m draws with replacement, in closed form; bands are bootstrap"
            + " intervals of that expectation.",
        new Axis("m, models drawn", Scale.LOG2, 1, Math.max(2, most)),
        Chart.axis("expected lowest error, %", Scale.LINEAR, numbers(shown)),
        series);
  }

  static double[] numbers(List<Double> values) {
    return values.stream().mapToDouble(Double::doubleValue).toArray();
  }

  private static Chart sampleSize(List<Member> members, long seed) {
    List<Series> series = new ArrayList<>();
    int most = 2;
    for (int i = 0; i < members.size(); i++) {
      Member member = members.get(i);
      int reference = Math.min(LARGEST_REFERENCE, Integer.highestOneBit(member.sample().size()));
      Series curve = sampleSize(member.name(), i, member.sample().values(), reference, seed);
      series.add(
          members.size() > MOST_WIDE_BANDS ? curve.withBand(new double[0], new double[0]) : curve);
      most = Math.max(most, reference);
    }
    return sampleSizeChart(series, most);
  }

  static Series sampleSize(String name, int colour, double[] errors, int reference, long seed) {
    List<SampleSizeStudy.Point> points = SampleSizeStudy.of(errors, reference, SIZE_TRIALS, seed);
    return Series.of(
            name,
            colour,
            Shape.LINE,
            points.stream().mapToDouble(SampleSizeStudy.Point::models).toArray(),
            points.stream().mapToDouble(SampleSizeStudy.Point::meanD).toArray())
        .withBand(
            points.stream().mapToDouble(SampleSizeStudy.Point::lowD).toArray(),
            points.stream().mapToDouble(SampleSizeStudy.Point::highD).toArray());
  }

  static Chart sampleSizeChart(List<Series> series, int most) {
    return new Chart(
        "sample-size",
        "How many models describe a population",
        "Distance D between a fixed draw (the largest power of two there are models for, at most"
            + " 2^14) and smaller draws: mean of %d trials%s."
                .formatted(
                    SIZE_TRIALS,
                    series.stream().anyMatch(Series::hasBand) ? ", bands 95 % of them" : ""),
        new Axis("models", Scale.LOG2, 1, most),
        new Axis("distance D", Scale.LINEAR, 0, 1),
        series);
  }

  /** The random-search chart of samples alone, as the studies have it. */
  static Chart searchChart(
      String title, List<String> names, List<Sample> samples, int most, long seed) {
    List<Series> series = new ArrayList<>();
    List<Double> shown = new ArrayList<>();
    for (int i = 0; i < samples.size(); i++) {
      Sample sample = samples.get(i);
      int[] sizes = RandomSearch.powersOfTwo(Math.min(most, sample.size()));
      double[][] curve = new double[4][sizes.length];
      for (int k = 0; k < sizes.length; k++) {
        RandomSearch.Best best = RandomSearch.simulated(sample, sizes[k], seed);
        curve[0][k] = sizes[k];
        curve[1][k] = percent(best.mean());
        curve[2][k] = percent(best.mean() - 2 * best.deviation());
        curve[3][k] = percent(best.mean() + 2 * best.deviation());
      }
      Arrays.stream(curve[2]).forEach(shown::add);
      Arrays.stream(curve[3]).forEach(shown::add);
      series.add(
          Series.of(names.get(i), i, Shape.LINE, curve[0], curve[1]).withBand(curve[2], curve[3]));
    }
    return new Chart(
        "random-search",
        title,
        "The paper's simulation: floor(n / m) times the lowest error of m draws with the weights as"
            + " probabilities; mean and two standard deviations.",
        new Axis("m, models drawn", Scale.LOG2, 1, Math.max(2, most)),
        Chart.axis("lowest error, %", Scale.LINEAR, numbers(shown)),
        series);
  }

  /** Weighted distribution functions alone, as the studies have them. */
  static Chart edfChart(String id, String title, List<String> names, List<Sample> samples) {
    List<Series> series = new ArrayList<>();
    double low = samples.stream().mapToDouble(Sample::min).min().orElseThrow();
    double high = samples.stream().mapToDouble(s -> s.edf().quantile(0.99)).max().orElseThrow();
    double[] x =
        IntStream.rangeClosed(0, CURVE_POINTS)
            .mapToDouble(i -> low + (high - low) * i / CURVE_POINTS)
            .toArray();
    for (int i = 0; i < samples.size(); i++) {
      Sample sample = samples.get(i);
      double[] y = Arrays.stream(x).map(e -> percent(sample.edf().inclusive(e))).toArray();
      series.add(Series.of(names.get(i), i, Shape.STEP, percent(x), y));
    }
    return new Chart(
        id,
        title,
        "Share of models, by weight, with at most the error.",
        Chart.axis("error, %", Scale.LINEAR, percent(low), percent(high)),
        new Axis("models with at most this error, %", Scale.LINEAR, 0, 100),
        series);
  }
}
