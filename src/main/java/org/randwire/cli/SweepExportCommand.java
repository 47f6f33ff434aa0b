// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.randwire.population.SweepFolder;
import org.randwire.population.SweepTable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code randwire sweep export}: the finished runs in a file for others. */
@Command(
    name = "export",
    mixinStandardHelpOptions = true,
    description = {
      "Write the finished runs of a sweep: the table, or the JSON of the design spaces",
      "paper's released data. The journals under store/ are JSON lines as they are."
    })
final class SweepExportCommand implements Callable<Integer> {

  @Parameters(paramLabel = "FOLDER|SWEEP.yaml", description = "Folder of the sweep, or its file.")
  @SuppressWarnings("NullAway.Init") // set by picocli
  private Path path;

  @Option(
      names = "--nds",
      paramLabel = "FILE",
      description = "Write a list of jobs, or of several spaces an object of lists.")
  private @Nullable Path nds;

  @Mixin private final ResultOutput output = new ResultOutput();

  @Override
  public Integer call() throws IOException {
    SweepFolder folder = SweepCommand.folder(path);
    if (nds == null) {
      SweepTable.write(folder);
      output.note("table written to " + folder.table());
    } else {
      Files.writeString(nds, SweepTable.nds(folder) + "\n");
      output.note("jobs written to " + nds);
    }
    return ExitStatus.DONE.code();
  }
}
