// SPDX-License-Identifier: Apache-2.0
package org.randwire.report;

import static org.randwire.report.ComparisonText.pValue;
import static org.randwire.report.ComparisonText.percent;
import static org.randwire.report.ComparisonText.statistic;
import static org.randwire.report.ComparisonText.text;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.randwire.population.Complexity;
import org.randwire.population.GeneratedSpace;
import org.randwire.population.GeneratedSpace.Size;
import org.randwire.population.Population;
import org.randwire.report.Chart.Axis;
import org.randwire.report.Chart.Scale;
import org.randwire.report.Chart.Series;
import org.randwire.report.Chart.Shape;
import org.randwire.statistics.ComplexityWeights;
import org.randwire.statistics.Edf;
import org.randwire.statistics.NormalizedComparison;
import org.randwire.statistics.PointStudy;
import org.randwire.statistics.Quantiles;
import org.randwire.statistics.RandomSearch;
import org.randwire.statistics.Sample;
import org.randwire.statistics.Subset;

/**
 * The experiments of "On Network Design Spaces for Visual Recognition" (Radosavovic et al. 2019)
 * with the settings of its notebooks, on populations of anybody's choice: the released sweeps where
 * somebody has them, generated ones whose truth is known otherwise.
 */
public final class Studies {

  /** Limits of the figures: ResNet-56 under the authors' counter. */
  private static final double MOST_PARAMS = 0.856e6;

  private static final double MOST_FLOPS = 0.129e9;

  private static final int BINS_OF_THE_RESNEXTS = 40;
  private static final int BINS_OF_THE_RESNETS = 10;
  private static final int BINS_OF_THE_CELLS = 20;
  private static final int PERMUTATIONS = 200;

  private static final List<String> RESNEXTS = List.of("ResNeXt-A", "ResNeXt-B");
  private static final List<String> CELLS = List.of("NASNet", "Amoeba", "PNAS", "ENAS", "DARTS");

  private final Function<String, Population> populations;
  private final Function<String, Optional<GeneratedSpace>> truths;
  private final long seed;

  /**
   * @param populations by the name of their space, such as {@code ResNeXt-A}
   * @param truths the spaces that were generated, by name; nothing for real ones
   * @param seed of every draw
   */
  public Studies(
      Function<String, Population> populations,
      Function<String, Optional<GeneratedSpace>> truths,
      long seed) {
    this.populations = populations;
    this.truths = truths;
    this.seed = seed;
  }

  private static Map<String, Function<Studies, Study>> all() {
    Map<String, Function<Studies, Study>> all = new LinkedHashMap<>();
    all.put("figure-2", Studies::figure2);
    all.put("figure-3", Studies::figure3);
    all.put("figure-4", Studies::figure4);
    all.put("figure-5", Studies::figure5);
    all.put("figure-6", Studies::figure6);
    all.put("figure-7", Studies::figure7);
    all.put("figure-9", s -> s.edfs("figure-9", "Cell spaces", CELLS));
    all.put("figure-10", Studies::figure10);
    all.put(
        "figure-11",
        s ->
            s.edfs(
                "figure-11",
                "Cell spaces and ResNeXts",
                List.of("NASNet", "DARTS", "ResNeXt-A", "ResNeXt-B")));
    all.put("figure-15", Studies::figure15);
    return all;
  }

  /** The names of all studies, in the order of the paper. */
  public static List<String> names() {
    return List.copyOf(all().keySet());
  }

  /**
   * Does one.
   *
   * @throws IllegalArgumentException if there is none of that name
   */
  public Study study(String name) {
    Function<Studies, Study> study = all().get(name);
    if (study == null) {
      throw new IllegalArgumentException("no study '" + name + "'; there are " + names());
    }
    return study.apply(this);
  }

  // Figure 2: comparing minima

  private Study figure2() {
    double[] errors = populations.apply("ResNet").errors();
    PointStudy study = PointStudy.of(errors, 100, 1000, 5000, seed);
    Quantiles differences = Quantiles.of(study.differences());
    Map<String, Object> numbers = new LinkedHashMap<>();
    numbers.put("largeWins", study.largeWins());
    numbers.put("smallWins", study.smallWins());
    numbers.put("medianDifference", differences.median());
    numbers.put("d", study.test().d());
    numbers.put("p", study.test().pGivenTies());
    List<String> findings =
        List.of(
            text(
                "B has 100 and M 1,000 models of one population, ResNet, drawn 5,000 times. M has the lower least error in %.1f %% of the draws, by %s points at the median, though there is nothing to find.",
                100 * study.largeWins(), percent(differences.median())),
            "The distributions of the first draw: D = %s, p = %s."
                .formatted(statistic(study.test().d()), pValue(study.test().pGivenTies())));
    return new Study(
        "figure-2",
        "Figure 2: comparing best models",
        findings,
        List.of(),
        numbers,
        List.of(
            differences(study),
            ComparisonCharts.edfChart(
                "figure-2-edf",
                "Distributions of one draw of B and M",
                List.of("B, 100 models", "M, 1,000 models"),
                List.of(Sample.of(study.small()), Sample.of(study.large())))));
  }

