// SPDX-License-Identifier: Apache-2.0
package org.randwire.report;

import static org.randwire.report.ComparisonText.pValue;
import static org.randwire.report.ComparisonText.percent;
import static org.randwire.report.ComparisonText.statistic;
import static org.randwire.report.ComparisonText.text;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import org.randwire.graph.Dag;
import org.randwire.population.Complexity;
import org.randwire.population.ErrorUnit;
import org.randwire.population.Population;
import org.randwire.population.RunRecord;
import org.randwire.report.Comparison.Member;
import org.randwire.report.Comparison.Pair;
import org.randwire.report.Page.Cell;
import org.randwire.statistics.Edf;
import org.randwire.statistics.NormalizedComparison;
import org.randwire.statistics.Quantiles;

/** The comparison as one page a person likes to read, every number with where it comes from. */
public final class ComparisonPage {

  /** Best and worst models shown of each population. */
  private static final int EXTREMES = 3;

  /** The area under a distribution function is taken up to this error. */
  static final double AREA_UP_TO = 0.2;

  private final Comparison comparison;
  private final List<Chart> charts;
  private final List<Wiring.Extreme> wirings;

  private ComparisonPage(Comparison comparison, List<Chart> charts, List<Wiring.Extreme> wirings) {
    this.comparison = comparison;
    this.charts = charts;
    this.wirings = wirings;
  }

  /**
   * The page.
   *
   * @param charts made of the same comparison
   * @param wirings of models of the same comparison, in the order they are shown; may be empty
   * @param command what repeats it, as typed
   */
  public static String html(
      Comparison comparison, List<Chart> charts, List<Wiring.Extreme> wirings, String command) {
    return new ComparisonPage(comparison, charts, wirings).page(command);
  }

  private String page(String command) {
    List<Member> members = comparison.members();
    String names = members.stream().map(Member::name).collect(Collectors.joining(", "));
    int models = members.stream().mapToInt(m -> m.population().runs().size()).sum();
    Page page =
        new Page(
            "Comparison of " + names,
            text(
                "%,d models in %d populations; errors in percent; made by RandWire",
                models, members.size()));
    page.findings(ComparisonText.findings(comparison));
    page.heading("Populations");
    populations(page);
    page.heading("Charts").charts(charts);
    page.heading("Pairs");
    pairs(page);
    new PropertyTable(comparison).addTo(page);
    page.heading("Best and worst models");
    extremes(page);
    if (!wirings.isEmpty()) {
      page.paragraph(
              "How the best and the worst randomly wired model of each population are wired: the largest stage, or the first of the largest.")
          .wirings(wirings.stream().map(this::wiring).toList());
    }
    page.heading("How to read this");
    page.list(notes());
    page.heading("How it was made");
    Set<String> sources =
        members.stream()
            .map(m -> m.population().source() + ", errors in " + unit(m.population()))
            .collect(Collectors.toCollection(LinkedHashSet::new));
    return page.list(List.copyOf(sources)).code(command).html();
  }

  private static String unit(Population population) {
    return population.unit() == ErrorUnit.PERCENT ? "percent" : "fractions";
  }

  // Populations

  private void populations(Page page) {
    List<Cell> header = new ArrayList<>();
    header.add(Cell.text("population"));
    for (String column :
        List.of("models", "failed", "least", "5 %", "median", "median, band", "mean", "area")) {
      header.add(Cell.number(column));
    }
    List<Complexity> measures = measures();
    measures.forEach(m -> header.add(Cell.number("median " + m.label())));
    boolean last = comparison.members().stream().anyMatch(m -> m.last() != null);
    if (last) {
      header.add(Cell.number("median, last epoch"));
    }
    List<List<Cell>> rows = new ArrayList<>();
    for (int i = 0; i < comparison.members().size(); i++) {
      rows.add(population(comparison.members().get(i), i, measures, last));
    }
    page.table(
        text(
            "Errors in percent. Area: under the distribution function up to %.0f %% error, larger is better. Band: %.0f %% of bootstrap draws.",
            100 * AREA_UP_TO, 100 * comparison.settings().confidence()),
        header,
        rows);
    failures(page);
  }

  private List<Complexity> measures() {
    List<Complexity> measures = new ArrayList<>();
    for (Complexity measure : Complexity.values()) {
      if (comparison.members().stream().allMatch(m -> m.population().has(measure))) {
        measures.add(measure);
      }
    }
    return measures;
  }

