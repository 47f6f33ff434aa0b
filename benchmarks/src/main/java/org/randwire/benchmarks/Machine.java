// SPDX-License-Identifier: Apache-2.0
package org.randwire.benchmarks;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;
import java.util.stream.Stream;

/**
 * Where and when something was measured.
 *
 * @param instructions the wide instruction sets of the processor that the engines can use
 * @param load the system's load average of the last minute before measuring: other programs' work
 */
record Machine(
    String processor,
    int cores,
    List<String> instructions,
    String commit,
    String date,
    double load) {

  private static final List<String> WIDE =
      List.of("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16");

  static Machine here() {
    List<String> flags = List.of(cpuInfo("flags").split(" "));
    return new Machine(
        cpuInfo("model name"),
        Runtime.getRuntime().availableProcessors(),
        WIDE.stream().filter(flags::contains).toList(),
        System.getProperty("randwire.commit", "unknown"),
        LocalDate.now(ZoneOffset.UTC).toString(),
        Double.parseDouble(read(Path.of("/proc/loadavg")).split(" ")[0]));
  }

  private static String cpuInfo(String key) {
    try (Stream<String> lines = read(Path.of("/proc/cpuinfo")).lines()) {
      return lines
          .filter(line -> line.startsWith(key))
          .map(line -> line.substring(line.indexOf(':') + 1).strip())
          .findFirst()
          .orElse("unknown");
    }
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The start of the names of result files: date and commit. */
  String fileName() {
    return date + "-" + commit;
  }

  @Override
  public String toString() {
    return "%s, %d cores, %s; commit %s; %s; load average before: %.2f"
        .formatted(processor, cores, String.join(" ", instructions), commit, date, load);
  }
}