  private static Chart differences(PointStudy study) {
    double[] points = Arrays.stream(study.differences()).map(d -> 100 * d).toArray();
    Axis axis = Chart.axis("least error of B less that of M, points", Scale.LINEAR, points);
    int bins = 40;
    double[] edges = new double[bins + 1];
    double[] share = new double[bins + 1];
    Arrays.setAll(edges, i -> axis.at(i / (double) bins));
    for (double point : points) {
      share[(int) Math.min(bins - 1, axis.place(point) * bins)] += 100.0 / points.length;
    }
    double highest = Arrays.stream(share).max().orElseThrow();
    return new Chart(
        "figure-2-differences",
        "Least error of B less least error of M",
        "5,000 draws without replacement; right of zero M has the lower error.",
        axis,
        new Axis("draws, %", Scale.LINEAR, 0, highest * 1.06),
        List.of(Series.of("draws", 0, Shape.BINS, edges, share)));
  }

  // Distribution functions at equal complexity

  private Study figure3() {
    List<Population> small =
        load(RESNEXTS).stream()
            .map(p -> p.within(Complexity.PARAMS, 0, MOST_PARAMS))
            .map(p -> p.within(Complexity.FLOPS, 0, MOST_FLOPS))
            .toList();
    Results results = new Results("figure-3", "Figure 3: normalising for complexity");
    List<Sample> plain = small.stream().map(p -> Sample.of(p.errors())).toList();
    results.charts.add(
        ComparisonCharts.edfChart("figure-3-plain", "Not normalised", RESNEXTS, plain));
    Edf.Gap gap = plain.get(0).edf().gap(plain.get(1).edf());
    results.numbers.put("plainD", gap.d());
    results.findings.add("Not normalised: D = " + statistic(gap.d()) + ".");
    Range params = new Range(Complexity.PARAMS, 0.02e6, MOST_PARAMS, BINS_OF_THE_RESNEXTS);
    Range flops = new Range(Complexity.FLOPS, 0.008e9, MOST_FLOPS, BINS_OF_THE_RESNEXTS);
    normalised(results, RESNEXTS, params);
    normalised(results, RESNEXTS, flops);
    return results.study();
  }

  private Study edfs(String name, String title, List<String> spaces) {
    Results results =
        new Results(name, "Figure " + name.substring(7) + ": " + title + " at equal complexity");
    cellRanges().forEach(range -> normalised(results, spaces, range));
    return results.study();
  }

  private static List<Range> cellRanges() {
    return List.of(
        new Range(Complexity.PARAMS, 0.154e6, MOST_PARAMS, BINS_OF_THE_CELLS),
        new Range(Complexity.FLOPS, 0.027e9, MOST_FLOPS, BINS_OF_THE_CELLS));
  }

  private List<Population> load(List<String> spaces) {
    return spaces.stream().map(populations).toList();
  }

  private static Sample normalised(Population population, Range range) {
    return Sample.normalised(population.errors(), range.weights(population));
  }

  /** Adds the normalised functions of some spaces, their order, and how near the truth they are. */
  private void normalised(Results results, List<String> spaces, Range range) {
    List<Population> loaded = load(spaces);
    List<Sample> samples = loaded.stream().map(p -> normalised(p, range)).toList();
    String by = range.measure().key();
    results.charts.add(
        ComparisonCharts.edfChart(
            results.name + "-" + by, "At equal " + range.measure().label(), spaces, samples));
    List<Integer> order =
        IntStream.range(0, spaces.size())
            .boxed()
            .sorted((a, b) -> Double.compare(median(samples.get(a)), median(samples.get(b))))
            .toList();
    List<String> medians =
        order.stream().map(i -> spaces.get(i) + " " + percent(median(samples.get(i)))).toList();
    results.findings.add(
        "At equal %s, %d bins, median errors in percent: %s."
            .formatted(range.measure().label(), range.bins(), String.join(", ", medians)));
    Map<String, Object> numbers = new LinkedHashMap<>();
    for (int i = 0; i < spaces.size(); i++) {
      numbers.put(spaces.get(i), median(samples.get(i)));
    }
    if (samples.size() == 2) {
      NormalizedComparison pair =
          NormalizedComparison.of(samples.get(0), samples.get(1), PERMUTATIONS, seed);
      numbers.put("d", pair.gap().d());
      numbers.put("p", pair.permutationP());
      results.findings.add(
          "%s and %s: D = %s, p = %s by %d permutations within bins."
              .formatted(
                  spaces.get(0),
                  spaces.get(1),
                  statistic(pair.gap().d()),
                  pValue(pair.permutationP()),
                  PERMUTATIONS));
    }
    truth(results, loaded, samples, range, numbers);
    results.numbers.put(by, numbers);
  }

