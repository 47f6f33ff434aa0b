// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.randwire.cli.config.SweepConfig;
import org.randwire.population.LocalRunner;
import org.randwire.population.Population;
import org.randwire.population.PopulationException;
import org.randwire.population.PopulationFiles;
import org.randwire.population.ReadSettings;
import org.randwire.population.SweepFolder;
import org.randwire.report.Chart;
import org.randwire.report.Comparison;
import org.randwire.report.ComparisonCharts;
import org.randwire.report.ComparisonPage;
import org.randwire.report.ComparisonSettings;
import org.randwire.report.UnusablePopulationException;
import org.randwire.report.Wiring;

/** What is made of a sweep at its end. */
final class SweepReport {

  private SweepReport() {}

  /** Says where the table and the report are. */
  static void end(
      PrintWriter out, SweepFolder folder, SweepConfig config, LocalRunner.Ending ending)
      throws IOException {
    String report =
        config.spaces().size() < 2
            ? ""
            : write(folder).map(page -> "; report " + page).orElse("; no report: too few runs");
    String why = ending == LocalRunner.Ending.BUDGET ? "the budget is used up" : "finished";
    out.println(why + ": table " + folder.table() + report);
    out.flush();
  }

  /** The comparison of a sweep's spaces; empty if one has no finished run. */
  private static Optional<Path> write(SweepFolder folder) throws IOException {
    try {
      List<Population> populations =
          PopulationFiles.read(folder.path(), ReadSettings.AUTOMATIC).by("label");
      if (populations.size() < 2) {
        return Optional.empty();
      }
      Comparison comparison = Comparison.of(populations, ComparisonSettings.USUAL);
      List<Chart> charts = ComparisonCharts.of(comparison);
      String page =
          ComparisonPage.html(
              comparison,
              charts,
              Wiring.extremes(comparison, new SampledWirings()),
              "randwire compare " + folder.path() + " --html report.html");
      Files.createDirectories(folder.report());
      Path file = folder.report().resolve("index.html");
      Files.writeString(file, page);
      return Optional.of(file);
    } catch (PopulationException | UnusablePopulationException e) {
      return Optional.empty();
    }
  }
}
