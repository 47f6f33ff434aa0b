// SPDX-License-Identifier: Apache-2.0
package org.randwire.population;

import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import tools.jackson.databind.JsonNode;

/**
 * A process, so that another one on the same machine can tell whether it still runs.
 *
 * @param host name of the machine, its boot and its space of process numbers
 * @param start when the process started, in the kernel's own ticks: process numbers come again
 */
record Owner(String host, long pid, long start) {

  private static final class This {
    static final Owner OWNER =
        new Owner(
            thisHost(), ProcessHandle.current().pid(), startOf(ProcessHandle.current().pid()));
  }

  /** This process. */
  static Owner current() {
    return This.OWNER;
  }

  /** A process on this machine. */
  static Owner of(long pid) {
    return new Owner(current().host, pid, startOf(pid));
  }

  static Owner of(JsonNode node) {
    return new Owner(
        node.path("host").asString(""), node.path("pid").asLong(), node.path("start").asLong());
  }

  /** Whether it certainly no longer runs; of another machine's process that is not known. */
  boolean isDead() {
    return host.equals(current().host) && startOf(pid) != start;
  }

  private static String thisHost() {
    return hostName() + " " + read("/proc/sys/kernel/random/boot_id") + " " + pidNamespace();
  }

  static String hostName() {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException e) {
      return "localhost";
    }
  }

  private static String pidNamespace() {
    try {
      return Files.readSymbolicLink(Path.of("/proc/self/ns/pid")).toString();
    } catch (IOException | UnsupportedOperationException e) {
      return "";
    }
  }

  /** Field 22 of /proc/PID/stat; -1 if there is no such process or it is only a zombie. */
  private static long startOf(long pid) {
    String stat = read("/proc/" + pid + "/stat");
    if (stat.isEmpty()) {
      return Files.isDirectory(Path.of("/proc/self"))
          ? -1
          : ProcessHandle.of(pid)
              .flatMap(process -> process.info().startInstant())
              .map(java.time.Instant::toEpochMilli)
              .orElse(-1L);
    }
    // The name in brackets may hold spaces and brackets.
    String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
    return fields[0].equals("Z") || fields[0].equals("X") ? -1 : Long.parseLong(fields[19]);
  }

  private static String read(String file) {
    try {
      return Files.readString(Path.of(file)).strip();
    } catch (IOException e) {
      return "";
    }
  }
}
