// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli;

import java.net.URI;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.randwire.cli.config.NearestName;
import org.randwire.data.DatasetDownload;
import org.randwire.data.DatasetDownload.RemoteFile;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code randwire data}: fetches a public data set. */
@Command(
    name = "data",
    mixinStandardHelpOptions = true,
    subcommands = DataVerifyCommand.class,
    description = {
      "Fetch a public data set: mnist or cifar10.",
      "Every file is checked by its SHA-256; one that is there already is kept."
    })
final class DataCommand implements Callable<Integer> {

  // Neither is required by picocli, which would ask for them in front of a subcommand too.
  @Parameters(arity = "0..1", paramLabel = "NAME", description = "Name of the data set.")
  private @Nullable String name;

  @Option(
      names = "--to",
      paramLabel = "DIR",
      description = "Folder for the files, made if need be.")
  private @Nullable Path folder;

  @SuppressWarnings("NullAway.Init") // set by picocli
  @Spec
  private CommandSpec spec;

  @Option(
      names = "--from",
      paramLabel = "URL",
      description = "Folder on the web that holds the files, in place of the usual ones.")
  private @Nullable URI mirror;

  @Mixin private final ResultOutput output = new ResultOutput();

  @Override
  public Integer call() {
    String name = required(this.name, "parameter: 'NAME'");
    Path folder = required(this.folder, "option: '--to=DIR'");
    DatasetDownload download = from(mirror, named(name));
    try (StatusLine line = StatusLine.onStandardError()) {
      download.to(folder, (file, doneBytes) -> show(line, file, doneBytes));
    }
    Map<String, Object> result = new LinkedHashMap<>();
    result.put("name", name);
    result.put("path", folder.toString());
    result.put("files", download.files().stream().map(RemoteFile::name).toList());
    output.print(
        result,
        out ->
            out.printf(
                "%1$s is complete; use it by data.name=%1$s data.path=%2$s%n", name, folder));
    return ExitStatus.DONE.code();
  }

  private <T> T required(@Nullable T value, String what) {
    if (value == null) {
      throw new ParameterException(spec.commandLine(), "Missing required " + what);
    }
    return value;
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

  private static void show(StatusLine line, RemoteFile file, long doneBytes) {
    line.show(
        doneBytes == file.sizeBytes(),
        () ->
            String.format(
                Locale.ROOT,
                "%s  %.1f of %.1f MB",
                file.name(),
                doneBytes / 1e6,
                file.sizeBytes() / 1e6));
  }
}
