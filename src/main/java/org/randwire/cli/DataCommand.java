// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli;

import java.io.PrintStream;
import java.net.URI;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.randwire.cli.config.NearestName;
import org.randwire.data.DatasetDownload;
import org.randwire.data.DatasetDownload.RemoteFile;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code randwire data}: fetches a public data set. */
@Command(
    name = "data",
    mixinStandardHelpOptions = true,
    description = {
      "Fetch a public data set: mnist or cifar10.",
      "Every file is checked by its SHA-256; one that is there already is kept."
    })
final class DataCommand implements Callable<Integer> {

  @Parameters(paramLabel = "NAME", description = "Name of the data set.")
  @SuppressWarnings("NullAway.Init") // set by picocli
  private String name;

  @Option(
      names = "--to",
      required = true,
      paramLabel = "DIR",
      description = "Folder for the files, made if need be.")
  @SuppressWarnings("NullAway.Init") // set by picocli
  private Path folder;

  @Option(
      names = "--from",
      paramLabel = "URL",
      description = "Folder on the web that holds the files, in place of the usual ones.")
  private @Nullable URI mirror;

  @Mixin private final ResultOutput output = new ResultOutput();

  @Override
  public Integer call() {
    DatasetDownload download = from(mirror, named(name));
    try (Bar bar = new Bar(System.err, Terminal.ofStandardError().interactive())) {
      download.to(folder, bar::show);
    }
    output.note(name + " is complete; use it by data.name=" + name + " data.path=" + folder);
    return ExitStatus.DONE.code();
  }

  private static DatasetDownload named(String name) {
    if (DatasetDownload.names().contains(name)) {
      return DatasetDownload.of(name);
    }
    String hint =
        NearestName.of(name, DatasetDownload.names())
            .map(near -> "did you mean '" + near + "'?")
            .orElse("there are " + String.join(", ", DatasetDownload.names()));
    throw new CliException(ExitStatus.USAGE, "unknown data set '" + name + "'; " + hint);
  }

  private static DatasetDownload from(@Nullable URI mirror, DatasetDownload download) {
    if (mirror == null) {
      return download;
    }
    if (!"http".equals(mirror.getScheme()) && !"https".equals(mirror.getScheme())) {
      throw new CliException(
          ExitStatus.USAGE, "--from: expected http://.. or https://.., found " + mirror);
    }
    return download.from(mirror.getPath().endsWith("/") ? mirror : URI.create(mirror + "/"));
  }

  /** How much of the current file is here, redrawn in place; nothing where that cannot be done. */
  private static final class Bar implements AutoCloseable {
    private static final long REDRAW_NANOS = 100_000_000;

    private final PrintStream out;
    private final boolean interactive;
    private long drawnAt;
    private int drawnWidth;

    Bar(PrintStream out, boolean interactive) {
      this.out = out;
      this.interactive = interactive;
    }

    void show(RemoteFile file, long doneBytes) {
      long now = System.nanoTime();
      boolean whole = doneBytes == file.sizeBytes();
      if (interactive && (whole || now - drawnAt >= REDRAW_NANOS)) {
        String line =
            String.format(
                Locale.ROOT,
                "%s  %.1f of %.1f MB",
                file.name(),
                doneBytes / 1e6,
                file.sizeBytes() / 1e6);
        out.print("\r" + line + " ".repeat(Math.max(0, drawnWidth - line.length())));
        out.flush();
        drawnAt = now;
        drawnWidth = line.length();
      }
    }

    @Override
    public void close() {
      if (drawnWidth > 0) {
        out.print("\r" + " ".repeat(drawnWidth) + "\r");
        out.flush();
      }
    }
  }
}
