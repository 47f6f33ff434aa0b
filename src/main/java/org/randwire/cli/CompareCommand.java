// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli;

import static org.randwire.report.ComparisonText.pValue;
import static org.randwire.report.ComparisonText.percent;
import static org.randwire.report.ComparisonText.statistic;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.randwire.population.Complexity;
import org.randwire.population.Population;
import org.randwire.population.PopulationException;
import org.randwire.report.Chart;
import org.randwire.report.Comparison;
import org.randwire.report.Comparison.Member;
import org.randwire.report.Comparison.Pair;
import org.randwire.report.ComparisonCharts;
import org.randwire.report.ComparisonData;
import org.randwire.report.ComparisonPage;
import org.randwire.report.ComparisonSettings;
import org.randwire.report.ComparisonSettings.Normalisation;
import org.randwire.report.ComparisonText;
import org.randwire.report.Wiring;
import org.randwire.statistics.Correction;
import org.randwire.statistics.Edf;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code randwire compare}: populations of trained networks beside each other. */
@Command(
    name = "compare",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Compare populations of trained networks: distributions of errors, tests of",
      "all pairs, both at equal complexity, and random search.",
      "A file is CSV, TSV, JSON lines, or the JSON of the design spaces paper. It",
      "needs a column of errors, and params or flops where sizes differ. An empty",
      "error is a run that failed. Of lines that sample wrote for randwire, errors",
      "added, the page shows how the best and the worst model are wired."
    })
final class CompareCommand implements Callable<Integer> {

  private static final String AUTOMATIC = "auto";
  private static final String NONE = "none";
  private static final int FEWEST_DRAWS = 100;
  private static final int MOST_DRAWS = 1_000_000;
  private static final int MOST_BINS = 10_000;

  @SuppressWarnings("NullAway.Init") // set by picocli
  @Spec
  private CommandSpec spec;

  @Parameters(
      arity = "1..*",
      paramLabel = "FILE",
      description = "One population, or with --by several.")
  private List<Path> files = new ArrayList<>();

  @Mixin private final PopulationOptions reading = new PopulationOptions();

  @Option(
      names = {"--normalise", "--normalize"},
      paramLabel = "params|flops|none",
      description = {
        "Compare at equal complexity by this measure, besides as they are.",
        "Without it by the first that every file has, if its bins can be filled."
      })
  private String normalise = AUTOMATIC;

  @Option(
      names = "--bins",
      paramLabel = "N",
      description = "Bins of complexity (10); every one must hold a model of each population.")
  private int bins;

  @Option(
      names = "--range",
      paramLabel = "LOW:HIGH",
      description = {
        "Range of complexity, such as 0.02M:0.856M.",
        "Without it, what lies between the 0.025 and 0.95 quantiles of all."
      })
  private @Nullable String range;

  @Option(names = "--alpha", paramLabel = "A", description = "Level of the tests (0.05).")
  private double alpha = ComparisonSettings.USUAL.alpha();

  @Option(
      names = "--correction",
      paramLabel = "holm|bh",
      description = "Correction for the number of pairs: Holm or Benjamini-Hochberg (holm).")
  private Correction correction = ComparisonSettings.USUAL.correction();

  @Option(
      names = "--draws",
      paramLabel = "N",
      description = "Bootstrap draws and permutations (1000).")
  private int draws = ComparisonSettings.USUAL.draws();

  @Option(names = "--seed", paramLabel = "N", description = "Seed of everything drawn (1).")
  private long seed = ComparisonSettings.USUAL.seed();

  @Mixin private final ChartOutput charts = new ChartOutput();

  @Mixin private final ResultOutput output = new ResultOutput();

  @Override
  public Integer call() throws IOException {
    ComparisonSettings settings = settings();
    List<Population> populations = reading.read(files);
    if (populations.size() < 2) {
      throw new CliException(
          ExitStatus.USAGE,
          files.get(0) + ": one population alone; name a second file or split it with --by COLUMN");
    }
    Comparison comparison = compare(populations, settings);
    if (charts.isWanted()) {
      List<Chart> drawn = ComparisonCharts.of(comparison);
      // Before anything is written: a row may be refused.
      List<Wiring.Extreme> wirings =
          charts.isPageWanted() ? Wiring.extremes(comparison, new SampledWirings()) : List.of();
      charts.write(
          drawn, () -> ComparisonPage.html(comparison, drawn, wirings, commandLine()), output);
    }
    output.print(ComparisonData.values(comparison), out -> table(out, comparison));
    return ExitStatus.DONE.code();
  }

  private static Comparison compare(List<Population> populations, ComparisonSettings settings) {
    try {
      return Comparison.of(populations, settings);
    } catch (PopulationException e) {
      throw e.missingColumn() == null
          ? e
          : new CliException(ExitStatus.DATA, PopulationOptions.withNearest(e), e);
    }
  }

  // Options

