// SPDX-License-Identifier: Apache-2.0
package org.randwire.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.randwire.population.Population;
import org.randwire.population.RunRecord;
import org.randwire.statistics.Bootstrap;
import org.randwire.statistics.KolmogorovSmirnov;
import org.randwire.statistics.MannWhitney;
import org.randwire.statistics.NormalizedComparison;
import org.randwire.statistics.PowerPlan;
import org.randwire.statistics.RandomSearch;
import org.randwire.statistics.Sample;

/**
 * Everything there is to say about populations beside each other: each on its own, and all pairs.
 *
 * @param settings it was made with
 * @param range the normalisation, if there is one
 * @param members one per population, in the order given
 * @param pairs all, in the order (1, 2), (1, 3), .., (2, 3), ..
 */
public record Comparison(
    ComparisonSettings settings, Optional<Range> range, List<Member> members, List<Pair> pairs) {

  /** Fewer models with an error than this tell nothing about a distribution. */
  static final int FEWEST_MODELS = 2;

  /** The power the number of needed models is given for. */
  static final double POWER = 0.8;

  /** Points at which the bands of a distribution function are drawn. */
  private static final int GRID = 160;

  /**
   * One population.
   *
   * @param population as read
   * @param sample errors of the finished runs
   * @param normalised the same at uniform complexity; null without a normalisation
   * @param last errors after the last epoch; null where not every run has one
   * @param grid errors at which the bands of the distribution functions are
   * @param searched numbers of draws of the random search, powers of two
   * @param bands of the sample: its function at the grid, its median, its random search
   * @param normalisedBands of the normalised sample; null without
   */
  public record Member(
      Population population,
      Sample sample,
      @Nullable Sample normalised,
      @Nullable Sample last,
      double[] grid,
      int[] searched,
      Bootstrap.Bands bands,
      Bootstrap.@Nullable Bands normalisedBands) {

    public Member {
      grid = grid.clone();
      searched = searched.clone();
    }

    @Override
    public double[] grid() {
      return grid.clone();
    }

    @Override
    public int[] searched() {
      return searched.clone();
    }

    public String name() {
      return population.name();
    }

    /** The expected best of m draws, from the normalised sample where there is one. */
    RandomSearch.Best best(int m) {
      return RandomSearch.expected(normalised == null ? sample : normalised, m);
    }

    Bootstrap.Bands searchBands() {
      return normalisedBands == null ? bands : normalisedBands;
    }
  }

  /**
   * Two populations.
   *
   * @param a index of the first
   * @param b index of the second
   * @param test of the finished runs
   * @param adjusted p-value given ties, corrected for the number of pairs
   * @param ranks Mann-Whitney and Cliff's delta
   * @param normalised at equal complexity; null without a normalisation
   * @param normalisedAdjusted its permutation p-value, corrected; NaN without
   * @param withFailures where failed runs count as error 1; null if none failed
   * @param failuresAdjusted its p-value given ties, corrected; NaN if none failed
   * @param last of the errors after the last epoch; null where not all are known
   * @param needed models of each that see a gap as large as this one, at 80 % power
   */
  public record Pair(
      int a,
      int b,
      KolmogorovSmirnov.Result test,
      double adjusted,
      MannWhitney ranks,
      @Nullable NormalizedComparison normalised,
      double normalisedAdjusted,
      KolmogorovSmirnov.@Nullable Result withFailures,
      double failuresAdjusted,
      KolmogorovSmirnov.@Nullable Result last,
      OptionalInt needed) {}

  public Comparison {
    members = List.copyOf(members);
    pairs = List.copyOf(pairs);
  }

  /**
   * Compares.
   *
   * @param populations at least two, with at least two finished runs each
   * @throws UnusablePopulationException if there are too few models, or a bin is empty
   */
  public static Comparison of(List<Population> populations, ComparisonSettings settings) {
    if (populations.size() < 2) {
      throw new UnusablePopulationException(
          populations.get(0).name() + ": one population alone; a comparison needs two");
    }
    for (Population population : populations) {
      requireModels(population);
    }
    Optional<Range> range = Range.of(populations, settings.normalisation());
    double[] grid = grid(populations);
    List<Member> members =
        populations.stream().map(p -> member(p, range.orElse(null), grid, settings)).toList();
    return new Comparison(settings, range, members, pairs(members, settings));
  }

  private static void requireModels(Population population) {
    int finished = population.errors().length;
    if (finished < FEWEST_MODELS) {
      int failed = population.runs().size() - finished;
      throw new UnusablePopulationException(
          "%s (%s): %s with an error%s; a comparison needs at least %d"
              .formatted(
                  population.name(),
                  population.source(),
                  finished == 1 ? "only 1 model" : "no model",
                  failed == 0 ? "" : " and " + failed + " failed",
                  FEWEST_MODELS));
    }
  }

  private static double[] grid(List<Population> populations) {
    double[] all =
        populations.stream().flatMapToDouble(p -> Arrays.stream(p.errors())).sorted().toArray();
    double low = all[0];
    double high = all[all.length - 1];
    // Half the points evenly over the range, half over the ranks: where the curves are steep.
    return IntStream.range(0, GRID)
        .mapToDouble(
            i ->
                i % 2 == 0
                    ? low + (high - low) * i / (GRID - 2)
                    : all[(int) ((all.length - 1L) * i / (GRID - 1))])
        .sorted()
        .distinct()
        .toArray();
  }

  private static Member member(
      Population population, @Nullable Range range, double[] grid, ComparisonSettings settings) {
    double[] errors = population.errors();
    Sample sample = Sample.of(errors);
    Sample normalised = range == null ? null : Sample.normalised(errors, range.weights(population));
    Sample last =
        population.hasLastErrors()
            ? Sample.of(population.finished().stream().mapToDouble(RunRecord::lastError).toArray())
            : null;
    int[] searched =
        RandomSearch.powersOfTwo(normalised == null ? sample.size() : normalised.size());
    Bootstrap bootstrap = new Bootstrap(settings.draws(), settings.confidence(), settings.seed());
    double[] median = {0.5};
    return new Member(
        population,
        sample,
        normalised,
        last,
        grid,
        searched,
        bootstrap.bands(sample, grid, median, searched),
        normalised == null ? null : bootstrap.bands(normalised, grid, median, searched));
  }

  private static List<Pair> pairs(List<Member> members, ComparisonSettings settings) {
    List<Pair> raw = new ArrayList<>();
    for (int a = 0; a < members.size(); a++) {
      for (int b = a + 1; b < members.size(); b++) {
        raw.add(pair(members, a, b, settings));
      }
    }
    double[] adjusted = adjust(raw, p -> p.test().pGivenTies(), settings);
    double[] normalised =
        adjust(
            raw,
            p -> p.normalised() == null ? Double.NaN : p.normalised().permutationP(),
            settings);
    double[] failures =
        adjust(
            raw,
            p -> (p.withFailures() == null ? p.test() : p.withFailures()).pGivenTies(),
            settings);
    List<Pair> pairs = new ArrayList<>();
    for (int i = 0; i < raw.size(); i++) {
      Pair p = raw.get(i);
      pairs.add(
          new Pair(
              p.a(),
              p.b(),
              p.test(),
              adjusted[i],
              p.ranks(),
              p.normalised(),
              normalised[i],
              p.withFailures(),
              p.withFailures() == null ? Double.NaN : failures[i],
              p.last(),
              p.needed()));
    }
    return pairs;
  }

  /** Corrected p-values of all pairs, or NaN if one pair has none. */
  private static double[] adjust(
      List<Pair> pairs, ToDoubleFunction<Pair> pValue, ComparisonSettings settings) {
    double[] p = pairs.stream().mapToDouble(pValue).toArray();
    if (Arrays.stream(p).anyMatch(Double::isNaN)) {
      Arrays.fill(p, Double.NaN);
      return p;
    }
    return settings.correction().of(p);
  }

  private static Pair pair(List<Member> members, int a, int b, ComparisonSettings settings) {
    Member first = members.get(a);
    Member second = members.get(b);
    KolmogorovSmirnov test =
        KolmogorovSmirnov.withDefaults().withPermutations(settings.draws(), settings.seed());
    double[] x = first.sample().values();
    double[] y = second.sample().values();
    KolmogorovSmirnov.Result result = test.test(x, y);
    boolean failed =
        !first.population().failures().isEmpty() || !second.population().failures().isEmpty();
    Sample firstNormalised = first.normalised();
    Sample secondNormalised = second.normalised();
    Sample firstLast = first.last();
    Sample secondLast = second.last();
    double d = result.d();
    return new Pair(
        a,
        b,
        result,
        Double.NaN,
        MannWhitney.of(x, y),
        firstNormalised == null || secondNormalised == null
            ? null
            : NormalizedComparison.of(
                firstNormalised, secondNormalised, settings.draws(), settings.seed()),
        Double.NaN,
        failed
            ? test.test(
                first.population().errorsWithFailures(), second.population().errorsWithFailures())
            : null,
        Double.NaN,
        firstLast == null || secondLast == null
            ? null
            : test.test(firstLast.values(), secondLast.values()),
        d > 0 && d < 1
            ? new PowerPlan(settings.alpha(), POWER).guaranteed(d)
            : OptionalInt.empty());
  }

  /** Whether a corrected p-value is a finding at the level of the settings. */
  boolean isFinding(double adjusted) {
    return adjusted <= settings.alpha();
  }
}