  private static List<Cell> population(
      Member member, int colour, List<Complexity> measures, boolean last) {
    Population population = member.population();
    Edf edf = member.sample().edf();
    List<Cell> cells = new ArrayList<>();
    cells.add(Cell.named(member.name(), colour));
    cells.add(Cell.number(text("%,d", member.sample().size())));
    cells.add(Cell.number(text("%,d", population.runs().size() - member.sample().size())));
    cells.add(Cell.number(percent(member.sample().min())));
    cells.add(Cell.number(percent(edf.quantile(0.05))));
    cells.add(Cell.number(percent(edf.quantile(0.5))));
    cells.add(
        Cell.number(
            percent(member.bands().quantiles().low()[0])
                + " to "
                + percent(member.bands().quantiles().high()[0])));
    cells.add(Cell.number(percent(member.sample().mean())));
    cells.add(Cell.number(statistic(edf.areaUpTo(AREA_UP_TO))));
    for (Complexity measure : measures) {
      double median = Quantiles.of(population.complexities(measure)).median();
      cells.add(Cell.number(Ticks.significant(median)));
    }
    if (last) {
      cells.add(
          Cell.number(member.last() == null ? "-" : percent(member.last().edf().quantile(0.5))));
    }
    return cells;
  }

  private void failures(Page page) {
    List<String> lines = new ArrayList<>();
    for (Member member : comparison.members()) {
      List<String> causes = new ArrayList<>();
      member.population().failures().forEach((cause, count) -> causes.add(count + " " + cause));
      if (!causes.isEmpty()) {
        lines.add(member.name() + ": " + String.join(", ", causes));
      }
    }
    if (!lines.isEmpty()) {
      page.paragraph("Runs that failed, by cause:").list(lines);
    }
  }

  // Pairs

  private void pairs(Page page) {
    boolean normalised = comparison.range().isPresent();
    boolean failures = comparison.pairs().stream().anyMatch(p -> p.withFailures() != null);
    boolean last = comparison.pairs().stream().anyMatch(p -> p.last() != null);
    List<Cell> header = new ArrayList<>();
    header.add(Cell.text("first"));
    header.add(Cell.text("second"));
    header.add(Cell.text("differ"));
    for (String column : List.of("D", "at error", "p, continuous", "p, given ties", "corrected")) {
      header.add(Cell.number(column));
    }
    header.add(Cell.number("first better in"));
    header.add(Cell.number("Mann-Whitney p"));
    if (normalised) {
      header.add(Cell.number("D, equal size"));
      header.add(Cell.number("corrected p"));
    }
    if (failures) {
      header.add(Cell.number("D, with failures"));
      header.add(Cell.number("corrected p"));
    }
    if (last) {
      header.add(Cell.number("D, last epoch"));
    }
    header.add(Cell.number("models needed"));
    List<List<Cell>> rows =
        comparison.pairs().stream()
            .sorted(Comparator.comparingDouble(Pair::adjusted))
            .map(pair -> pair(pair, normalised, failures, last))
            .toList();
    page.table(
        text(
            "Two-sample Kolmogorov-Smirnov tests, corrected after %s over %d %s at %s %%. Models needed: of each population, to see a gap this large with 80 %% power.",
            comparison.settings().correction().label(),
            rows.size(),
            rows.size() == 1 ? "pair" : "pairs",
            Ticks.compact(100 * comparison.settings().alpha())),
        header,
        rows);
  }

  private List<Cell> pair(Pair pair, boolean normalised, boolean failures, boolean last) {
    List<Cell> cells = new ArrayList<>();
    cells.add(Cell.named(comparison.members().get(pair.a()).name(), pair.a()));
    cells.add(Cell.named(comparison.members().get(pair.b()).name(), pair.b()));
    cells.add(verdict(pair.adjusted()));
    cells.add(Cell.number(statistic(pair.test().d())));
    cells.add(Cell.number(percent(pair.test().location())));
    cells.add(Cell.number(pValue(pair.test().p())));
    cells.add(Cell.number(pValue(pair.test().pGivenTies())));
    cells.add(Cell.number(pValue(pair.adjusted())));
    cells.add(
        Cell.number(
            String.format(Locale.ROOT, "%.0f %%", 100 * pair.ranks().chanceFirstIsBetter())));
    cells.add(Cell.number(pValue(pair.ranks().p())));
    if (normalised) {
      NormalizedComparison equal = pair.normalised();
      cells.add(Cell.number(equal == null ? "-" : statistic(equal.gap().d())));
      cells.add(Cell.number(pValue(pair.normalisedAdjusted())));
    }
    if (failures) {
      cells.add(
          Cell.number(pair.withFailures() == null ? "-" : statistic(pair.withFailures().d())));
      cells.add(Cell.number(pValue(pair.failuresAdjusted())));
    }
    if (last) {
      cells.add(Cell.number(pair.last() == null ? "-" : statistic(pair.last().d())));
    }
    cells.add(Cell.number(pair.needed().isPresent() ? text("%,d", pair.needed().getAsInt()) : "-"));
    return cells;
  }

