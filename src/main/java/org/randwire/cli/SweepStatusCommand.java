// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.randwire.population.SweepFolder;
import org.randwire.population.SweepStatus;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code randwire sweep status}: where a sweep stands. */
@Command(
    name = "status",
    mixinStandardHelpOptions = true,
    description = "Say where a sweep stands, whoever runs it.")
final class SweepStatusCommand implements Callable<Integer> {

  @Parameters(paramLabel = "FOLDER|SWEEP.yaml", description = "Folder of the sweep, or its file.")
  @SuppressWarnings("NullAway.Init") // set by picocli
  private Path path;

  @Mixin private final ResultOutput output = new ResultOutput();

  @Override
  public Integer call() throws IOException {
    SweepFolder folder = SweepCommand.folder(path);
    SweepStatus status = SweepStatus.read(folder, SweepCommand.budget(folder));
    String name = folder.path().toAbsolutePath().normalize().getFileName().toString();
    status.damages().forEach(damage -> output.note(damage.toString()));
    output.print(
        SweepCommand.json(status, name),
        out -> {
          out.println(SweepView.head(name, status));
          for (SweepStatus.Running run : status.running()) {
            out.printf(
                Locale.ROOT,
                "  %s:%d  process %d on %s, epoch %d/%d, step %d%s%n",
                folder.population(),
                run.member() + 1,
                run.pid(),
                run.host(),
                run.epoch(),
                run.epochs(),
                run.step(),
                Double.isNaN(run.error())
                    ? ""
                    : String.format(Locale.ROOT, ", error %.1f %%", 100 * run.error()));
          }
          if (status.attempts() > 0) {
            out.println(status.attempts() + " attempts failed or were taken away, all repeated");
          }
        });
    return ExitStatus.DONE.code();
  }
}