  private static double median(Sample sample) {
    return sample.edf().quantile(0.5);
  }

  /** Where spaces are generated: the largest distance of an estimate from what it estimates. */
  private void truth(
      Results results,
      List<Population> loaded,
      List<Sample> samples,
      Range range,
      Map<String, Object> numbers) {
    double worst = 0;
    for (int i = 0; i < samples.size(); i++) {
      Optional<GeneratedSpace> space = truths.apply(loaded.get(i).name());
      if (space.isEmpty()) {
        return;
      }
      worst = Math.max(worst, distance(space.get(), loaded.get(i), samples.get(i), range));
    }
    numbers.put("distanceFromTruth", worst);
    results.findings.add(
        "No estimate is farther from the known truth than D = " + statistic(worst) + ".");
  }

  private static double distance(
      GeneratedSpace space, Population population, Sample sample, Range range) {
    ComplexityWeights weights = range.weights(population);
    double[] params = population.complexities(Complexity.PARAMS);
    double[] flops = population.complexities(Complexity.FLOPS);
    int[] kept = weights.kept();
    double[] share = weights.weights();
    double worst = 0;
    for (int k = 1; k < 50; k++) {
      double error = sample.edf().quantile(k / 50.0);
      double truth = 0;
      for (int i = 0; i < kept.length; i++) {
        truth += share[i] * space.chanceBelow(error, new Size(params[kept[i]], flops[kept[i]]));
      }
      worst = Math.max(worst, Math.abs(truth - sample.edf().inclusive(error)));
    }
    return worst;
  }

  // Figures 4, 5 and 15: error and number of models over complexity

  private static Axis axis(Complexity measure) {
    return new Axis(measure.label(), Scale.LINEAR, 0, most(measure));
  }

  private static double most(Complexity measure) {
    return measure == Complexity.PARAMS ? MOST_PARAMS : MOST_FLOPS;
  }

  private List<Population> within(List<String> spaces, Complexity measure) {
    return load(spaces).stream().map(p -> p.within(measure, 0, most(measure))).toList();
  }

  private Study figure4() {
    Results results = new Results("figure-4", "Figure 4: error against complexity");
    for (Complexity measure : Complexity.values()) {
      List<Population> inside = within(RESNEXTS, measure);
      results.add(ComplexityCharts.scatter(inside, measure, axis(measure), seed));
      for (Population population : inside) {
        double[] sizes = population.complexities(measure);
        double share = largestShare(population.errors(), sizes, most(measure) / 2);
        results.numbers.put(population.name() + " " + measure.key(), share);
        results.findings.add(
            text(
                "Of the best 1 %% of %s, %.0f %% have more than half of the limit of %s.",
                population.name(), 100 * share, measure.label()));
      }
    }
    return results.study();
  }

  /** Of the best hundredth of the models, the share above a size. */
  private static double largestShare(double[] errors, double[] sizes, double above) {
    int[] best =
        IntStream.range(0, errors.length)
            .boxed()
            .sorted((a, b) -> Double.compare(errors[a], errors[b]))
            .limit(Math.max(1, errors.length / 100))
            .mapToInt(Integer::intValue)
            .toArray();
    return IntStream.of(best).filter(i -> sizes[i] > above).count() / (double) best.length;
  }

  private Study figure5() {
    Results results = new Results("figure-5", "Figure 5: distributions of complexity");
    for (Complexity measure : Complexity.values()) {
      List<Population> inside = within(RESNEXTS, measure);
      results.add(ComplexityCharts.histogram(inside, measure, axis(measure)));
      for (Population population : inside) {
        double median = Quantiles.of(population.complexities(measure)).median();
        results.numbers.put(population.name() + " " + measure.key(), median);
        results.findings.add(
            "Half of %s have at most %s %s."
                .formatted(
                    population.name(),
                    Ticks.compact(Math.rint(median / 1000) * 1000),
                    measure.label()));
      }
    }
    return results.study();
  }

