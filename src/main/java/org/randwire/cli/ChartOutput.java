// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.randwire.report.Chart;
import org.randwire.report.ChartData;
import org.randwire.report.SvgChart;
import picocli.CommandLine.Option;

/** Where charts go: one page, or a file of each kind per chart. */
final class ChartOutput {

  @Option(
      names = "--html",
      paramLabel = "FILE",
      description = "Write tables and charts into one self-contained page.")
  private @Nullable Path html;

  @Option(
      names = "--charts",
      paramLabel = "DIR",
      description = "Write every chart as SVG, Vega-Lite JSON and CSV into this folder.")
  private @Nullable Path folder;

  boolean isWanted() {
    return html != null || folder != null;
  }

  boolean isPageWanted() {
    return html != null;
  }

  /** Writes what was asked for and says where it is. */
  void write(List<Chart> charts, Supplier<String> page, ResultOutput output) throws IOException {
    if (folder != null) {
      Files.createDirectories(folder);
      for (Chart chart : charts) {
        Files.writeString(folder.resolve(chart.id() + ".svg"), SvgChart.file(chart));
        Files.writeString(folder.resolve(chart.id() + ".vl.json"), ChartData.vegaLite(chart));
        Files.writeString(folder.resolve(chart.id() + ".csv"), ChartData.csv(chart));
      }
      output.note(charts.size() + " charts written into " + folder);
    }
    if (html != null) {
      Files.writeString(html, page.get());
      output.note("page written to " + html);
    }
  }
}