  private ComparisonSettings settings() {
    require(alpha > 0 && alpha < 1, "--alpha: expected a number between 0 and 1, found " + alpha);
    require(
        draws >= FEWEST_DRAWS && draws <= MOST_DRAWS,
        "--draws: expected %d to %d, found %d".formatted(FEWEST_DRAWS, MOST_DRAWS, draws));
    boolean binsGiven = spec.commandLine().getParseResult().hasMatchedOption("--bins");
    require(
        !binsGiven || (bins >= 1 && bins <= MOST_BINS),
        "--bins: expected 1 to %d, found %d".formatted(MOST_BINS, bins));
    return new ComparisonSettings(
        normalisation(binsGiven),
        alpha,
        correction,
        draws,
        ComparisonSettings.USUAL.confidence(),
        seed);
  }

  private Normalisation normalisation(boolean binsGiven) {
    String name = normalise.toLowerCase(Locale.ROOT);
    boolean detailed = binsGiven || range != null;
    if (name.equals(AUTOMATIC) || name.equals(NONE)) {
      require(
          !detailed,
          "--bins and --range need --normalise params or flops, to say of which they are");
      return name.equals(NONE) ? Normalisation.NONE : Normalisation.AUTOMATIC;
    }
    for (Complexity measure : Complexity.values()) {
      if (measure.key().equals(name)) {
        double[] limits = limits();
        return Normalisation.by(measure, bins, limits[0], limits[1]);
      }
    }
    throw new CliException(
        ExitStatus.USAGE, "--normalise: expected params, flops or none, found '" + normalise + "'");
  }

  private double[] limits() {
    if (range == null) {
      return new double[] {Double.NaN, Double.NaN};
    }
    String[] ends = range.split(":", -1);
    double low = ends.length == 2 ? number(ends[0]) : Double.NaN;
    double high = ends.length == 2 ? number(ends[1]) : Double.NaN;
    require(low < high, "--range: expected LOW:HIGH such as 0.02M:0.856M, found '" + range + "'");
    return new double[] {low, high};
  }

  /** A number with k, M or G behind it; NaN if it is none. */
  static double number(String text) {
    String plain = text.strip();
    if (!plain.matches("[0-9.]+(e[-+]?[0-9]+)?[kMGB]?")) {
      return Double.NaN;
    }
    char last = plain.charAt(plain.length() - 1);
    double factor =
        switch (last) {
          case 'k' -> 1e3;
          case 'M' -> 1e6;
          case 'G', 'B' -> 1e9;
          default -> 1;
        };
    try {
      return factor
          * Double.parseDouble(factor == 1 ? plain : plain.substring(0, plain.length() - 1));
    } catch (NumberFormatException e) {
      return Double.NaN;
    }
  }

  private static void require(boolean holds, String message) {
    if (!holds) {
      throw new CliException(ExitStatus.USAGE, message);
    }
  }

  private String commandLine() {
    return "randwire " + String.join(" ", spec.commandLine().getParseResult().originalArgs());
  }

  // Text

  private static void table(PrintWriter out, Comparison comparison) {
    int width =
        Math.max(
            10, comparison.members().stream().mapToInt(m -> m.name().length()).max().orElse(0));
    out.printf(
        "%-" + width + "s%9s%8s%8s%8s%8s%17s%8s%n",
        "errors in %",
        "models",
        "failed",
        "least",
        "5 %",
        "median",
        "95 % of median",
        "mean");
    for (Member member : comparison.members()) {
      Edf edf = member.sample().edf();
      out.printf(
          Locale.ROOT,
          "%-" + width + "s%,9d%8d%8s%8s%8s%17s%8s%n",
          member.name(),
          member.sample().size(),
          member.population().runs().size() - member.sample().size(),
          percent(member.sample().min()),
          percent(edf.quantile(0.05)),
          percent(edf.quantile(0.5)),
          percent(member.bands().quantiles().low()[0])
              + " - "
              + percent(member.bands().quantiles().high()[0]),
          percent(member.sample().mean()));
    }
    pairs(out, comparison, width);
    out.println();
    ComparisonText.findings(comparison).forEach(out::println);
  }

  private static void pairs(PrintWriter out, Comparison comparison, int width) {
    boolean normalised = comparison.range().isPresent();
    String names = "%-" + width + "s  %-" + width + "s";
    out.printf(
        "%n" + names + "%7s%10s%10s%10s%9s%s%n",
        "first",
        "second",
        "D",
        "p",
        comparison.settings().correction() == Correction.HOLM ? "Holm p" : "BH p",
        "better in",
        "differ",
        normalised ? "%10s%10s".formatted("D, equal", "p") : "");
    comparison.pairs().stream()
        .sorted(Comparator.comparingDouble(Pair::adjusted))
        .forEach(
            pair ->
                out.printf(
                    Locale.ROOT,
                    names + "%7s%10s%10s%8.0f %%%9s%s%n",
                    comparison.members().get(pair.a()).name(),
                    comparison.members().get(pair.b()).name(),
                    statistic(pair.test().d()),
                    pValue(pair.test().pGivenTies()),
                    pValue(pair.adjusted()),
                    100 * pair.ranks().chanceFirstIsBetter(),
                    pair.adjusted() <= comparison.settings().alpha() ? "yes" : "no",
                    pair.normalised() == null
                        ? ""
                        : "%10s%10s"
                            .formatted(
                                statistic(pair.normalised().gap().d()),
                                pValue(pair.normalisedAdjusted()))));
  }
}