  private Study figure15() {
    Results results = new Results("figure-15", "Figure 15: error by complexity");
    for (Complexity measure : Complexity.values()) {
      List<Population> inside = within(RESNEXTS, measure);
      ComplexityCharts.buckets(inside, measure, axis(measure))
          .ifPresent(
              chart -> {
                results.add(chart);
                double[] first = chart.series().get(0).y();
                double[] second = chart.series().get(1).y();
                int both = Math.min(first.length, second.length);
                long ahead = IntStream.range(0, both).filter(i -> second[i] < first[i]).count();
                results.numbers.put(measure.key(), ahead);
                results.findings.add(
                    "By %s, ResNeXt-B has the lower mean error in %d of %d buckets."
                        .formatted(measure.label(), ahead, both));
              });
    }
    return results.study();
  }

  // Figures 6, 7 and 10: random search and numbers of models

  private Study figure6() {
    List<String> spaces = List.of("Vanilla", "ResNet");
    Range range = new Range(Complexity.PARAMS, 0.024e6, MOST_PARAMS, BINS_OF_THE_RESNETS);
    Results results = new Results("figure-6", "Figure 6: finding good models");
    normalised(results, spaces, range);
    for (String space : spaces) {
      double share = normalised(populations.apply(space), range).edf().strict(0.08);
      results.numbers.put(space + " below 8 %", share);
      results.findings.add(text("%.0f %% of %s have an error below 8 %%.", 100 * share, space));
    }
    search(results, spaces, range, 1 << 12);
    return results.study();
  }

  private Study figure10() {
    Results results = new Results("figure-10", "Figure 10: random search over cell spaces");
    cellRanges().forEach(range -> search(results, CELLS, range, 1 << 9));
    return results.study();
  }

  private void search(Results results, List<String> spaces, Range range, int most) {
    List<Sample> samples = load(spaces).stream().map(p -> normalised(p, range)).toList();
    Chart chart =
        ComparisonCharts.searchChart(
            "Random search at equal " + range.measure().label(), spaces, samples, most, seed);
    results.charts.add(
        new Chart(
            results.name + "-search-" + range.measure().key(),
            chart.title(),
            chart.caption(),
            chart.x(),
            chart.y(),
            chart.series()));
    List<String> best = new ArrayList<>();
    Map<String, Object> numbers = new LinkedHashMap<>();
    for (int i = 0; i < spaces.size(); i++) {
      double mean = RandomSearch.expected(samples.get(i), most).mean();
      numbers.put(spaces.get(i), mean);
      best.add(spaces.get(i) + " " + percent(mean));
    }
    results.numbers.put("bestOf" + most + " " + range.measure().key(), numbers);
    results.findings.add(
        text(
            "At equal %s, expected best of %,d in percent: %s.",
            range.measure().label(), most, String.join(", ", best)));
  }

  private Study figure7() {
    double[] errors = populations.apply("ResNet").errors();
    Results results = new Results("figure-7", "Figure 7: how many models are enough");
    List<String> names = new ArrayList<>();
    List<Sample> samples = new ArrayList<>();
    for (int size = 10; size <= Math.min(10_000, errors.length); size *= 10) {
      int[] drawn = Subset.of(errors.length, size, seed);
      names.add(text("%,d models", size));
      samples.add(Sample.of(IntStream.of(drawn).mapToDouble(i -> errors[i]).toArray()));
    }
    results.charts.add(
        ComparisonCharts.edfChart(
            "figure-7-edf", "ResNet, as more models are drawn", names, samples));
    int reference = Math.min(1 << 14, Integer.highestOneBit(errors.length));
    Series curve = ComparisonCharts.sampleSize("ResNet", 0, errors, reference, seed);
    results.add(ComparisonCharts.sampleSizeChart(List.of(curve), reference));
    double[] models = curve.x();
    double[] distances = curve.y();
    for (int i = 0; i < models.length; i++) {
      results.numbers.put("d" + Math.round(models[i]), distances[i]);
      if (models[i] == 128 || models[i] == 1024) {
        results.findings.add(
            text(
                "%,.0f models are D = %s away from %,d on average.",
                models[i], statistic(distances[i]), reference));
      }
    }
    return results.study();
  }

  /** A study in the making. */
  private static final class Results {
    private final String name;
    private final String title;
    private final List<String> findings = new ArrayList<>();
    private final Map<String, Object> numbers = new LinkedHashMap<>();
    private final List<Chart> charts = new ArrayList<>();

    Results(String name, String title) {
      this.name = name;
      this.title = title;
    }

    /** Adds a chart whose id says which study it belongs to. */
    void add(Chart chart) {
      charts.add(
          new Chart(
              name + "-" + chart.id(),
              chart.title(),
              chart.caption(),
              chart.x(),
              chart.y(),
              chart.series()));
    }

    Study study() {
      return new Study(name, title, findings, List.of(), numbers, charts);
    }
  }
}
