// SPDX-License-Identifier: Apache-2.0
package org.randwire.report;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.randwire.population.RunRecord;
import org.randwire.report.Comparison.Member;
import org.randwire.report.Comparison.Pair;
import org.randwire.statistics.NormalizedComparison;

/** Numbers and findings in words, the same on a terminal and on the page. */
public final class ComparisonText {

  /** Column in which a sweep says what changed its errors. */
  private static final String MARKS = "marks";

  /** More pairs than this are left to the table. */
  private static final int MOST_SENTENCES = 6;

  private ComparisonText() {}

  /** A text with numbers in it, written the same in every country. */
  static String text(String format, Object... values) {
    return String.format(Locale.ROOT, format, values);
  }

  /** A fraction in percent, two decimals. */
  public static String percent(double fraction) {
    return String.format(Locale.ROOT, "%.2f", 100 * fraction);
  }

  /** A p-value: three decimals, or the power of ten it is; no p-value is 0, however small. */
  public static String pValue(double p) {
    if (Double.isNaN(p)) {
      return "-";
    }
    if (p < 1e-300) {
      return "<1e-300";
    }
    return String.format(Locale.ROOT, p >= 0.001 ? "%.3f" : "%.1e", p);
  }

  /** A statistic between 0 and 1, three decimals. */
  public static String statistic(double value) {
    return String.format(Locale.ROOT, "%.3f", value);
  }

  /** What was found, in as many sentences as there are pairs, or a summary of many. */
  public static List<String> findings(Comparison comparison) {
    List<String> sentences = new ArrayList<>();
    if (comparison.pairs().size() <= MOST_SENTENCES) {
      comparison.pairs().forEach(pair -> sentences.add(finding(comparison, pair)));
    } else {
      sentences.add(summary(comparison));
    }
    comparison.range().ifPresent(range -> sentences.add(normalised(comparison, range)));
    changedByFailures(comparison, sentences);
    changedByRecipe(comparison, sentences);
    return sentences;
  }

  private static String name(Comparison comparison, int member) {
    return comparison.members().get(member).name();
  }

  /** One pair: who is ahead, by how much, how sure. */
  static String finding(Comparison comparison, Pair pair) {
    String a = name(comparison, pair.a());
    String b = name(comparison, pair.b());
    String numbers =
        "D = %s at %s %% error, p = %s (%s)"
            .formatted(
                statistic(pair.test().d()),
                percent(pair.test().location()),
                pValue(pair.test().pGivenTies()),
                pair.test().methodGivenTies().label());
    if (comparison.pairs().size() > 1) {
      numbers +=
          ", %s for %d pairs"
              .formatted(
                  comparison.settings().correction().label() + " " + pValue(pair.adjusted()),
                  comparison.pairs().size());
    }
    if (!comparison.isFinding(pair.adjusted())) {
      return "%s and %s: no evidence of a difference; %s.%s".formatted(a, b, numbers, needed(pair));
    }
    double delta = pair.ranks().cliffsDelta();
    if (delta == 0) {
      return "%s and %s differ, but neither is ahead on the whole; %s.".formatted(a, b, numbers);
    }
    String better = delta < 0 ? a : b;
    String worse = delta < 0 ? b : a;
    double chance = (1 + Math.abs(delta)) / 2;
    return text(
        "%s has lower errors than %s: a model of it beats one of the other in %.0f %% of pairs; %s.",
        better, worse, 100 * chance, numbers);
  }

  private static String needed(Pair pair) {
    return pair.needed().isPresent()
        ? text(
            " A gap of this size is seen with %.0f %% power by %,d models of each.",
            100 * Comparison.POWER, pair.needed().getAsInt())
        : "";
  }

  private static String summary(Comparison comparison) {
    List<Pair> pairs = comparison.pairs();
    long findings = pairs.stream().filter(p -> comparison.isFinding(p.adjusted())).count();
    List<Member> order =
        comparison.members().stream()
            .sorted(
                (x, y) ->
                    Double.compare(x.sample().edf().quantile(0.5), y.sample().edf().quantile(0.5)))
            .toList();
    Member best = order.get(0);
    Member worst = order.get(order.size() - 1);
    return text(
        "%d of %d pairs differ at %s %% (%s). Lowest median error: %s, %s %%; highest: %s, %s %%.%s",
        findings,
        pairs.size(),
        Ticks.compact(100 * comparison.settings().alpha()),
        comparison.settings().correction().label(),
        best.name(),
        percent(best.sample().edf().quantile(0.5)),
        worst.name(),
        percent(worst.sample().edf().quantile(0.5)),
        alike(comparison, comparison.members().indexOf(best)));
  }

