// SPDX-License-Identifier: Apache-2.0
package org.randwire.population;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * How a worker process ended, told from its exit status, what the Java runtime left behind, and the
 * kernel's counts of processes it killed for memory.
 */
record WorkerExit(Cause cause, String message) {

  /** Status of a worker whose keeper found a run hung; the attempt is recorded by then. */
  static final int HUNG = 75;

  private static final int SIGNALLED = 128;
  private static final int SIGABRT = 6;
  private static final int SIGKILL = 9;
  private static final Map<Integer, String> SIGNALS =
      Map.of(4, "SIGILL", 6, "SIGABRT", 7, "SIGBUS", 8, "SIGFPE", 9, "SIGKILL", 11, "SIGSEGV");

  private static final String HEAP_FULL = "Terminating due to java.lang.OutOfMemoryError";
  private static final String NO_NATIVE_MEMORY =
      "There is insufficient memory for the Java Runtime Environment to continue";

  /**
   * @param status 128 + n for signal n
   * @param output the end of what it printed
   * @param crashReport what the Java runtime wrote as it died; empty if nothing
   * @param killedForMemory whether the kernel killed a process for memory meanwhile
   */
  static WorkerExit of(int status, String output, String crashReport, boolean killedForMemory) {
    if (output.contains(HEAP_FULL)) {
      return new WorkerExit(
          Cause.HEAP, line(output, HEAP_FULL).replace("Terminating due to java.lang.", ""));
    }
    if (crashReport.contains(NO_NATIVE_MEMORY)
        || output.contains(NO_NATIVE_MEMORY)
        || output.contains("std::bad_alloc")) {
      return new WorkerExit(Cause.DEVICE_MEMORY, "native memory allocation failed");
    }
    int signal = status - SIGNALLED;
    if (signal == SIGKILL) {
      return killedForMemory
          ? new WorkerExit(Cause.MEMORY_KILL, "killed by the kernel to free memory")
          : new WorkerExit(Cause.KILLED, "killed by SIGKILL");
    }
    if (signal == SIGABRT && crashReport.isEmpty()) {
      return new WorkerExit(Cause.ABORT, "SIGABRT");
    }
    if (!crashReport.isEmpty()) {
      return new WorkerExit(Cause.SIGNAL, signalIn(crashReport));
    }
    return SIGNALS.containsKey(signal)
        ? new WorkerExit(Cause.SIGNAL, SIGNALS.get(signal))
        : new WorkerExit(Cause.EXIT, "the process ended with status " + status);
  }

  private static String signalIn(String crashReport) {
    return SIGNALS.values().stream()
        .filter(crashReport::contains)
        .findFirst()
        .map(signal -> signal + frame(crashReport))
        .orElse("the Java runtime crashed");
  }

  /** The native frame it happened in, without addresses, which differ from run to run. */
  private static String frame(String crashReport) {
    String problematic = "# Problematic frame:";
    int at = crashReport.indexOf(problematic);
    if (at < 0) {
      return "";
    }
    String frame =
        crashReport
            .substring(at + problematic.length())
            .lines()
            .filter(line -> line.startsWith("# ") && line.length() > 4)
            .findFirst()
            .orElse("");
    String library = frame.replaceFirst("^# *[A-Za-z] *", "").replaceFirst("[+ ].*", "");
    return library.isBlank() ? "" : " in " + library.replaceAll("[\\[\\]]", "");
  }

  private static String line(String text, String with) {
    return text.lines().filter(line -> line.contains(with)).findFirst().orElse(with);
  }

  /** How many processes the kernel has killed for memory: of the control group, or the machine. */
  static long memoryKills() {
    long kills = 0;
    for (Path file :
        List.of(
            Path.of("/sys/fs/cgroup/memory.events"),
            Path.of("/sys/fs/cgroup/memory/memory.oom_control"),
            Path.of("/proc/vmstat"))) {
      try (Stream<String> lines = Files.lines(file, StandardCharsets.US_ASCII)) {
        kills +=
            lines
                .filter(line -> line.matches("oom_kill \\d+"))
                .mapToLong(line -> Long.parseLong(line.substring("oom_kill ".length())))
                .sum();
      } catch (IOException | java.io.UncheckedIOException e) {
        // a counter that this machine does not have
      }
    }
    return kills;
  }
}
