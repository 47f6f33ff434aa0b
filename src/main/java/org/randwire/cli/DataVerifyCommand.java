// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.randwire.data.imagefolder.Verification;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code randwire data verify}: finds the bad files of a folder of pictures before a long run. */
@Command(
    name = "verify",
    mixinStandardHelpOptions = true,
    description = {
      "Read and decode every picture of a data set, and list those that are bad.",
      "The exit status is 0 if there is none, 3 otherwise."
    })
final class DataVerifyCommand implements Callable<Integer> {

  @Parameters(
      paramLabel = "PATH",
      description = "Folder with train and val, one of the two, or a .tar shard.")
  @SuppressWarnings("NullAway.Init") // set by picocli
  private Path path;

  @Option(
      names = "--threads",
      paramLabel = "N",
      defaultValue = "0",
      description = "Threads that decode; all cores if not given.")
  private int threads;

  @Mixin private final ResultOutput output = new ResultOutput();

  @Override
  public Integer call() {
    if (threads < 0) {
      throw new CliException(ExitStatus.USAGE, "--threads must be at least 1, got " + threads);
    }
    int used = threads == 0 ? Runtime.getRuntime().availableProcessors() : threads;
    long started = System.nanoTime();
    List<Map<String, Object>> bad = new ArrayList<>();
    Verification found;
    try (StatusLine line = StatusLine.onStandardError()) {
      found = Verification.of(path, used, new Findings(bad, line));
    }
    double seconds = (System.nanoTime() - started) / 1e9;
    Map<String, Object> result = new LinkedHashMap<>();
    result.put("path", path.toString());
    result.put("images", found.images());
    result.put("classes", found.classes());
    result.put("unreadable", found.unreadable());
    result.put("damaged", found.damaged());
    result.put("imagesPerSecond", found.images() / seconds);
    result.put("bad", bad);
    output.print(result, out -> report(out, found, bad, seconds));
    return (bad.isEmpty() ? ExitStatus.DONE : ExitStatus.DATA).code();
  }

  private void report(
      PrintWriter out, Verification found, List<Map<String, Object>> bad, double seconds) {
    for (Map<String, Object> file : bad) {
      boolean unreadable = (Boolean) file.getOrDefault("unreadable", true);
      out.println(file.get("file") + ": " + (unreadable ? "" : "damaged: ") + file.get("reason"));
    }
    out.printf(
        Locale.ROOT,
        "%s: %,d pictures of %,d classes, %,d unreadable, %,d damaged; %.0f pictures/s%n",
        path,
        found.images(),
        found.classes(),
        found.unreadable(),
        found.damaged(),
        found.images() / seconds);
  }

  /** Collects what is bad and shows how far it is. */
  private static final class Findings implements Verification.Listener {
    private final List<Map<String, Object>> bad;
    private final StatusLine line;
    private final long started = System.nanoTime();

    Findings(List<Map<String, Object>> bad, StatusLine line) {
      this.bad = bad;
      this.line = line;
    }

    @Override
    public void found(String place, String reason, boolean unreadable) {
      Map<String, Object> file = new LinkedHashMap<>();
      file.put("file", place);
      file.put("reason", reason);
      file.put("unreadable", unreadable);
      bad.add(file);
    }

    @Override
    public void progress(int done, int of) {
      double left = (System.nanoTime() - started) / 1e9 / done * (of - done);
      line.show(
          false,
          () ->
              String.format(
                  Locale.ROOT, "%,d of %,d, %,d bad, %.0f s left", done, of, bad.size(), left));
    }
  }
}
