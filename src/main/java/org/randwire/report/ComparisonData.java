// SPDX-License-Identifier: Apache-2.0
package org.randwire.report;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.randwire.report.Comparison.Member;
import org.randwire.report.Comparison.Pair;
import org.randwire.statistics.Edf;
import org.randwire.statistics.KolmogorovSmirnov;
import org.randwire.statistics.NormalizedComparison;
import org.randwire.statistics.RandomSearch;

/**
 * A comparison for programs: errors as fractions, p-values as numbers. With two populations their
 * pair is at the top level as well.
 */
public final class ComparisonData {

  private static final List<Double> QUANTILES = List.of(0.05, 0.25, 0.5, 0.75, 0.95);

  private final Comparison comparison;

  private ComparisonData(Comparison comparison) {
    this.comparison = comparison;
  }

  /** Maps, lists, strings, numbers and truth values; nothing else. */
  public static Map<String, Object> values(Comparison comparison) {
    return new ComparisonData(comparison).values();
  }

  private Map<String, Object> values() {
    Map<String, Object> values = new LinkedHashMap<>();
    List<Map<String, Object>> pairs = comparison.pairs().stream().map(this::pair).toList();
    if (pairs.size() == 1) {
      values.putAll(pairs.get(0));
    }
    values.put("findings", ComparisonText.findings(comparison));
    values.put("populations", comparison.members().stream().map(this::member).toList());
    values.put("comparisons", pairs);
    values.put("settings", settings());
    return values;
  }

  private Map<String, Object> settings() {
    ComparisonSettings settings = comparison.settings();
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("alpha", settings.alpha());
    values.put("correction", settings.correction().label());
    values.put("draws", settings.draws());
    values.put("confidence", settings.confidence());
    values.put("seed", settings.seed());
    Optional<Range> range = comparison.range();
    range.ifPresent(
        r -> {
          Map<String, Object> by = new LinkedHashMap<>();
          by.put("measure", r.measure().key());
          by.put("low", r.low());
          by.put("high", r.high());
          by.put("bins", r.bins());
          values.put("normalisation", by);
        });
    return values;
  }

  private Map<String, Object> member(Member member) {
    Edf edf = member.sample().edf();
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("name", member.name());
    values.put("source", member.population().source());
    values.put("models", member.population().runs().size());
    values.put("finished", member.sample().size());
    values.put("failures", member.population().failures());
    values.put("min", member.sample().min());
    values.put("mean", member.sample().mean());
    values.put("max", member.sample().max());
    Map<String, Object> quantiles = new LinkedHashMap<>();
    QUANTILES.forEach(q -> quantiles.put(q.toString(), edf.quantile(q)));
    values.put("quantiles", quantiles);
    values.put(
        "medianBand",
        List.of(member.bands().quantiles().low()[0], member.bands().quantiles().high()[0]));
    values.put("areaUpTo20Percent", edf.areaUpTo(ComparisonPage.AREA_UP_TO));
    if (member.normalised() != null) {
      Edf normalised = member.normalised().edf();
      Map<String, Object> equal = new LinkedHashMap<>();
      equal.put("models", member.normalised().size());
      equal.put("median", normalised.quantile(0.5));
      equal.put("areaUpTo20Percent", normalised.areaUpTo(ComparisonPage.AREA_UP_TO));
      values.put("normalised", equal);
    }
    if (member.last() != null) {
      Map<String, Object> last = new LinkedHashMap<>();
      last.put("min", member.last().min());
      last.put("median", member.last().edf().quantile(0.5));
      last.put("mean", member.last().mean());
      values.put("lastEpoch", last);
    }
    values.put("randomSearch", search(member));
    return values;
  }

  private static List<Map<String, Object>> search(Member member) {
    List<Map<String, Object>> values = new ArrayList<>();
    double[] low = member.searchBands().best().low();
    double[] high = member.searchBands().best().high();
    for (int i = 0; i < member.searched().length; i++) {
      RandomSearch.Best best = member.best(member.searched()[i]);
      Map<String, Object> value = new LinkedHashMap<>();
      value.put("m", best.m());
      value.put("mean", best.mean());
      value.put("deviation", best.deviation());
      value.put("low", low[i]);
      value.put("high", high[i]);
      values.add(value);
    }
    return values;
  }

  private Map<String, Object> pair(Pair pair) {
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("a", comparison.members().get(pair.a()).name());
    values.put("b", comparison.members().get(pair.b()).name());
    values.put("ks", test(pair.test(), pair.adjusted()));
    Map<String, Object> ranks = new LinkedHashMap<>();
    ranks.put("u", pair.ranks().u());
    ranks.put("p", pair.ranks().p());
    ranks.put("cliffsDelta", pair.ranks().cliffsDelta());
    values.put("mannWhitney", ranks);
    NormalizedComparison normalised = pair.normalised();
    if (normalised != null) {
      Map<String, Object> equal = new LinkedHashMap<>();
      equal.put("d", normalised.gap().d());
      equal.put("location", normalised.gap().location());
      equal.put("sign", normalised.gap().sign());
      equal.put("p", normalised.permutationP());
      equal.put("method", "permutation within bins");
      equal.put("bootstrapP", normalised.bootstrapP());
      equal.put("adjustedP", pair.normalisedAdjusted());
      equal.put("differ", comparison.isFinding(pair.normalisedAdjusted()));
      values.put("normalised", equal);
    }
    putTest(values, "withFailures", pair.withFailures(), pair.failuresAdjusted());
    putTest(values, "lastEpoch", pair.last(), Double.NaN);
    if (pair.needed().isPresent()) {
      values.put("modelsNeeded", pair.needed().getAsInt());
    }
    return values;
  }

  private void putTest(
      Map<String, Object> values,
      String key,
      KolmogorovSmirnov.@Nullable Result result,
      double adjusted) {
    if (result != null) {
      values.put(key, test(result, adjusted));
    }
  }

  private Map<String, Object> test(KolmogorovSmirnov.Result result, double adjusted) {
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("d", result.d());
    values.put("p", result.p());
    values.put("method", result.method().label());
    values.put("pGivenTies", result.pGivenTies());
    values.put("methodGivenTies", result.methodGivenTies().label());
    values.put("ties", result.ties());
    values.put("location", result.location());
    values.put("sign", result.sign());
    if (!Double.isNaN(adjusted)) {
      values.put("adjustedP", adjusted);
      values.put("differ", comparison.isFinding(adjusted));
    }
    return values;
  }
}