  /** The populations that cannot be told from one. */
  private static String alike(Comparison comparison, int one) {
    List<String> names = new ArrayList<>();
    for (Pair pair : comparison.pairs()) {
      if ((pair.a() == one || pair.b() == one) && !comparison.isFinding(pair.adjusted())) {
        names.add(name(comparison, pair.a() == one ? pair.b() : pair.a()));
      }
    }
    String best = name(comparison, one);
    return names.isEmpty()
        ? " " + best + " differs from all others."
        : " Not told apart from " + best + ": " + String.join(", ", names) + ".";
  }

  private static String normalised(Comparison comparison, Range range) {
    List<Pair> pairs = comparison.pairs();
    String where =
        "At equal %s (%s to %s, %d bins)"
            .formatted(
                range.measure().label(),
                Ticks.compact(round(range.low())),
                Ticks.compact(round(range.high())),
                range.bins());
    if (pairs.size() > MOST_SENTENCES) {
      long findings =
          pairs.stream().filter(p -> comparison.isFinding(p.normalisedAdjusted())).count();
      return "%s %d of %d pairs differ.".formatted(where, findings, pairs.size());
    }
    List<String> parts = new ArrayList<>();
    for (Pair pair : pairs) {
      NormalizedComparison normalised = pair.normalised();
      if (normalised == null) {
        continue;
      }
      String ahead = name(comparison, normalised.gap().sign() > 0 ? pair.a() : pair.b());
      String names = name(comparison, pair.a()) + " and " + name(comparison, pair.b());
      parts.add(
          comparison.isFinding(pair.normalisedAdjusted())
              ? text(
                  "%s differ, %s ahead where they differ most (D = %s at %s %%, p = %s)",
                  names,
                  ahead,
                  statistic(normalised.gap().d()),
                  percent(normalised.gap().location()),
                  pValue(pair.normalisedAdjusted()))
              : "%s show no difference (D = %s, p = %s)"
                  .formatted(
                      names, statistic(normalised.gap().d()), pValue(pair.normalisedAdjusted())));
    }
    return where + ": " + String.join("; ", parts) + ".";
  }

  private static double round(double value) {
    return Double.parseDouble(String.format(Locale.ROOT, "%.4g", value));
  }

  private static void changedByFailures(Comparison comparison, List<String> sentences) {
    int failed =
        comparison.members().stream()
            .mapToInt(m -> m.population().runs().size() - m.sample().size())
            .sum();
    if (failed == 0) {
      return;
    }
    List<String> changed = new ArrayList<>();
    for (Pair pair : comparison.pairs()) {
      boolean without = comparison.isFinding(pair.adjusted());
      boolean with = pair.withFailures() != null && comparison.isFinding(pair.failuresAdjusted());
      if (pair.withFailures() != null && with != without) {
        changed.add(
            name(comparison, pair.a())
                + " and "
                + name(comparison, pair.b())
                + (with ? " differ only with them" : " differ only without them"));
      }
    }
    sentences.add(
        text(
            "%d failed %s left out above. Counted as error 100 %%, %s.",
            failed,
            failed == 1 ? "run is" : "runs are",
            changed.isEmpty() ? "every verdict stays as it is" : String.join("; ", changed)));
  }

  /** What a sweep marked as making its errors others than those of the full recipe. */
  private static void changedByRecipe(Comparison comparison, List<String> sentences) {
    Map<String, List<String>> marks = new LinkedHashMap<>();
    for (Member member : comparison.members()) {
      Map<String, Integer> own = new LinkedHashMap<>();
      for (RunRecord run : member.population().runs()) {
        for (String mark : run.cells().get(MARKS).orElse("").split("; ")) {
          if (!mark.isEmpty()) {
            own.merge(mark.replaceFirst("^stopped after .*", "stopped early"), 1, Integer::sum);
          }
        }
      }
      int all = member.population().runs().size();
      own.forEach(
          (mark, runs) ->
              marks
                  .computeIfAbsent(mark, m -> new ArrayList<>())
                  .add(member.name() + " " + runs + " of " + all));
    }
    if (!marks.isEmpty()) {
      sentences.add(
          "These errors are not those of the full recipe: "
              + marks.entrySet().stream()
                  .map(e -> e.getKey() + " (" + String.join(", ", e.getValue()) + ")")
                  .collect(Collectors.joining("; "))
              + ".");
    }
  }
}
