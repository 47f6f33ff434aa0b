// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.randwire.compile.Profile;

/**
 * A profiled step in the JSON object format of Chrome's trace events, which chrome://tracing and
 * Perfetto open: one row per worker, one complete event per worker and kernel call.
 */
final class ChromeTrace {

  private ChromeTrace() {}

  /** Refuses a file that could not be written, before anybody has waited for its content. */
  static void requirePlace(Path file) {
    Path folder = file.toAbsolutePath().getParent();
    if (folder == null || !Files.isDirectory(folder)) {
      throw new CliException(ExitStatus.USAGE, "--trace: no such folder: " + folder);
    }
    if (Files.isDirectory(file)) {
      throw new CliException(ExitStatus.USAGE, "--trace: " + file + " is a folder");
    }
  }

  static void write(Path file, String title, List<Profile.Span> spans, int workers)
      throws IOException {
    try (PrintWriter out = new PrintWriter(Files.newBufferedWriter(file))) {
      out.println("{\"displayTimeUnit\": \"ns\", \"traceEvents\": [");
      out.print(RunFolder.toJsonLine(name("process_name", 0, title)));
      for (int worker = 0; worker < workers; worker++) {
        out.print(",\n" + RunFolder.toJsonLine(name("thread_name", worker, "worker " + worker)));
      }
      spans.stream()
          .sorted(Comparator.comparingLong(Profile.Span::startNanos))
          .forEach(span -> out.print(",\n" + RunFolder.toJsonLine(event(span))));
      out.println("\n]}");
      if (out.checkError()) {
        throw new CliException(ExitStatus.DATA, file + ": cannot be written");
      }
    }
  }

  /** A metadata event, which says what a row is called. */
  private static Map<String, Object> name(String kind, int worker, String name) {
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("ph", "M");
    values.put("name", kind);
    values.put("pid", 0);
    values.put("tid", worker);
    values.put("args", Map.of("name", name));
    return values;
  }

  private static Map<String, Object> event(Profile.Span span) {
    Map<String, Object> details = new LinkedHashMap<>();
    details.put("operation", span.operation());
    details.put("tasks", span.tasks());
    details.put("tasksOfCall", span.callTasks());
    details.put("bytes", span.bytes());
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("ph", "X");
    values.put("name", span.kernel() + " " + span.node());
    values.put("cat", span.kernel());
    values.put("pid", 0);
    values.put("tid", span.worker());
    values.put("ts", micros(span.startNanos()));
    values.put("dur", micros(span.endNanos() - span.startNanos()));
    values.put("args", details);
    return values;
  }

  private static double micros(long nanos) {
    return nanos / 1e3;
  }
}