  private Cell verdict(double adjusted) {
    return comparison.isFinding(adjusted) ? new Cell("yes", "text yes", -1) : Cell.text("no");
  }

  // Extremes

  private void extremes(Page page) {
    List<List<Cell>> rows = new ArrayList<>();
    for (int i = 0; i < comparison.members().size(); i++) {
      Population population = comparison.members().get(i).population();
      List<RunRecord> order =
          population.finished().stream()
              .sorted(Comparator.comparingDouble(RunRecord::error))
              .toList();
      int shown = Math.min(EXTREMES, order.size() / 2 == 0 ? 1 : order.size() / 2);
      for (RunRecord run : order.subList(0, shown)) {
        rows.add(extreme(population, i, "best", run));
      }
      for (RunRecord run : order.subList(order.size() - shown, order.size())) {
        rows.add(extreme(population, i, "worst", run));
      }
    }
    page.table(
        "Where each was read: the line of the file, or the rank of the job.",
        List.of(
            Cell.text("population"),
            Cell.text(""),
            Cell.number("error, %"),
            Cell.text("model"),
            Cell.text("place")),
        rows);
  }

  private static List<Cell> extreme(
      Population population, int colour, String which, RunRecord run) {
    return List.of(
        Cell.named(population.name(), colour),
        Cell.text(which),
        Cell.number(percent(run.error())),
        Cell.text(run.name()),
        Cell.text(population.place(run)));
  }

  private Page.Figure wiring(Wiring.Extreme extreme) {
    Population population = comparison.members().get(extreme.member()).population();
    Wiring wiring = extreme.wiring();
    int stage = wiring.largest();
    Dag graph = wiring.stages().get(stage);
    String caption =
        text(
            "%s of %s: %s, error %s %%%s; stage %d of %d: %s, %d nodes, %d edges; %s",
            extreme.rank().label(),
            population.name(),
            extreme.run().name(),
            percent(extreme.run().error()),
            population
                .complexity(Complexity.PARAMS, extreme.run())
                .map(params -> ", " + grouped(params) + " " + Complexity.PARAMS.label())
                .orElse(""),
            stage + 1,
            wiring.stages().size(),
            wiring.origin(),
            graph.nodes(),
            graph.edgeCount(),
            population.place(extreme.run()));
    try {
      String svg = WiringPlot.element(List.of(new WiringPlot.Stage("", graph)));
      return new Page.Figure(svg, caption, extreme.member());
    } catch (IllegalArgumentException e) {
      return new Page.Figure("", caption + "; " + e.getMessage(), extreme.member());
    }
  }

  /** A whole number with its thousands apart; anything else as it is. */
  private static String grouped(String number) {
    return number.matches("[0-9]{1,18}") ? text("%,d", Long.parseLong(number)) : number;
  }

  private List<String> notes() {
    List<String> notes = new ArrayList<>();
    notes.add(
        "D is the largest distance between two distribution functions; it is 0 where they agree and 1 where every model of one is better than every model of the other.");
    notes.add(
        "p, continuous: the exact law for values without ties (equal to SciPy's). p, given ties: the exact law with the ties there are; verdicts rest on it.");
    notes.add(
        "A lower best error says little: of two sets from one population the larger has the lower one nearly always. Compare distributions, or the best of equally many draws.");
    notes.add(
        "Populations of different size must be compared at equal complexity: larger networks are better whatever space they are from.");
    notes.add(
        comparison.members().stream().anyMatch(m -> m.last() != null)
            ? "Errors are the least over all epochs of the test error, which is too good by selection; the columns with the last epoch show how much that matters."
            : "If errors are the least over all epochs of the test error, they are too good by selection; the files have no column of last epochs to tell.");
    return notes;
  }
}
