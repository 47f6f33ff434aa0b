// SPDX-License-Identifier: Apache-2.0
package org.randwire.report;

import static org.randwire.report.ComparisonText.percent;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.randwire.population.Population;
import org.randwire.population.SweepStatus;
import org.randwire.report.Page.Cell;
import org.randwire.statistics.Sample;

/** Where a sweep stands, as a page that renews itself. */
public final class SweepPage {

  /** Fewer errors make no distribution to look at. */
  private static final int FEWEST_ERRORS = 2;

  private SweepPage() {}

  /**
   * The page.
   *
   * @param head the state in one line
   * @param name gives the name of a member
   * @param populations what is finished so far, by space; those without an error are left out
   */
  public static String html(
      String title,
      String head,
      SweepStatus status,
      java.util.function.IntFunction<String> name,
      List<Population> populations,
      int refreshSeconds) {
    Page page = new Page(title, head).refreshing(refreshSeconds);
    page.heading("Running");
    if (status.running().isEmpty()) {
      page.paragraph("Nothing runs at the moment.");
    } else {
      running(page, status, name);
    }
    List<String> names = new ArrayList<>();
    List<Sample> samples = new ArrayList<>();
    for (Population population : populations) {
      double[] errors = population.errors();
      if (errors.length >= FEWEST_ERRORS) {
        names.add(population.name() + ", " + errors.length);
        samples.add(Sample.of(errors));
      }
    }
    if (!samples.isEmpty()) {
      page.heading("Errors so far");
      page.charts(
          List.of(
              ComparisonCharts.edfChart("edf", "Distribution of errors so far", names, samples)));
    }
    return page.html();
  }

  private static void running(
      Page page, SweepStatus status, java.util.function.IntFunction<String> name) {
    List<List<Cell>> rows = new ArrayList<>();
    for (SweepStatus.Running run : status.running()) {
      rows.add(
          List.of(
              Cell.text(name.apply(run.member())),
              Cell.number(run.epoch() + " of " + run.epochs()),
              Cell.number(String.format(Locale.ROOT, "%,d", run.step())),
              Cell.number(Double.isNaN(run.error()) ? "" : percent(run.error())),
              Cell.text(run.host() + ", process " + run.pid())));
    }
    page.table(
        "Error of the newest evaluation in percent.",
        List.of(
            Cell.text("network"),
            Cell.number("epochs"),
            Cell.number("steps"),
            Cell.number("error"),
            Cell.text("where")),
        rows);
  }
}
